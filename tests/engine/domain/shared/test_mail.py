from domain.accounts.model import check_email
from domain.shared.checks import Checks
from domain.shared.errors import Rejected
from domain.shared.mail import Letter, Mail

SHAPES = ("a{}b@example.org", "{}@example.org", "a@b{}c", "a@{}", "{}")


def is_good(address: str) -> bool:
    try:
        with Checks() as check:
            check_email(check, address)
    except Rejected:
        return False
    return True


def is_reached(address: str) -> bool:
    try:
        Mail(id="job_1", to=address, letter=Letter())
    except ValueError:
        return False
    return True


def test_accepted_addresses_can_receive_mail() -> None:
    texts = [shape.format(chr(code)) for shape in SHAPES for code in (*range(0x2100), 0xD800, 0xDFFF, 0xFEFF, 0x1F600)]
    good = {text for text in texts if is_good(text)}
    assert {"a+b@example.org", "a@b.c", "\u00e4@example.org"} <= good
    assert good <= {text for text in texts if is_reached(text)}
