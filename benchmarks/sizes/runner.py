"""Sends each case to the application in this process, and explains the statements that it has sent."""

import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx

from api.main import build
from benchmarks.dataset import Dataset
from benchmarks.failures import BenchmarkError
from benchmarks.servers import DAY_SECONDS, UNLIMITED
from benchmarks.sizes.additions import add_lists
from benchmarks.sizes.cases import MEASUREMENTS, PAGE, Case, Paged, Reader
from benchmarks.sizes.results import LAST, REFUSALS, Explained, Result, code_of, lists_in, outcome_of, quantile
from benchmarks.sizes.workspace import Workspace, find_workspace
from domain.app import App
from domain.shared.demo import DEMO_PASSWORD
from domain.shared.statement_trace import SentStatement
from infra.db.cursors import encode_cursor

PAGES = (10, 100, 1_000, 10_000)
TOKEN_SECONDS = 600
FEWEST_RUNS = 5
LONGEST_SECONDS = 4.0  # of the runs of one case, after the fewest
EXPLAINED_SECONDS = 5.0
_EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, WAL"
_WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8"
_AS_SERVED = (
    f"SET statement_timeout = '{EXPLAINED_SECONDS}s'",
    "SET jit = off",
    "SET max_parallel_workers_per_gather = 0",
)
_NULLABLE = frozenset({"due_date"})


