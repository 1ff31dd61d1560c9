from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.settings import Settings, SettingsError, known_names, load_settings

KEY = "q8Vn2LxT5rZc0Wb7Jm4Hs9Ky1Pd6Gf3Ua"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_any_variable_the_defaults_hold():
    settings = load_settings()
    assert (settings.environment, settings.host, settings.port) == ("dev", "127.0.0.1", 8000)
    assert settings.issuer == "http://localhost:8000"
    assert settings.hosts == ("localhost", "127.0.0.1", "[::1]")
    assert settings.files == Path(".workgraph/files")
    assert not settings.has_json_logs


def test_the_environment_wins_over_the_file_and_empty_values_count_as_absent(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    (empty_folder / ".env").write_text("WORKGRAPH_PORT=9001\nWORKGRAPH_HOST=0.0.0.0\nOTHER=1\n")
    monkeypatch.setenv("WORKGRAPH_PORT", "9002")
    monkeypatch.setenv("WORKGRAPH_PUBLIC_URL", "")
    settings = load_settings()
    assert (settings.port, settings.host, settings.public_url) == (9002, "0.0.0.0", "")


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKGRAPH_ALLOWED_ORIGINS", "https://a.example.org, https://b.example.org,")
    settings = load_settings()
    assert settings.origins == ("http://localhost:8000", "https://a.example.org", "https://b.example.org")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DATABASE_URL", "mysql://localhost/x", "must look like postgresql://"),
        ("DATABASE_URL", "postgresql://localhost", "must look like postgresql://"),
        ("DATABASE_READ_URL", "postgresql://localhost", "must look like postgresql://"),
        ("REDIS_URL", "http://localhost", "must look like redis://"),
        ("SECRET_KEY", "short", "at least 32 bytes"),
        ("SECRET_KEY", "change-me-change-me-change-me-change-me", "looks like a sample value"),
        ("SECRET_KEY", "a" * 40, "looks like a sample value"),
        ("PUBLIC_URL", "tracker.example.org", "must look like https://"),
        ("PUBLIC_URL", "https://example.org/tracker", "without a path"),
        ("ALLOWED_ORIGINS", "*", "must look like https://"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("ACCESS_TOKEN_MINUTES", "16", "less than or equal to 15"),
        ("ENVIRONMENT", "staging", "'dev' or 'production'"),
        ("SMTP_URL", "mail.example.org", "must look like smtp://"),
        ("SMTP_ENCRYPTION", "none", "'required', 'offered' or 'off'"),
        ("MAIL_FROM", "Workgraph", "must look like Workgraph <tracker@example.org>"),
        ("MAIL_FROM", "a@example.org\nBcc: b@example.org", "must look like Workgraph <tracker@example.org>"),
    ],
)
def test_a_wrong_value_is_refused_by_the_setting_s_name(
    name: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(f"WORKGRAPH_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    (problem,) = caught.value.problems
    assert problem.startswith(f"WORKGRAPH_{name}: ")
    assert reason in problem


def test_a_secret_never_shows_in_a_problem_or_a_representation(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKGRAPH_DATABASE_URL", "mysql://me:hunter2@localhost/x")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Settings(_env_file=None, database_url="postgresql://me:hunter2@h/x"))


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql://me:{}@localhost/x"),
        ("DATABASE_DIRECT_URL", "postgresql://me:{}@localhost/x"),
        ("DATABASE_READ_URL", "postgresql://me:{}@localhost/x"),
        ("REDIS_URL", "redis://:{}@localhost/0"),
        ("SMTP_URL", "smtp://me:{}@localhost:587"),
    ],
)
def test_one_secret_for_two_purposes_is_refused(name: str, url: str, monkeypatch: pytest.MonkeyPatch):
    """A8 of the promises; in an address a secret may be percent-encoded."""
    secret = KEY + "/+"
    monkeypatch.setenv("WORKGRAPH_SECRET_KEY", secret)
    monkeypatch.setenv(f"WORKGRAPH_{name}", url.format(KEY + "%2F%2B"))
    with pytest.raises(SettingsError) as caught:
        load_settings()
    (problem,) = caught.value.problems
    assert problem == f"WORKGRAPH_SECRET_KEY is also the password in WORKGRAPH_{name}. Generate another one."
    monkeypatch.setenv(f"WORKGRAPH_{name}", url.format("another"))
    assert load_settings().secret_key.get_secret_value() == secret


def test_all_problems_are_reported_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKGRAPH_PORT", "x")
    monkeypatch.setenv("WORKGRAPH_WORKERS", "0")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "WORKGRAPH_PORT",
        "WORKGRAPH_WORKERS",
    ]


