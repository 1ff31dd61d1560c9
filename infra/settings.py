import difflib
import os
from collections.abc import Iterable
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from infra.operator_error import OperatorError
from infra.setting_groups import AccountSettings

PREFIX = "WORKGRAPH_"
SECRET_NAMES = ("database_url", "database_direct_url", "database_read_url", "redis_url", "secret_key", "smtp_url")
SECRET_BYTES = 32
SAMPLE_WORDS = ("change", "secret", "example", "sample", "password", "placeholder", "insecure", "your-")
POSTGRES_SCHEMES = ("postgres", "postgresql", "postgresql+asyncpg")
REDIS_SCHEMES = ("redis", "rediss", "unix")


class SettingsError(OperatorError):
    """Settings are missing or wrong; each problem is one line that names the setting and what to do."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Settings(AccountSettings):
    """Settings of the process, read once at start from WORKGRAPH_* variables and from `.env`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SecretFiles(settings_cls), dotenv_settings

    @field_validator("allowed_hosts", "allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("database_url", "database_direct_url", "database_read_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr) -> SecretStr:
        return SecretStr(asyncpg_url(value.get_secret_value())) if value.get_secret_value() else value

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url and urlsplit(url).scheme not in REDIS_SCHEMES:
            raise ValueError("must look like redis://host:6379/0, rediss://… or unix:///path/to/socket")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _check_smtp_url(cls, value: SecretStr) -> SecretStr:
        url = urlsplit(value.get_secret_value())
        if url.geturl() and (url.scheme not in ("smtp", "smtps") or not url.hostname):
            raise ValueError("must look like smtp://user:password@host:587 or smtps://…")
        return value

    @field_validator("mail_from")
    @classmethod
    def _check_mail_from(cls, value: str) -> str:
        local, at, domain = parseaddr(value)[1].rpartition("@")
        if not (local and at and domain and value.isprintable()):
            raise ValueError("must look like Workgraph <tracker@example.org>")
        return value

    @field_validator("secret_key")
    @classmethod
    def _check_secret_key(cls, value: SecretStr) -> SecretStr:
        key = value.get_secret_value()
        if key and len(key.encode()) < SECRET_BYTES:
            raise ValueError(f"must have at least {SECRET_BYTES} bytes. Generate one with: openssl rand -base64 48")
        if key and (len(set(key)) < 12 or any(word in key.lower() for word in SAMPLE_WORDS)):
            raise ValueError("looks like a sample value. Generate one with: openssl rand -base64 48")
        return value

    @model_validator(mode="after")
    def _check_sharing(self) -> Self:
        urls = {name: getattr(self, name) for name in SECRET_NAMES if name.endswith("_url")}
        key = self.secret_key.get_secret_value()
        for name, url in urls.items():
            if key and unquote(urlsplit(url.get_secret_value()).password or "") == key:
                raise ValueError(
                    f"{PREFIX}SECRET_KEY is also the password in {PREFIX}{name.upper()}. Generate another one."
                )
        return self

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        url = urlsplit(value)
        if value and (url.scheme not in ("http", "https") or not url.hostname or url.path not in ("", "/")):
            raise ValueError("must look like https://tracker.example.org, without a path")
        return value.rstrip("/")

    @field_validator("allowed_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for origin in value:
            url = urlsplit(origin)
            if url.scheme not in ("http", "https") or not url.netloc or url.path or url.query:
                raise ValueError(f"{origin!r} must look like https://app.example.org, without a path")
        return value

    @property
    def migration_url(self) -> str:
        """URL for migrations, which need one session; raises SettingsError if only that of a pooler is set."""
        direct = self.database_direct_url.get_secret_value()
        if not direct and self.database_pooler == "transaction":
            raise SettingsError([f"{PREFIX}DATABASE_DIRECT_URL is not set. {ADVICE['database_direct_url']}"])
        return direct or self.database_url.get_secret_value()

    @property
    def listening_url(self) -> str:
        """URL for a session that listens to notifications; empty if only that of a pooler is set."""
        direct = self.database_direct_url.get_secret_value()
        return direct or ("" if self.database_pooler == "transaction" else self.database_url.get_secret_value())

    @property
    def issuer(self) -> str:
        """The public URL, or the URL of the listening address."""
        host = "localhost" if self.host in ("127.0.0.1", "0.0.0.0", "::1", "::") else self.host  # noqa: S104
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        return self.allowed_hosts or tuple(
            dict.fromkeys((urlsplit(self.issuer).hostname or "", "localhost", "127.0.0.1", "[::1]", self.host))
        )

    @property
    def origins(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.issuer, *self.allowed_origins)))

    @property
    def files(self) -> Path:
        return self.files_dir or self.data_dir / "files"

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def has_mailbox(self) -> bool:
        """Whether mail is kept for /dev/mail."""
        return self.is_development and not self.smtp_url.get_secret_value()

    @property
    def is_development(self) -> bool:
        """Whether the server is for its developer only: not in production, and without a public URL."""
        is_private = not self.public_url or is_loopback(urlsplit(self.public_url).hostname or "")
        return is_private and not self.is_production

    @property
    def explorer_access(self) -> Literal["on", "members", "off"]:
        if self.explorer == "auto":
            return "members" if self.is_production else "on"
        return self.explorer

    @property
    def has_json_logs(self) -> bool:
        return self.log_format == "json" or (self.log_format == "auto" and self.is_production)

    def require(self, *names: str) -> Self:
        """The settings, if all named settings have values. Production also requires the public URL."""
        required = (*names, "public_url") if self.is_production else names
        missing = [name for name in required if not _plain(getattr(self, name))]
        if missing:
            raise SettingsError(f"{PREFIX}{name.upper()} is not set. {ADVICE[name]}" for name in missing)
        return self

    def replaced(self, **values: Any) -> "Settings":
        """A validated copy with the given values instead."""
        return _validated(dict(self) | values)


