"""All processes behind PgBouncer: in transaction mode they work, and where limits would be lost they do not start."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import literal_column, select

from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD, DEMO_SLUG
from infra.db.engine import open_engines
from infra.db.read import ReadSession
from infra.settings import asyncpg_url
from tests import defaults
from tests.e2e.pgbouncer import SERVER_CONNECTIONS, needs_pgbouncer, pgbouncer
from tests.e2e.processes import Workgraph
from tests.e2e.test_serve import free_port
from tests.servers import database_at, driver_url

pytestmark = needs_pgbouncer

SIGN_IN = {"grant_type": "password", "username": DEMO_EMAIL, "password": DEMO_PASSWORD}
LIST = """query($slug: String!) { workspace(slug: $slug) { projects(first: 1) { nodes { id key } }
  issues(first: 20, sort: [{createdAt: {direction: DESC}}]) { totalCount nodes { title state { name } assignees { name }
    labels { name } comments(first: 2) { nodes { body author { name } } } } } } }"""
CREATE = "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { issue { title } errors { message } } }"
STATEMENTS = "SELECT name FROM pg_prepared_statements"
CHANGED_SETTINGS = "SELECT name FROM pg_settings WHERE source = 'session' AND name <> 'client_encoding'"
ROUNDS, CLIENTS = 10, 12
CANCELLATIONS = 100
IGNORED = (
    "statement_timeout,lock_timeout,idle_in_transaction_session_timeout,default_transaction_read_only,jit,"
    "max_parallel_workers_per_gather"
)


@pytest.fixture
async def direct_url(servers: dict[str, str]) -> AsyncIterator[str]:
    name = f"{servers['run']}_pgbouncer"
    connection = await asyncpg.connect(driver_url(servers["database_url"]))
    await connection.execute(f"CREATE DATABASE {name}")
    yield database_at(servers["database_url"], name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture
def workgraph(direct_url: str, redis_database: str, tmp_path: Path) -> Workgraph:
    return Workgraph(
        tmp_path,
        {
            "DATABASE_URL": direct_url,
            "REDIS_URL": redis_database,
            "SECRET_KEY": "Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv",
            "PORT": str(free_port()),
            "DATA_DIR": str(tmp_path),
        },
    )


async def test_requests_and_jobs_run_in_transaction_mode(workgraph: Workgraph, direct_url: str) -> None:
    url = f"http://127.0.0.1:{workgraph.variables['PORT']}"
    with pgbouncer(direct_url, mode="transaction") as pooled_url:
        workgraph.variables |= {"DATABASE_URL": pooled_url, "DATABASE_POOLER": "transaction"}
        refused = workgraph.run("migrate")
        assert (refused.returncode, "WORKGRAPH_DATABASE_DIRECT_URL is not set" in refused.stderr) == (1, True)
        workgraph.variables["DATABASE_DIRECT_URL"] = direct_url
        for command in (["migrate"], ["seed", "--size", "200"], ["doctor"]):
            done = workgraph.run(*command)
            assert done.returncode == 0, done.stdout + done.stderr
        with workgraph.running("serve", "--workers", "2") as api, workgraph.running("worker") as worker:
            api.wait_until_ready(url)
            worker.wait_for_text("The worker is ready")
            await use(url)
            assert worker.end(signal.SIGTERM) == 0
            assert api.end(signal.SIGTERM) in (0, -signal.SIGTERM)
            assert "ERROR" not in api.log.read_text() + worker.log.read_text()
        assert await server_connections(direct_url) <= SERVER_CONNECTIONS
        assert await leaks(pooled_url) == []


async def use(url: str) -> None:
    """Twelve clients read and write at once, and none gets an error."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        signed_in = await client.post("/auth/token", data=SIGN_IN)
        client.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"

        async def asked(query: str, variables: dict[str, Any]) -> Any:
            answer = await client.post("/graphql", json={"query": query, "variables": variables})
            assert (answer.status_code, answer.json().get("errors")) == (200, None), answer.text
            return answer.json()["data"]

        found = await asked(LIST, {"slug": DEMO_SLUG})
        project, before = found["workspace"]["projects"]["nodes"][0]["id"], found["workspace"]["issues"]["totalCount"]

        async def work(number: int) -> None:
            for turn in range(ROUNDS):
                values = {"projectId": project, "title": f"Issue {turn} of client {number}"}
                created = await asked(CREATE, {"input": values})
                assert created["issueCreate"]["errors"] == []
                assert created["issueCreate"]["issue"]["title"] == values["title"]
                await asked(LIST, {"slug": DEMO_SLUG})

        await asyncio.gather(*(work(number) for number in range(CLIENTS)))
        after = (await asked(LIST, {"slug": DEMO_SLUG}))["workspace"]["issues"]["totalCount"]
        assert after == before + ROUNDS * CLIENTS


