from domain.accounts.passwords import PasswordRules, check_password
from domain.shared.checks import Checks
from domain.shared.errors import Rejected
from infra.accounts.frequent_passwords import shipped_frequent_passwords
from tests import defaults


def is_refused(password: str, rules: PasswordRules) -> bool:
    try:
        with Checks() as check:
            check_password(check, password, personal=(), rules=rules)
    except Rejected:
        return True
    return False


def test_common_passwords_are_refused_in_any_case() -> None:
    common = shipped_frequent_passwords()
    assert len(common) > 10_000
    assert all(password == password.lower() for password in common)
    rules = defaults.password_rules(shortest=8, common=common)
    without = defaults.password_rules(shortest=8)
    listed = sorted(each for each in common if len(each) >= 8 and not is_refused(each, without))
    assert len(listed) > 100, "those that no other rule refuses"
    assert [each for each in listed if not (is_refused(each, rules) and is_refused(each.upper(), rules))] == []
