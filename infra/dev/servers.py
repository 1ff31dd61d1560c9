"""Replacements for missing settings of a clone: a secret of its own, and embedded servers."""

import asyncio
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from infra.db import migrate
from infra.dev.embedded import EmbeddedServers
from infra.dev.folder_lock import holder_of
from infra.settings import Settings

KEY_FILE = "secret_key"
DEV_LOCK = "dev.lock"


def with_own_secret(settings: Settings) -> Settings:
    """The settings with a secret key: the one that is set, or one stored in the folder at the first call."""
    if settings.secret_key.get_secret_value():
        return settings
    path = settings.data_dir / KEY_FILE
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(48))
    return settings.replaced(secret_key=SecretStr(path.read_text().strip()))


def _write_once(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    complete = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(complete, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        os.link(complete, path)
    except FileExistsError:  # another process has created the secret first
        return
    finally:
        complete.unlink()


@contextmanager
def servers_at_hand(settings: Settings) -> Iterator[Settings]:
    """Settings with servers and a secret: the configured ones, those of a running `dev`, or embedded ones.

    Production requires all settings. The port is that of a running `dev`, which may differ from the setting.
    """
    if settings.is_production:
        yield settings.require("database_url", "redis_url", "secret_key")
        return
    running = holder_of(settings.data_dir / DEV_LOCK) or {}
    if "port" in running:
        settings = settings.replaced(port=int(running["port"]))
    if has_own_servers(settings):
        yield with_own_secret(settings)
    elif "database_url" in running:
        yield with_own_secret(with_servers(settings, running["database_url"], running["redis_url"]))
    else:
        with EmbeddedServers(settings.data_dir, durable=True) as servers:
            own = with_own_secret(with_servers(settings, servers.database_url, servers.redis_url))
            asyncio.run(migrate.upgrade(servers.database_url))
            yield own


def has_own_servers(settings: Settings) -> bool:
    """Whether the settings name a PostgreSQL and a Redis, so that none is embedded."""
    return bool(settings.database_url.get_secret_value() and settings.redis_url.get_secret_value())


def with_servers(settings: Settings, database_url: str, redis_url: str) -> Settings:
    """The settings with these URLs where no URL is set."""
    return settings.replaced(
        database_url=settings.database_url if settings.database_url.get_secret_value() else database_url,
        redis_url=settings.redis_url if settings.redis_url.get_secret_value() else redis_url,
    )


@contextmanager
def scratch_database() -> Iterator[str]:
    """URL of an empty database that is dropped when the block is left."""
    with (
        tempfile.TemporaryDirectory(prefix="workgraph-scratch-") as folder,
        EmbeddedServers(Path(folder), durable=False) as servers,
    ):
        yield servers.database_url
