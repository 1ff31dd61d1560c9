"""Promise A33: no shipped credential grants access."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import create_async_engine

from api.main import build
from infra.bootstrap import open_app
from infra.metadata import metadata
from infra.settings import SECRET_NAMES, Settings, SettingsError
from tests.servers import create_database, drop_databases

OWN_ROWS = {"schedule"}  # what is due when, and no more


@pytest.fixture
async def fresh_url(servers: dict[str, str], worker: int) -> AsyncIterator[str]:
    """A database that has been migrated, and nothing else."""
    name = f"{servers['run']}_{worker}_fresh"
    yield await create_database(servers["database_url"], run=servers["run"], name=name)
    await drop_databases(servers["database_url"], run=name)


async def test_a_fresh_production_install_has_no_account_key_or_session(settings: Settings, fresh_url: str) -> None:
    production = settings.replaced(
        environment="production", public_url="https://tracker.example.org", database_url=SecretStr(fresh_url)
    )
    async with open_app(production):
        pass
    engine = create_async_engine(fresh_url)
    async with engine.connect() as connection:
        counts = {
            table.name: await connection.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
        }
    await engine.dispose()
    assert {"account", "password", "session", "api_key", "invitation", "signing_key"} <= counts.keys()
    assert {name for name, count in counts.items() if count} - OWN_ROWS == set()


def test_no_setting_has_a_secret_of_ours() -> None:
    secret = {name for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    assert {"secret_key", "database_url", "redis_url", "smtp_url"} <= secret
    assert secret == set(SECRET_NAMES)
    for name in secret:
        assert Settings.model_fields[name].get_default(call_default_factory=True) == SecretStr("")


@pytest.mark.parametrize("name", ["secret_key", "database_url", "redis_url"])
def test_production_does_not_start_without(settings: Settings, name: str) -> None:
    production = settings.replaced(
        environment="production", public_url="https://tracker.example.org", **{name: SecretStr("")}
    )
    with pytest.raises(SettingsError, match=f"WORKGRAPH_{name.upper()} is not set"):
        build(production)
