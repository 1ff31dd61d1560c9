"""Two API processes with a streaming replica that is two seconds behind: no stale read after one's own write."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api.main import build
from domain.app import App
from domain.seed.commands import SeedOrder
from domain.shared.actor import Actor, Cause
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD, DEMO_SLUG
from infra.db import migrate
from infra.db.recent_writers import KEPT_SECONDS
from infra.dev.doctor import examine
from infra.dev.embedded import EmbeddedServers
from infra.settings import Settings
from tests.e2e.loopback import new_listener, served
from tests.e2e.replica import RunningReplica, replica_of
from tests.patience import PATIENT_SETTINGS
from tests.servers import driver_url

pytestmark = pytest.mark.verify

PAIRS, CLIENTS, EVENTS = 1_000, 4, 40
DELAY = 2.0
SIGN_IN = {"grant_type": "password", "username": DEMO_EMAIL, "password": DEMO_PASSWORD}
ISSUES = "query($slug: String!) { workspace(slug: $slug) { id issues(first: 50) { nodes { id title } } } }"
TITLE = "query($id: ID!) { node(id: $id) { ... on Issue { title } } }"
RENAME = "mutation($input: IssueUpdateInput!) { issueUpdate(input: $input) { revision errors { message } } }"
CHANGES = """query($slug: String!, $after: Revision!) { workspace(slug: $slug) { changes(after: $after) { upTo } } }"""


@dataclass
class Cluster:
    """Two API processes of one primary and one replica: writes go to the first, reads to the second."""

    first: httpx.AsyncClient
    second: httpx.AsyncClient
    app: App
    primary: "asyncpg.Connection[Any]"
    at_replica: "asyncpg.Connection[Any]"
    replica: RunningReplica
    settings: Settings

    async def rename(self, issue: str, title: str) -> int:
        data = await asked(self.first, RENAME, {"input": {"id": issue, "title": title}})
        assert data["issueUpdate"]["errors"] == []
        return int(data["issueUpdate"]["revision"])

    async def rename_aside(self, issue: str, title: str) -> None:
        """A change by another account, which the process does not notice."""
        await self.primary.execute("UPDATE issue SET title = $2 WHERE id = $1", issue, title)

    async def title(self, issue: str) -> str:
        return str((await asked(self.second, TITLE, {"id": issue}))["node"]["title"])

    async def issues(self) -> list[str]:
        found = await asked(self.second, ISSUES, {"slug": DEMO_SLUG})
        return [each["id"] for each in found["workspace"]["issues"]["nodes"]]

    async def readiness(self) -> tuple[str, bool, str]:
        ready = (await self.second.get("/readyz")).json()
        [check] = [each for each in ready["checks"] if each["name"] == "replica"]
        return ready["status"], check["ok"], check["detail"]


async def asked(client: httpx.AsyncClient, query: str, variables: dict[str, Any]) -> Any:
    answer = await client.post("/graphql", json={"query": query, "variables": variables})
    assert (answer.status_code, answer.json().get("errors")) == (200, None), answer.text
    return answer.json()["data"]


async def eventually(holds: Callable[[], Any], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.1)


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    servers = EmbeddedServers(tmp_path / "servers", durable=True)
    async with AsyncExitStack() as stack:
        stack.callback(servers.forget)
        stack.enter_context(servers)
        await migrate.upgrade(servers.database_url)
        replica = stack.enter_context(replica_of(servers, delay=f"{DELAY:g}s"))
        settings = Settings(
            _env_file=None,
            database_url=SecretStr(servers.database_url),
            database_read_url=SecretStr(replica.url),
            redis_url=SecretStr(servers.redis_url),
            public_url="http://localhost:8000",  # the issuer of tokens, whose ports differ otherwise
            secret_key=SecretStr("Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv"),
            data_dir=tmp_path / "data",
            **PATIENT_SETTINGS,
        )
        first, second = [await stack.enter_async_context(running(settings)) for _ in range(2)]
        app: App = second[0].state.app
        order = SeedOrder(size=60, owner_password=DEMO_PASSWORD)
        await app.seed.seed(Actor.system(cause=Cause.SEED), order)
        token = (await first[1].post("/auth/token", data=SIGN_IN)).json()["access_token"]
        for _, client in (first, second):
            client.headers["Authorization"] = f"Bearer {token}"
        connections = [await asyncpg.connect(driver_url(url)) for url in (servers.database_url, replica.url)]
        yield Cluster(first[1], second[1], app, *connections, replica, settings)
        for connection in connections:
            connection.terminate()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    listener = new_listener()
    app = build(settings.model_copy(update={"port": listener.getsockname()[1], "host": "127.0.0.1"}))
    async with served(app, listener) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        yield app, client


async def test_no_read_after_an_own_write_is_stale_and_no_event_late(cluster: Cluster) -> None:
    issues = await cluster.issues()  # at once after the sign-in, which the replica does not know yet

    async def write_and_read(issue: str, number: int) -> None:
        for turn in range(PAIRS // CLIENTS):
            title = f"Title {turn} of {number}"
            revision = await cluster.rename(issue, title)
            assert await cluster.title(issue) == title
            if turn % 10 == 0:
                found = await asked(cluster.second, CHANGES, {"slug": DEMO_SLUG, "after": revision - 1})
                assert found["workspace"]["changes"]["upTo"] >= revision

    await asyncio.gather(*(write_and_read(issue, number) for number, issue in enumerate(issues[:CLIENTS])))
    assert await slowest_event(cluster, issues[0]) < DELAY / 2


async def slowest_event(cluster: Cluster, issue: str) -> float:
    """Seconds from a commit through one process to its event in the other."""
    token = cluster.second.headers["Authorization"].removeprefix("Bearer ")
    actor = await cluster.app.auth.authenticate(token)
    found = await asked(cluster.second, ISSUES, {"slug": DEMO_SLUG})
    batches = cluster.app.audit.follow(lambda: actor, found["workspace"]["id"], after=None)
    following = asyncio.ensure_future(anext(batches))
    await asyncio.sleep(0.5)
    slowest = 0.0
    for number in range(EVENTS):
        revision = await cluster.rename(issue, f"Event {number}")
        committed_at = time.monotonic()
        while (await following).up_to < revision:
            following = asyncio.ensure_future(anext(batches))
        slowest = max(slowest, time.monotonic() - committed_at)
        following = asyncio.ensure_future(anext(batches))
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await batches.aclose()
    return slowest


async def test_the_replica_serves_until_it_is_behind_or_away(cluster: Cluster) -> None:
    issue = (await cluster.issues())[0]
    await asyncio.sleep(KEPT_SECONDS + 1)  # the sign-in is long ago
    await eventually(lambda: ready(cluster))
    found = [each async for each in examine(cluster.settings, has_mail=False) if each.subject == "Replica"]
    assert [each.detail for each in found] == ["used for reads"]
    await cluster.rename_aside(issue, "Changed aside")
    assert await cluster.title(issue) != "Changed aside", "the read did not use the replica"
    await asyncio.sleep(DELAY + 1)
    assert await cluster.title(issue) == "Changed aside"

    await cluster.at_replica.execute("SELECT pg_wal_replay_pause()")
    await cluster.rename_aside(issue, "Changed while paused")  # a replica that lacks nothing is not behind
    await eventually(lambda: left_out(cluster))
    assert await cluster.readiness() == ("ready", False, "more than 5 seconds behind the primary")
    assert await cluster.title(issue) == "Changed while paused"
    await cluster.at_replica.execute("SELECT pg_wal_replay_resume()")
    await eventually(lambda: ready(cluster))

    await cluster.at_replica.close()
    await asyncio.to_thread(cluster.replica.stop)
    assert await cluster.title(issue) == "Changed while paused"
    await eventually(lambda: left_out(cluster))
    status, _, detail = await cluster.readiness()
    assert (status, detail.isidentifier()) == ("ready", True)


async def ready(cluster: Cluster) -> bool:
    return (await cluster.readiness())[1]


async def left_out(cluster: Cluster) -> bool:
    return not (await cluster.readiness())[1]