async def test_a_canceled_read_ends_no_other_one(direct_url: str) -> None:
    """A cancellation that came late would reach the next client of the same session."""
    with pgbouncer(direct_url, mode="transaction") as pooled_url:
        options = defaults.engine(pool_size=8, pool_wait=30, statement_timeout=30, is_pooled=True)
        async with open_engines(asyncpg_url(pooled_url), options) as engines:
            reads = ReadSession(engines.read)
            ends: set[bool] = set()

            async def cancel(number: int) -> None:
                for turn in range(CANCELLATIONS):
                    pause = 0.003 + 0.001 * ((number + turn) % 7)
                    # Some are canceled, some end by themselves, and some end at about the time of their limit.
                    limit = (pause - 0.002, pause + 0.001, 30.0)[turn % 3]
                    sleep = select(literal_column(f"'slept' FROM pg_sleep({pause})"))
                    found = await reads.fetch_within(limit, sleep)
                    ends.add(found is None)
                    assert found is None or found[0][0] == "slept"

            async def read() -> None:
                for turn in range(CANCELLATIONS):
                    [[value]] = await reads.fetch(select(literal_column(f"{turn} FROM pg_sleep(0.002)")))
                    assert value == turn

            await asyncio.gather(*(cancel(number) for number in range(4)), *(read() for _ in range(4)))
            assert ends == {True, False}
            async with asyncio.timeout(20):
                while engines.read.in_use:  # noqa: ASYNC110 - the last transactions are being ended
                    await asyncio.sleep(0.01)
        assert await leaks(pooled_url) == []


async def server_connections(direct_url: str) -> int:
    connection = await asyncpg.connect(driver_url(direct_url))
    try:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


async def leaks(pooled_url: str) -> list[str]:
    """What transactions have left behind in sessions of the pooler, which other clients would get."""
    connections = [
        await asyncpg.connect(driver_url(pooled_url), statement_cache_size=0) for _ in range(SERVER_CONNECTIONS)
    ]
    found, pids = [], set()
    try:
        for connection in connections:
            await connection.execute("BEGIN")  # keeps its session, so that the next connection gets another one
            pids.add(await connection.fetchval("SELECT pg_backend_pid()"))
            for query in (STATEMENTS, CHANGED_SETTINGS):
                found += [str(name) for (name,) in await connection.fetch(query)]
    finally:
        for connection in connections:
            await connection.close()
    assert len(pids) == SERVER_CONNECTIONS
    return found


@pytest.mark.parametrize(
    ("mode", "options", "reason"),
    [
        ("session", {"ignore_startup_parameters": IGNORED}, "statement_timeout is 0 instead of 5000"),
        ("transaction", {}, "unsupported startup parameter"),
    ],
)
async def test_nothing_starts_where_limits_are_lost(
    workgraph: Workgraph, direct_url: str, mode: str, options: dict[str, str], reason: str
) -> None:
    assert workgraph.run("migrate").returncode == 0
    with pgbouncer(direct_url, mode=mode, **options) as pooled_url:
        workgraph.variables["DATABASE_URL"] = pooled_url
        for command in (["serve"], ["serve", "--workers", "2"], ["worker"]):
            started = workgraph.run(*command)
            assert started.returncode == 1
            assert reason in started.stderr
            assert "Connect to PostgreSQL itself, or set WORKGRAPH_DATABASE_POOLER=transaction." in started.stderr
            assert "Traceback" not in started.stderr
        examined = workgraph.run("doctor")
        assert examined.returncode == 1
        assert reason in examined.stdout