class Runner:
    """Measures cases on one data set."""

    def __init__(self, app: App, client: httpx.AsyncClient, connection: Any, here: Workspace, *, runs: int) -> None:
        self._trace = app.statement_trace
        self._client = client
        self._connection = connection
        self._here = here
        self._runs = runs
        self._tokens: dict[Reader, tuple[str, float]] = {}
        self._slowest: dict[str, float] = {}

    async def results(self, wanted: Callable[[Case], bool], tell: Callable[[str], None]) -> AsyncIterator[Result]:
        """Figures of each wanted case, and of its deep pages."""
        for case in self._cases():
            if not wanted(case):
                continue
            async for page, further in self._pages(case):
                result = await self._measured(case, page, further)
                figures = f"p50 {result.p50_ms:.1f} ms, p95 {result.p95_ms:.1f} ms, first {result.first_ms:.1f} ms"
                tell(f"{result.group}: {result.title}: {figures}, {result.outcome}")
                yield result

    def _cases(self) -> Iterator[Case]:
        for measurement in MEASUREMENTS:
            yield from measurement(self._here)

    async def _pages(self, case: Case) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
        """The pages to measure, each with the variables that lead to it."""
        yield "1", {}
        if case.paged is None:
            return
        answer, _ = await self._ask(case, case.given(0))
        for found in lists_in(answer.get("data")):
            if not found["pageInfo"]["hasNextPage"]:
                return
            for page, cursor in await self._cursors(case.paged, like=found["pageInfo"]["endCursor"]):
                yield f"{page:,}", {"after": cursor}
        yield LAST, {"first": None, "last": PAGE}

    async def _cursors(self, paged: Paged, *, like: str) -> list[tuple[int, str]]:
        """Cursors of deep pages, made from the rows before them and a cursor of the list: walking takes long."""
        order = ", ".join(
            f"{name} {'DESC' if is_descending else 'ASC'}{' NULLS LAST' if name in _NULLABLE else ''}"
            for name, is_descending in paged.order
        )
        columns = ", ".join(name for name, _ in paged.order)
        places = {(page - 1) * PAGE: page for page in PAGES}
        rows = await self._connection.fetch(
            f"""SELECT * FROM (SELECT row_number() OVER (ORDER BY {order}) AS place, {columns} FROM issue
            WHERE workspace_id = $1 AND {paged.column} = $2 AND lifecycle = 0) AS placed
            WHERE place = ANY($3) AND place <= {max(places)} ORDER BY place""",
            self._here.workspace_id,
            paged.parent_id,
            list(places),
        )
        scope = json.loads(base64.urlsafe_b64decode(like + "=" * (-len(like) % 4)))[1]
        return [(places[place], encode_cursor(values, scope=scope)) for place, *values in map(tuple, rows)]

    async def _measured(self, case: Case, page: str, further: Mapping[str, Any]) -> Result:
        assert self._trace is not None, "statements are traced in development"
        times: list[float] = []
        wal: list[int] = []
        while len(times) <= self._runs and (len(times) <= FEWEST_RUNS or sum(times) < 1000 * LONGEST_SECONDS):
            variables = {**case.given(len(times)), **further}
            before = await self._connection.fetchval(_WAL)
            with self._trace() as sent:
                answer, milliseconds = await self._ask(case, variables)
            wal.append(int(await self._connection.fetchval(_WAL) - before))
            times.append(milliseconds)
            await self._undo(case, answer)
        p95_ms = quantile(times[1:], 0.95)
        explained = [found for each in sent if (found := await self._explained(each)) is not None]
        slowest = max(explained, key=lambda each: each.milliseconds, default=None)
        if slowest is not None and p95_ms > self._slowest.get(case.group, 0.0):
            self._slowest[case.group] = p95_ms
        else:
            slowest = None  # only the worst of each group is shown
        code = code_of(answer)
        outcome = outcome_of(answer)
        return Result(
            group=case.group,
            name=case.name,
            page=page,
            p50_ms=quantile(times[1:], 0.5),
            p95_ms=p95_ms,
            first_ms=times[0],
            most_ms=max(times),
            buffers=sum(each.buffers for each in explained),
            wal_bytes=min(wal),
            outcome=outcome,
            is_refused=code in REFUSALS,
            is_failed=code is not None and code not in REFUSALS,
            worst=slowest,
        )

    async def _undo(self, case: Case, answer: Mapping[str, Any]) -> None:
        if not case.undo:
            return
        [made] = [part["made"]["id"] for part in answer["data"].values()]
        undone, _ = await self._send(case.undo, {"id": made}, Reader.OWNER)
        if outcome_of(undone) != "answered":
            raise BenchmarkError(f"What {case.name} has made cannot be removed: {undone}")

    async def _explained(self, sent: SentStatement) -> Explained | None:
        if sent.is_write or not sent.text.lstrip("(").startswith(("SELECT", "WITH")):
            return None
        try:
            [found] = json.loads(
                await self._connection.fetchval(f"{_EXPLAIN}, FORMAT JSON) {sent.text}", *sent.arguments)
            )
        except (asyncpg.QueryCanceledError, TimeoutError):
            return Explained(text=sent.text, plan="(canceled)", buffers=0, milliseconds=1000 * EXPLAINED_SECONDS)
        plan = await self._connection.fetch(f"{_EXPLAIN}) {sent.text}", *sent.arguments)
        top = found["Plan"]
        return Explained(
            text=sent.text,
            plan="\n".join(row[0] for row in plan),
            buffers=top["Shared Hit Blocks"] + top["Shared Read Blocks"],
            milliseconds=found["Execution Time"],
        )

    async def _ask(self, case: Case, variables: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
        return await self._send(case.query, variables, case.reader)

    async def _send(self, query: str, variables: Mapping[str, Any], reader: Reader) -> tuple[dict[str, Any], float]:
        token = await self._token(reader)
        since = time.perf_counter()
        answer = await self._client.post(
            "/graphql",
            json={"query": query, "variables": dict(variables)},
            headers={"Authorization": f"Bearer {token}"},
        )
        return answer.json(), (time.perf_counter() - since) * 1000

    async def _token(self, reader: Reader) -> str:
        token, got_at = self._tokens.get(reader, ("", 0.0))
        if not token or time.monotonic() - got_at > TOKEN_SECONDS:
            email = _email(self._here, reader)
            form = {"grant_type": "password", "username": email, "password": DEMO_PASSWORD}
            answer = await self._client.post("/auth/token", data=form)
            if answer.status_code != httpx.codes.OK:
                raise BenchmarkError(f"Cannot sign in as {email}: {answer.text}")
            token, got_at = answer.json()["access_token"], time.monotonic()
            self._tokens[reader] = token, got_at
        return token


@asynccontextmanager
async def open_runner(dataset: Dataset, *, runs: int) -> AsyncIterator[Runner]:
    """A runner on the application in this process, without limits on points and database time."""
    settings = dataset.settings.replaced(
        environment="dev",
        graphql_cost_per_hour=UNLIMITED,
        graphql_cost_burst=UNLIMITED,
        database_budget_seconds=DAY_SECONDS,
        database_budget_free_seconds=DAY_SECONDS,
        log_level="ERROR",
    )
    asgi = build(settings)
    connection = await asyncpg.connect(dataset.driver_url, command_timeout=600)
    try:
        transport = httpx.ASGITransport(asgi)
        async with (
            asgi.router.lifespan_context(asgi),
            httpx.AsyncClient(transport=transport, base_url=settings.issuer, timeout=60) as client,
        ):
            app = asgi.state.app
            await add_lists(app, dataset)
            here = await find_workspace(connection, dataset)
            for setting in _AS_SERVED:
                await connection.execute(setting)
            yield Runner(app, client, connection, here, runs=runs)
    finally:
        await connection.close()


def _email(here: Workspace, reader: Reader) -> str:
    emails = {Reader.OWNER: here.owner_email, Reader.MEMBER: here.member_email, Reader.GUEST: here.guest_email}
    return emails[reader]
