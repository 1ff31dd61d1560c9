"""schemathesis finds no difference between the OpenAPI document and the server."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from infra import bootstrap
from infra.limits.throttle import LocalThrottle
from infra.settings import Settings
from tests.factories.accounts import PASSWORD
from tests.platform.api.auth.loopback import ANN, identity_provider

pytestmark = pytest.mark.verify

EXCEPTIONS = Path(__file__).with_name("schemathesis.toml")
CASES = 200
SEED = 20261130
SECONDS = 900


class NoThrottle(LocalThrottle):
    """Lets every try pass, of which there are thousands."""

    def __init__(self, *_: object) -> None:
        super().__init__()

    async def take(self, *_: object) -> None:
        return

    async def give_back(self, *_: object) -> None:
        return


@pytest.fixture
async def address(
    settings: Settings, database: str, redis_database: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    monkeypatch.setattr(bootstrap, "RedisThrottle", NoThrottle)
    async with identity_provider(settings) as address:
        yield address


@pytest.mark.parametrize("has_token", [False, True])
async def test_the_document_and_the_server_agree(address: str, tmp_path: Path, has_token: bool) -> None:
    headers = [f"--header=Authorization:Bearer {await token(address)}"] if has_token else []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", f"--config-file={EXCEPTIONS}", "run", f"{address}/openapi.json"),
        *(f"--max-examples={CASES}", f"--seed={SEED}", "--workers=4", "--continue-on-failure", "--no-color"),
        *headers,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(SECONDS):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def token(address: str) -> str:
    form = {"grant_type": "password", "username": ANN, "password": PASSWORD}
    async with httpx.AsyncClient(base_url=address) as client:
        answer = await client.post("/auth/token", data=form)
    return answer.json()["access_token"]
