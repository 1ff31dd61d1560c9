"""Sends each case to the application in this process, and explains the statements that it has sent."""

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

from api.main import build
from benchmarks.dataset import Dataset
from benchmarks.failures import BenchmarkError
from benchmarks.servers import DAY_SECONDS, UNLIMITED
from benchmarks.sizes.cases import MEASUREMENTS, PAGE, Case, Workspace
from domain.app import App
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from domain.shared.statement_trace import SentStatement

PAGES = (10, 100, 1_000, 10_000)
STEP = 100  # issues per request on the way to a deep page
TOKEN_SECONDS = 600
_WORKSPACE = """SELECT w.slug, p.id AS project_id, g.email AS guest_email, g.id AS guest_id, m.workspace_id
    FROM workspace w JOIN project p ON p.workspace_id = w.id
    JOIN member m ON m.workspace_id = w.id AND m.role = 'GUEST'
    JOIN project_member x ON x.member_id = m.id AND x.project_id = p.id
    JOIN account g ON g.id = m.user_id WHERE w.slug = $1 ORDER BY p.key, m.id LIMIT 1"""
_PERSON = """SELECT a.name FROM issue_assignee x JOIN account a ON a.id = x.user_id
    GROUP BY a.id ORDER BY count(*) DESC, a.id LIMIT 1"""
_LET_SIGN_IN = """INSERT INTO password (user_id, hash, changed_at) SELECT $1, hash, now() FROM password LIMIT 1
    ON CONFLICT DO NOTHING"""
_WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A statement of a case, the buffers that it reads, and its plan."""

    text: str
    plan: str
    buffers: int
    milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Figures of a case at one size; `outcome` is the number of items or the code of the error."""

    group: str
    name: str
    p50_ms: float
    p95_ms: float
    first_ms: float
    """Time of the first request, for which nothing was remembered."""
    buffers: int
    wal_bytes: int
    outcome: str
    worst: Explained | None


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies; the greatest for few values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Runner:
    """Measures cases on one data set."""

    def __init__(self, app: App, client: httpx.AsyncClient, connection: Any, here: Workspace, *, runs: int) -> None:
        self._trace = app.statement_trace
        self._client = client
        self._connection = connection
        self._here = here
        self._runs = runs
        self._tokens: dict[str, tuple[str, float]] = {}

    async def results(self, wanted: Callable[[Case], bool], tell: Callable[[str], None]) -> AsyncIterator[Result]:
        """Figures of each wanted case, and of its deep pages."""
        for case in self._cases():
            if not wanted(case):
                continue
            async for name, variables in self._pages(case):
                result = await self._measured(case, name, variables)
                tell(f"{case.group}: {name}: p50 {result.p50_ms:.1f} ms, p95 {result.p95_ms:.1f} ms, {result.outcome}")
                yield result

    def _cases(self) -> Iterator[Case]:
        for measurement in MEASUREMENTS:
            yield from measurement(self._here)

    async def _pages(self, case: Case) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
        yield case.name, case.variables
        if not case.is_paged:
            return
        position, cursor = 0, None
        for page in PAGES:
            while position < (page - 1) * PAGE:
                step = min(STEP, (page - 1) * PAGE - position)
                answer, _ = await self._ask(case, {**case.variables, "first": step, "after": cursor})
                info = _list_of(answer).get("pageInfo", {})
                if not info.get("hasNextPage"):
                    break
                position, cursor = position + step, info["endCursor"]
            else:
                yield f"{case.name}, page {page:,}", {**case.variables, "after": cursor}
                continue
            break
        last = {name: value for name, value in case.variables.items() if name != "first"} | {"last": PAGE}
        yield f"{case.name}, last page", last

    async def _measured(self, case: Case, name: str, variables: Mapping[str, Any]) -> Result:
        assert self._trace is not None, "statements are traced in development"
        times, wal = [], []
        for _ in range(self._runs + 1):
            before = await self._connection.fetchval(_WAL)
            with self._trace() as sent:
                answer, milliseconds = await self._ask(case, variables)
            wal.append(int(await self._connection.fetchval(_WAL) - before))
            times.append(milliseconds)
        explained = [found for each in sent if (found := await self._explained(each)) is not None]
        return Result(
            group=case.group,
            name=name,
            p50_ms=quantile(times[1:], 0.5),
            p95_ms=quantile(times[1:], 0.95),
            first_ms=times[0],
            buffers=sum(each.buffers for each in explained),
            wal_bytes=min(wal),
            outcome=_outcome(answer),
            worst=max(explained, key=lambda each: each.milliseconds, default=None),
        )

    async def _explained(self, sent: SentStatement) -> Explained | None:
        if sent.is_write or not sent.text.lstrip("(").startswith(("SELECT", "WITH")):
            return None
        command = "EXPLAIN (ANALYZE, BUFFERS, WAL"
        try:
            [found] = json.loads(
                await self._connection.fetchval(f"{command}, FORMAT JSON) {sent.text}", *sent.arguments)
            )
            plan = await self._connection.fetch(f"{command}) {sent.text}", *sent.arguments)
        except asyncpg.QueryCanceledError:
            return Explained(text=sent.text, plan="(canceled)", buffers=0, milliseconds=sent.milliseconds)
        top = found["Plan"]
        return Explained(
            text=sent.text,
            plan="\n".join(row[0] for row in plan),
            buffers=top["Shared Hit Blocks"] + top["Shared Read Blocks"],
            milliseconds=found["Execution Time"],
        )

    async def _ask(self, case: Case, variables: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
        email = self._here.guest_email if case.is_guest else self._here.owner_email
        token = await self._token(email)
        since = time.perf_counter()
        answer = await self._client.post(
            "/graphql",
            json={"query": case.query, "variables": dict(variables)},
            headers={"Authorization": f"Bearer {token}"},
        )
        return answer.json(), (time.perf_counter() - since) * 1000

    async def _token(self, email: str) -> str:
        token, got_at = self._tokens.get(email, ("", 0.0))
        if not token or time.monotonic() - got_at > TOKEN_SECONDS:
            form = {"grant_type": "password", "username": email, "password": DEMO_PASSWORD}
            answer = await self._client.post("/auth/token", data=form)
            if answer.status_code != httpx.codes.OK:
                raise BenchmarkError(f"Cannot sign in as {email}: {answer.text}")
            token, got_at = answer.json()["access_token"], time.monotonic()
            self._tokens[email] = token, got_at
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
    connection = await asyncpg.connect(dataset.driver_url, command_timeout=60)
    try:
        here = await _workspace(connection, dataset)
        transport = httpx.ASGITransport(asgi)
        async with (
            asgi.router.lifespan_context(asgi),
            httpx.AsyncClient(transport=transport, base_url=settings.issuer, timeout=60) as client,
        ):
            yield Runner(asgi.state.app, client, connection, here, runs=runs)
    finally:
        await connection.close()


async def _workspace(connection: Any, dataset: Dataset) -> Workspace:
    row = await connection.fetchrow(_WORKSPACE, dataset.slug)
    await connection.execute(_LET_SIGN_IN, row["guest_id"])
    return Workspace(
        slug=row["slug"],
        project_id=row["project_id"],
        guest_email=row["guest_email"],
        owner_email=DEMO_EMAIL,
        label=dataset.label,
        person=await connection.fetchval(_PERSON),
    )


def _list_of(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The measured list of an answer; empty if there is none."""
    for parent in (answer.get("data") or {}).values():
        found = (parent or {}).get("list")
        if found is not None:
            return dict(found)
    return {}


def _outcome(answer: Mapping[str, Any]) -> str:
    if answer.get("errors"):
        return str(answer["errors"][0]["extensions"].get("code", "error"))
    found = _list_of(answer)
    if "totalCount" in found:
        return f"counted {found['totalCount']:,}"
    return f"{len(found['nodes'])} items" if "nodes" in found else "answered"
