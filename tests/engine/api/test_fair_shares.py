"""An account whose reads fill its share of the connections gets 429, and other accounts do not notice."""

import asyncio
from dataclasses import replace

import httpx

from infra.bootstrap import open_app
from infra.settings import Settings
from tests import api_defaults
from tests.sample.application import ADAPTERS_OF_SAMPLE
from tests.sample.world import LibraryWorld
from tests.served import served

SHARE = 2
LIMITS = {"database_pool_size": 3 * SHARE, "database_account_queue": 1, "database_pool_seconds": 60.0}
LIST = """query($slug: String!) { workspace(slug: $slug) { name books { nodes { id } } } }"""


async def asked(client: httpx.AsyncClient, world: LibraryWorld) -> httpx.Response:
    asking = {"query": LIST, "variables": {"slug": world.here.workspace.slug}}
    return await client.post("/graphql", json=asking)


async def test_an_account_with_too_many_reads_gets_429(settings: Settings, world: LibraryWorld) -> None:
    async with open_app(settings.model_copy(update=LIMITS), ADAPTERS_OF_SAMPLE) as few:
        small = replace(world, app=few)
        options = api_defaults.http()
        busy, other = world.owner.actor, world.member.actor

        async def hold(release: asyncio.Event) -> None:
            with few.usage(f"user:{busy.user_id}"):
                async with few.reads():
                    await few.read.workspaces.by_slug(busy, world.here.workspace.slug)
                    holding.release()
                    await release.wait()

        holding, release = asyncio.Semaphore(0), asyncio.Event()
        async with (
            served(small, options) as owner,
            served(small, options, actor=other) as member,
            asyncio.TaskGroup() as tasks,
        ):
            for _ in range(SHARE):
                tasks.create_task(hold(release))
                await holding.acquire()
            requests = [tasks.create_task(asked(owner, small)) for _ in range(2)]
            await asyncio.wait(requests, return_when=asyncio.FIRST_COMPLETED)
            assert (await asked(member, small)).status_code == 200
            release.set()
    refused, answered = sorted((request.result() for request in requests), key=lambda each: -each.status_code)
    assert (answered.status_code, refused.status_code, refused.headers["retry-after"]) == (200, 429, "1")
    assert answered.json()["data"]["workspace"]["books"]["nodes"]
    (error,) = refused.json()["errors"]
    assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 1}
    assert "of your requests" in error["message"]
