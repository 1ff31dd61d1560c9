"""Kinds of secrets with which files are sent."""

import pytest

from api import slices
from api.schema import schema
from infra.bootstrap import SLICES
from infra.settings import Settings
from tests.platform.api.auth.processes import open_process
from tests.platform.api.auth.test_token_kinds import SPEAKS, assert_taken, bearer, keyring_of

PLACE = "bearer of POST /imports/files"


@pytest.mark.verify
@pytest.mark.usefixtures("redis_database")
async def test_a_file_is_sent_with_access_tokens_and_api_keys_only(settings: Settings, database: str) -> None:
    process = open_process(
        settings, recheck_seconds=2, adapters=SLICES, slices=(*slices.PLATFORM, *slices.TRACKER), schema=schema
    )
    async with keyring_of(settings, database, process) as keyring:
        await assert_taken(keyring, PLACE, bearer("POST", "/imports/files", content=b"{}"), SPEAKS)
