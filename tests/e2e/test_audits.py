import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from api.explorer.install import npm_command
from tests.e2e.loopback import served
from tests.engine.api.http.http_world import TOKEN, World, build

FOLDER = Path(__file__).parent / "audits"
AUDITS = 61
SECONDS = 120

pytestmark = pytest.mark.verify


def node() -> str:
    """The node that belongs to npm."""
    command = npm_command()
    return command[0] if len(command) > 1 else shutil.which("node") or "node"


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=FOLDER, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def test_every_audit_of_graphql_over_http_passes() -> None:
    if not (FOLDER / "node_modules" / "graphql-http").is_dir():
        await run(*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    async with served(build(World())) as address:
        results: list[dict[str, Any]] = json.loads(await run(node(), "audit.mjs", f"{address}/graphql", TOKEN))
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == AUDITS