ADVICE = {
    "database_direct_url": "Migrations cannot run through a pooler. Set it to the URL of PostgreSQL itself.",
    "database_url": "Set it to a PostgreSQL URL, such as postgresql://user:password@host/workgraph.",
    "redis_url": "Set it to a Redis or Valkey URL, such as redis://host:6379/0.",
    "secret_key": "Set it to at least 32 random bytes. Generate them with: openssl rand -base64 48",
    "public_url": "Set it to the URL that users open, such as https://tracker.example.org.",
}


class SecretFiles(PydanticBaseSettingsSource):
    """Reads secrets from files that WORKGRAPH_<NAME>_FILE variables name, as container platforms mount them."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE", "")
        if field_name not in SECRET_NAMES or not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            raise SettingsError(
                [f"{PREFIX}{field_name.upper()}_FILE: cannot read {path}: {error.strerror}."]
            ) from error

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self._fields()}
        return {name: value for name, value in found.items() if value is not None}

    def _fields(self) -> Iterable[tuple[str, Any]]:
        return self.settings_cls.model_fields.items()


def load_settings(**values: Any) -> Settings:
    """Settings of this process; raises SettingsError with every problem found."""
    unknown = [_unknown_problem(name) for name in sorted(_given_names() - known_names())]
    if unknown:
        raise SettingsError(unknown)
    return _validated(values)


def known_names() -> set[str]:
    """Names of all environment variables that are read."""
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    return names | {f"{PREFIX}{name.upper()}_FILE" for name in SECRET_NAMES}


def is_loopback(host: str) -> bool:
    """Whether the host is this machine itself."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def asyncpg_url(url: str) -> str:
    """The URL for SQLAlchemy's asyncpg driver, with libpq's `sslmode` as asyncpg's `ssl`."""
    parts = urlsplit(url)
    if parts.scheme not in POSTGRES_SCHEMES or not parts.path.strip("/"):
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    query = [("ssl" if key == "sslmode" else key, value) for key, value in parse_qsl(parts.query)]
    address = f"postgresql+asyncpg://{parts.netloc}{parts.path}"
    return f"{address}?{urlencode(query, safe='/')}" if query else address


def _validated(values: dict[str, Any]) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(_problem_line(dict(each)) for each in error.errors(include_url=False)) from error


def _problem_line(problem: dict[str, Any]) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else ""  # empty for problems of several settings together
    reason = str(problem["msg"]).removeprefix("Value error, ")
    if not name:
        return reason
    given = "" if name in SECRET_NAMES else f" (given: {problem['input']!r})"
    return f"{PREFIX}{name.upper()}: {reason}{given}"


def _unknown_problem(name: str) -> str:
    close = difflib.get_close_matches(name, known_names(), n=1)
    return f"{name}: unknown setting.{f' Did you mean {close[0]}?' if close else ''}"


def _given_names() -> set[str]:
    given = set(os.environ) | set(dotenv_values(".env", interpolate=False))
    return {name.upper() for name in given if name.upper().startswith(PREFIX)}


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
