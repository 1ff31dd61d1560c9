from collections.abc import AsyncIterator

import pytest

from tests.identity import Identity, open_identity


@pytest.fixture
async def identity(database: str) -> AsyncIterator[Identity]:
    async with open_identity(database) as identity:
        yield identity
