from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.issues.model import Issue
from domain.issues.priorities import Priority
from domain.issues.queries import IssueFilter, IssueQuery
from domain.shared.actor import Actor, Role
from domain.shared.errors import ErrorCode, InvalidInput
from domain.shared.filters import DateTimeComparator, IdComparator, OrderComparator, TextComparator
from domain.shared.pages import PageRequest
from infra.batches.repository import SqlBatchRunRepository
from infra.batches.tables import BatchRowsRow
from infra.db.engine import read_pool
from infra.db.filtered import FilterTooBroad
from infra.db.list_sizes import ListSizes
from infra.db.read import ReadSession
from infra.db.write_connection import WriteConnections
from infra.issues.matching import SqlMatchingIssues
from infra.issues.reader import SqlIssueReader
from infra.issues.repository import SqlIssueRepository
from tests.commit_log import write_sizes
from tests.factories.batches import BatchRunFactory
from tests.factories.moments import MADE
from tests.factories.workspaces import WorkspaceFactory
from tests.patience import PATIENT

FILTERS = [
    IssueFilter(),
    IssueFilter(title=TextComparator(contains="door")),
    IssueFilter(text="red -blue"),
    IssueFilter(not_=IssueFilter(text="blue")),
    IssueFilter(priority=OrderComparator(in_=(Priority.HIGH,))),
    IssueFilter(archived_at=DateTimeComparator(is_null=False)),
    IssueFilter(parent_id=IdComparator(is_null=True)),
    IssueFilter(or_=()),
]


@pytest.fixture
async def issues(engine: AsyncEngine, issue: Issue, other_issue: Issue) -> list[Issue]:
    """Eight issues, every other one with a high priority, of which one is archived and one is in the trash."""
    titles = ["Blue door", "Red door", "Red and blue door", "x", "Archived door", "Trashed door", "y", "Red"]
    own = [
        replace(
            issue,
            id=f"{issue.id[:-6]}{8 - place:06}",
            number=place + 1,
            title=title,
            priority=Priority.HIGH if place % 2 else Priority.NONE,
            archived_at=MADE if "Archived" in title else None,
            trashed_at=MADE if "Trashed" in title else None,
        )
        for place, title in enumerate(titles)
    ]
    async with engine.begin() as connection:
        sizes = ListSizes()
        await SqlIssueRepository(connection, sizes).add_all([*own, other_issue])
        await write_sizes(connection, sizes)
    return own


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as connection:
        yield connection


@pytest.fixture(params=["member", "guest of the project", "guest of none"])
def actor(request: pytest.FixtureRequest, issue: Issue) -> Actor:
    if request.param == "member":
        return Actor(user_id="usr_member", roles={issue.workspace_id: Role.MEMBER})
    areas = frozenset({issue.project_id} if request.param == "guest of the project" else ())
    return Actor(user_id="usr_guest", roles={issue.workspace_id: Role.GUEST}, areas={issue.workspace_id: areas})


async def listed(engine: AsyncEngine, actor: Actor, issue: Issue, filter: IssueFilter) -> Sequence[str]:
    """Ids in the list of the workspace, in id order."""
    pool = read_pool(engine, PATIENT)
    try:
        reader = SqlIssueReader(ReadSession(pool))
        workspace = WorkspaceFactory(id=issue.workspace_id)
        [page] = await reader.of_workspaces(actor, [workspace], IssueQuery(filter=filter), PageRequest(first=100))
    finally:
        await pool.aclose()
    return sorted(each.id for each in page.nodes)


@pytest.mark.parametrize("filter", FILTERS)
async def test_a_filter_selects_what_the_list_of_the_workspace_shows(
    engine: AsyncEngine, connection: AsyncConnection, issues: list[Issue], actor: Actor, filter: IssueFilter
) -> None:
    workspace_id, matching = issues[0].workspace_id, SqlMatchingIssues(connection)
    expected = await listed(engine, actor, issues[0], filter)
    ids = await matching.ids(actor, workspace_id, filter, most=100)
    assert list(ids) == list(expected)
    assert await matching.count(actor, workspace_id, filter) == len(ids)
    everything = sorted(each.id for each in issues)
    assert await matching.still_matching(actor, workspace_id, filter, everything) == set(ids)
    assert await matching.still_matching(actor, workspace_id, filter, everything[:3]) == set(ids) & set(everything[:3])


async def test_the_rows_of_a_run_are_those_that_the_filter_selects(
    connection: AsyncConnection, issues: list[Issue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.batches.repository.BATCH_SIZE", 2)
    workspace_id, wanted = issues[0].workspace_id, IssueFilter(title=TextComparator(contains="door"))
    run = BatchRunFactory(workspace=WorkspaceFactory(id=workspace_id), started_by_id=issues[0].creator_id)
    await SqlBatchRunRepository(connection).add(run)
    matching = SqlMatchingIssues(connection)
    assert await matching.store(Actor.system(), run, wanted) == 3
    rows = await connection.scalars(select(BatchRowsRow.ids).order_by(BatchRowsRow.position))
    ids = [each for batch in rows for each in batch]
    assert ids == list(await matching.ids(Actor.system(), workspace_id, wanted, most=100))
    assert ids == sorted(ids)


async def test_at_most_as_many_ids_are_read_as_asked_for(connection: AsyncConnection, issues: list[Issue]) -> None:
    found = await SqlMatchingIssues(connection).ids(Actor.system(), issues[0].workspace_id, IssueFilter(), most=2)
    assert len(found) == 2


async def test_a_filter_that_takes_too_long_is_refused(
    engine: AsyncEngine, connection: AsyncConnection, issues: list[Issue]
) -> None:
    await connection.execute(text("LOCK TABLE issue IN ACCESS EXCLUSIVE MODE"))
    async with WriteConnections(engine).connect() as other:
        await other.execute(text("SET LOCAL statement_timeout = 50"))
        with pytest.raises(FilterTooBroad) as refusal:
            await SqlMatchingIssues(other).ids(Actor.system(), issues[0].workspace_id, IssueFilter(), most=2)
    assert refusal.value.failure is ErrorCode.FILTER_TOO_BROAD
    assert refusal.value.path == ("filter",)


async def test_a_filter_that_breaks_a_rule_is_refused(connection: AsyncConnection, issues: list[Issue]) -> None:
    wrong = IssueFilter(id=IdComparator(eq="prj_1"))
    with pytest.raises(InvalidInput) as refusal:
        await SqlMatchingIssues(connection).ids(Actor.system(), issues[0].workspace_id, wrong, most=2)
    assert refusal.value.path == ("filter", "id", "eq")