def test_a_misspelt_setting_is_refused_in_the_environment_and_in_the_file(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WORKGRAPH_ALOWED_HOSTS", "example.org")
    (empty_folder / ".env").write_text("WORKGRAPH_PROT=9001\n")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.problems == (
        "WORKGRAPH_ALOWED_HOSTS: unknown setting. Did you mean WORKGRAPH_ALLOWED_HOSTS?",
        "WORKGRAPH_PROT: unknown setting. Did you mean WORKGRAPH_PORT?",
    )


def test_a_setting_s_old_name_is_refused_with_the_new_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKGRAPH_EXPLORER_ENABLED", "false")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.problems == ("WORKGRAPH_EXPLORER_ENABLED: unknown setting. Did you mean WORKGRAPH_EXPLORER?",)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "on"),
        ({"environment": "production"}, "members"),
        ({"explorer": "off"}, "off"),
        ({"explorer": "members"}, "members"),
        ({"environment": "production", "explorer": "on"}, "on"),
    ],
)
def test_visitors_in_production_see_only_the_sign_in_form_of_the_explorer(given: dict[str, str], expected: str):
    assert load_settings(**given).explorer_access == expected


def test_a_missing_setting_of_a_command_is_named():
    with pytest.raises(SettingsError) as caught:
        load_settings().require("database_url", "secret_key")
    assert [problem.partition(" ")[0] for problem in caught.value.problems] == [
        "WORKGRAPH_DATABASE_URL",
        "WORKGRAPH_SECRET_KEY",
    ]


def test_migrations_need_a_connection_without_pooler():
    pooled, direct = "postgresql://h:6432/d", "postgresql://h/d"
    assert load_settings(database_url=direct).migration_url == "postgresql+asyncpg://h/d"
    settings = load_settings(database_url=pooled, database_pooler="transaction")
    with pytest.raises(SettingsError, match="WORKGRAPH_DATABASE_DIRECT_URL is not set"):
        _ = settings.migration_url
    assert settings.replaced(database_direct_url=direct).migration_url == "postgresql+asyncpg://h/d"


def test_production_needs_a_public_url():
    settings = load_settings(environment="production", secret_key=KEY)
    with pytest.raises(SettingsError, match="WORKGRAPH_PUBLIC_URL is not set"):
        settings.require("secret_key")
    assert settings.replaced(public_url="https://t.example.org").require("secret_key").has_json_logs


def test_secrets_may_come_from_files(empty_folder: Path, monkeypatch: pytest.MonkeyPatch):
    (empty_folder / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv("WORKGRAPH_SECRET_KEY_FILE", str(empty_folder / "key"))
    assert load_settings().secret_key == SecretStr(KEY)
    monkeypatch.setenv("WORKGRAPH_SECRET_KEY_FILE", str(empty_folder / "none"))
    with pytest.raises(SettingsError, match=r"WORKGRAPH_SECRET_KEY_FILE: cannot read .*/none: No such file"):
        load_settings()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://u:p%40x@h:5433/d", "postgresql+asyncpg://u:p%40x@h:5433/d"),
        ("postgresql://h/d?sslmode=require", "postgresql+asyncpg://h/d?ssl=require"),
        ("postgresql+asyncpg://u@/d?host=/run/pg", "postgresql+asyncpg://u@/d?host=/run/pg"),
    ],
)
def test_database_urls_are_understood_in_the_usual_forms(given: str, used: str):
    assert load_settings(database_url=given).database_url.get_secret_value() == used


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1


def test_every_setting_is_described():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    assert "WORKGRAPH_SECRET_KEY_FILE" in known_names()
