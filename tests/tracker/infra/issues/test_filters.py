from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ARRAY, SmallInteger, Text, any_, bindparam, func, literal_column, select, text, true
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.accounts.queries import UserFilter
from domain.issues.model import Issue
from domain.issues.priorities import Priority
from domain.issues.queries import IssueFilter, IssueQuery
from domain.labels.queries import LabelFilter
from domain.shared.actor import Actor, Role
from domain.shared.characters import nfc
from domain.shared.errors import ErrorCode
from domain.shared.filters import (
    MOST_CONDITIONS,
    DateTimeComparator,
    EnumComparator,
    IdComparator,
    ListComparator,
    TextComparator,
)
from domain.shared.pages import PageRequest
from infra.db import lookups
from infra.db.engine import read_pool
from infra.db.filter_values import ByRow, FoundIds
from infra.db.filtered import FilteredRead, FilterTooBroad
from infra.db.list_sizes import ListSizes
from infra.db.lookups import (
    MOST_FOUND,
    MOST_REMEMBERED,
    REMEMBERED_SECONDS,
    FrequentSearches,
    _lookups,
    looked_up,
)
from infra.db.read import ReadSession
from infra.db.visibility import in_workspace
from infra.issues.filters import ACTIVE_FILTERS, FILTERS_WITH_ARCHIVED, ISSUE_FILTERS, ISSUE_FILTERS_OF_GUESTS
from infra.issues.reader import NARROWING, SqlIssueReader
from infra.issues.repository import SqlIssueRepository
from infra.issues.tables import WORDS_CONFIGURATION, IssueRow, words_of
from tests.commit_log import write_sizes
from tests.examples import share_of
from tests.factories.accounts import UserFactory
from tests.factories.workspaces import WorkspaceFactory
from tests.patience import PATIENT
from tests.tracker.factories.projects import ProjectFactory
from tests.tracker.factories.storing import link, store

TITLES = [
    "Blue door",
    "RED Door",
    "Ärger mit İstanbul",
    "ΟΔΟΣ ΟΔΟΣΑ",
    "한국 문서",
    "日本語の題",
    "50% off_load \\ now",
    "x",
]
DESCRIPTIONS = ["", "The cafe\u0301 is closed.", "don't retry-after 3.5 a@b.example"]
PARTS = sorted({word for line in TITLES + DESCRIPTIONS for word in line.split()})
some_part = st.one_of(
    st.sampled_from(
        [part[start:][:length] for part in [*TITLES, *PARTS] for start in range(4) for length in (2, 3, 6)]
    ),
    st.sampled_from([change(title) for title in TITLES for change in (str.upper, str.lower, str.swapcase)]),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
)
some_text = st.one_of(
    st.sampled_from(PARTS),
    st.lists(st.sampled_from([*PARTS, "-blue", '"blue door"', "or", '"', "-"]), max_size=3).map(" ".join),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
)
few = settings(
    max_examples=share_of(60), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


async def add(connection: AsyncConnection, issue: Issue, titles: list[str]) -> list[Issue]:
    issues = [
        replace(
            issue,
            id=f"{issue.id[:-6]}{place:06}",
            number=place + 1,
            title=nfc(title),
            description=DESCRIPTIONS[place % len(DESCRIPTIONS)],
        )
        for place, title in enumerate(titles)
    ]
    sizes = ListSizes()
    await SqlIssueRepository(connection, sizes).add_all(issues)
    await write_sizes(connection, sizes)
    return issues


class Found:
    """The issues of one workspace that filters find, with and without lookups."""

    def __init__(self, reads: ReadSession, issue: Issue) -> None:
        self.reads = reads
        self.workspace_id = issue.workspace_id
        self.owner = Actor(user_id="usr_owner", roles={issue.workspace_id: Role.OWNER})

    async def where(self, condition: Any) -> list[str]:
        found = select(IssueRow.id).where(IssueRow.workspace_id == bindparam("workspace_id"), condition)
        rows = await self.reads.fetch(found.order_by(IssueRow.id), workspace_id=self.workspace_id)
        return [row[0] for row in rows]

    async def looked_up(self, filter: IssueFilter, actor: Actor | None = None) -> Any:
        actor = actor or self.owner
        return await looked_up(self.reads, ISSUE_FILTERS, filter, actor=actor, workspace_id=self.workspace_id)

    async def by(self, filter: IssueFilter) -> list[str]:
        """What the filter finds; its complement finds all others."""
        found = await self.where(ISSUE_FILTERS.where(filter))
        assert await self.where(ISSUE_FILTERS.match(ISSUE_FILTERS.by_row(filter), ISSUE_FILTERS.table)) == found
        assert await self.where(ISSUE_FILTERS.where(await self.looked_up(filter))) == found
        others = await self.where(ISSUE_FILTERS.where(await self.looked_up(IssueFilter(not_=filter))))
        assert sorted(found + others) == await self.where(true())
        return found


@pytest.fixture
async def reads(engine):
    pool = read_pool(engine, PATIENT)
    yield ReadSession(pool)
    await pool.aclose()


@pytest.fixture
async def found(engine, reads, issue, other_issue):
    """Issues with all titles, in a workspace beside one that has the same."""
    async with engine.begin() as connection:
        await add(connection, issue, TITLES * 2)
        await add(connection, other_issue, TITLES)
    return Found(reads, issue)


@few
@given(wanted=some_text)
async def test_text_finds_what_its_definition_finds(found, wanted):
    query = func.websearch_to_tsquery(WORDS_CONFIGURATION, bindparam(None, nfc(wanted), Text))
    by_definition = words_of(IssueRow.title, IssueRow.description).bool_op("@@")(query)
    assert await found.by(IssueFilter(text=wanted)) == await found.where(by_definition)


@pytest.mark.parametrize("wanted", ["CAFÉ", "cafe\u0301", "café"])
async def test_text_ignores_letter_case_and_the_form_of_accents(found, wanted):
    assert len(await found.by(IssueFilter(text=wanted))) == 5


@few
@given(wanted=some_part, operator=st.sampled_from(["eq", "contains", "starts_with"]))
async def test_parts_of_titles_find_what_their_definition_finds(found, wanted, operator):
    definition = {
        "eq": IssueRow.title == nfc(wanted),
        "contains": IssueRow.title.icontains(nfc(wanted), autoescape=True),
        "starts_with": IssueRow.title.istartswith(nfc(wanted), autoescape=True),
    }
    by_definition = await found.where(definition[operator])
    assert await found.by(IssueFilter(title=TextComparator(**{operator: wanted}))) == by_definition


async def test_conditions_on_a_title_hold_together(found):
    blue = TextComparator(contains="e doo", starts_with="b", neq="x")
    assert len(await found.by(IssueFilter(title=blue))) == 2
    assert await found.by(IssueFilter(title=replace(blue, not_in=("Blue door",)))) == []
    assert len(await found.by(IssueFilter(or_=(IssueFilter(title=blue), IssueFilter(text="x"))))) == 4


async def test_what_an_index_finds_replaces_the_condition(found):
    wanted = IssueFilter(text="door", title=TextComparator(contains="blue"))
    by_ids = await found.looked_up(wanted)
    assert (len(by_ids.text), len(by_ids.title)) == (4, 2)
    assert await found.looked_up(IssueFilter(text="nothing")) == IssueFilter(text=FoundIds(()))


@pytest.mark.parametrize("wanted", [("Blue door",), ("Blue door", "x", "nothing"), ("blue door",)])
async def test_titles_of_a_list_are_found_by_the_index(found, wanted):
    by_ids = await found.looked_up(IssueFilter(title=TextComparator(in_=wanted)))
    assert len(by_ids.title) == 2 * len(set(wanted) & set(TITLES))
    await found.by(IssueFilter(title=TextComparator(in_=wanted)))


@pytest.mark.parametrize(
    "filter",
    [
        IssueFilter(text="-door"),
        IssueFilter(text="blue -door"),
        IssueFilter(title=TextComparator(contains="oo")),
        IssueFilter(title=TextComparator(starts_with="")),
        IssueFilter(title=TextComparator(eq=None)),
        IssueFilter(title=TextComparator(neq="Blue door")),
        IssueFilter(title=TextComparator(in_=("Blue door", ""))),
        IssueFilter(title=TextComparator(in_=())),
    ],
)
async def test_what_no_index_finds_is_not_looked_up(found, filter):
    assert await found.looked_up(filter) == filter
    await found.by(filter)


SHORT = IssueFilter(title=TextComparator(contains="oo"))
INDEXED = IssueFilter(created_at=DateTimeComparator(gt=datetime(2024, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("filter", "is_bounded"),
    [
        (SHORT, False),
        (IssueFilter(priority=EnumComparator(eq=Priority.HIGH), and_=(SHORT,)), False),
        (IssueFilter(or_=(SHORT, INDEXED)), False),
        (IssueFilter(and_=(SHORT, INDEXED)), True),
        (IssueFilter(and_=(SHORT, IssueFilter(or_=(INDEXED, IssueFilter(text="door"))))), True),
        (IssueFilter(text="door", and_=(SHORT,)), True),
        (replace(INDEXED, title=SHORT.title), True),
        (IssueFilter(title=TextComparator(contains="oo", starts_with="b")), True),
        (IssueFilter(title=TextComparator(contains="door")), True),
        (IssueFilter(not_=SHORT), True),
        (IssueFilter(text="-door"), True),
        (IssueFilter(), True),
    ],
)
def test_a_short_part_of_a_title_needs_an_indexed_condition(filter, is_bounded):
    assert ISSUE_FILTERS.is_bounded(filter, NARROWING) is is_bounded


async def test_a_short_part_of_a_title_is_refused_in_long_lists_before_the_search(found, issue, monkeypatch):
    query = IssueQuery(filter=SHORT)
    workspace = WorkspaceFactory(id=issue.workspace_id)
    guest = guest_in(issue, frozenset({issue.project_id}))
    [page] = await SqlIssueReader(found.reads).of_workspaces(found.owner, [workspace], query, PageRequest())
    assert len(page.nodes) == 4
    monkeypatch.setattr("infra.db.reader.MOST_SORTED", 1)
    monkeypatch.setattr(FilteredRead, "pages", None)
    for actor in (found.owner, guest):
        with pytest.raises(FilterTooBroad) as error:
            await SqlIssueReader(found.reads).of_workspaces(actor, [workspace], query, PageRequest())
        assert error.value.failure is ErrorCode.FILTER_TOO_BROAD
        assert "a condition on CREATED_AT" in error.value.message_with(str.upper)


ARCHIVED_AT = [
    DateTimeComparator(**{name: value})
    for name, value in [
        ("eq", None),
        ("neq", None),
        ("is_null", True),
        ("is_null", False),
        *((name, datetime(2024, 1, 2, tzinfo=UTC)) for name in ("eq", "neq", "lt", "lte", "gt", "gte")),
        ("in_", (datetime(2024, 1, 2, tzinfo=UTC),)),
        ("not_in", (datetime(2024, 1, 2, tzinfo=UTC),)),
    ]
]


@pytest.mark.parametrize("comparator", ARCHIVED_AT, ids=str)
async def test_lists_without_archived_issues_know_that_none_is_archived(engine, reads, issue, comparator):
    async with engine.begin() as connection:
        first, second, *_ = await add(connection, issue, ["One", "Two", "Three"])
        for made, day in ((first, 2), (second, 3)):
            after = replace(made, archived_at=datetime(2024, 1, day, tzinfo=UTC))
            await SqlIssueRepository(connection, ListSizes()).save(made, after)
    found = Found(reads, issue)
    wanted = IssueFilter(archived_at=comparator)
    for lifecycles, filters in (((0,), ACTIVE_FILTERS), ((0, 1), FILTERS_WITH_ARCHIVED)):
        listed = IssueRow.lifecycle == any_(bindparam(None, list(lifecycles), ARRAY(SmallInteger), unique=True))
        by_definition = await found.where(listed & ISSUE_FILTERS.where(wanted))
        assert await found.where(listed & filters.of_members.where(wanted)) == by_definition


async def test_archived_issues_are_not_looked_for_where_none_is(engine, issue):
    async with engine.connect() as connection:
        wanted = IssueFilter(archived_at=DateTimeComparator(is_null=False))
        for filters in ACTIVE_FILTERS:
            sought = select(IssueRow.id).where(IssueRow.workspace_id == issue.workspace_id, filters.where(wanted))
            sql = str(sought.compile(dialect=asyncpg.dialect(), compile_kwargs={"literal_binds": True}))
            plan = list(await connection.scalars(text(f"EXPLAIN {sql}".replace(":", "\\:"))))
            assert "One-Time Filter: false" in plan[1]


async def test_rows_in_an_order_are_searched_one_by_one(engine, issue):
    """Without knowing the text, PostgreSQL would expect few rows with the word, and sort all that have it."""
    async with engine.connect() as connection:
        await add(connection, issue, [f"Issue {place} alpha" for place in range(2_000)])
        await connection.execute(text("ANALYZE issue, issue_words"))
        await connection.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        by_row = ISSUE_FILTERS.match(ISSUE_FILTERS.by_row(IssueFilter(text="alpha")), ISSUE_FILTERS.table)
        newest = select(IssueRow.id).where(IssueRow.workspace_id == bindparam("workspace_id", type_=Text), by_row)
        newest = newest.where(IssueRow.lifecycle == literal_column("0")).order_by(IssueRow.created_at, IssueRow.id)
        compiled = newest.limit(literal_column("51")).compile(dialect=asyncpg.dialect())
        values = [compiled.params[name] or issue.workspace_id for name in compiled.positiontup]
        await connection.exec_driver_sql(f"PREPARE newest AS {compiled}")
        given = ", ".join(f"'{value}'" for value in values)
        plan = list(await connection.scalars(text(f"EXPLAIN (ANALYZE, COSTS OFF) EXECUTE newest ({given})")))
        assert any("ix_issue_workspace_created_at" in line and "rows=51" in line for line in plan), plan
        assert not any("Sort" in line for line in plan), plan


@pytest.mark.parametrize("quantifier", ["every", "none"])
async def test_links_that_must_be_absent_are_looked_for_issue_by_issue(engine, issue, quantifier):
    """PostgreSQL would read all links of the workspace if it expects that few of them are in the way."""
    named = LabelFilter(id=IdComparator(is_null=quantifier == "none"))
    wanted = IssueFilter(labels=ListComparator(**{quantifier: named}))
    by_row = ISSUE_FILTERS.by_row(wanted)
    assert by_row == IssueFilter(labels=ByRow(wanted.labels))
    assert ISSUE_FILTERS.by_row(wanted, is_counted=True) == wanted
    async with engine.connect() as connection:
        matches = ISSUE_FILTERS.match(by_row, ISSUE_FILTERS.table)
        newest = select(IssueRow.id).where(in_workspace(IssueRow.workspace_id), matches).limit(literal_column("51"))
        newest = newest.params(workspace_id=issue.workspace_id)
        sql = str(newest.compile(dialect=asyncpg.dialect(), compile_kwargs={"literal_binds": True}))
        plan = list(await connection.scalars(text(f"EXPLAIN {sql}".replace(":", "\\:"))))
        assert any("SubPlan" in line for line in plan), plan
        assert not any("Join" in line for line in plan), plan


async def test_too_many_matches_stay_a_condition(found, monkeypatch):
    wanted = IssueFilter(text="door", title=TextComparator(contains="blue"))
    monkeypatch.setattr(lookups, "MOST_FOUND", 3)
    by_ids = await found.looked_up(wanted)
    assert by_ids.text == "door"
    assert len(by_ids.title) == 2


async def test_a_search_that_found_too_much_is_not_repeated_so_soon(found, monkeypatch, caplog):
    monkeypatch.setattr(lookups, "MOST_FOUND", 3)
    frequent = FrequentSearches()

    async def asked(filter: IssueFilter) -> tuple[Any, int]:
        caplog.clear()
        with caplog.at_level("DEBUG", "infra.db.read"):
            by_ids = await looked_up(
                found.reads,
                ISSUE_FILTERS,
                filter,
                actor=found.owner,
                workspace_id=found.workspace_id,
                frequent=frequent,
            )
        return by_ids, len(caplog.records)

    assert await asked(IssueFilter(text="door")) == (IssueFilter(text="door"), 1)
    assert await asked(IssueFilter(text="door")) == (IssueFilter(text="door"), 0)
    by_ids, statements = await asked(IssueFilter(text="door", title=TextComparator(contains="blue")))
    assert (by_ids.text, len(by_ids.title), statements) == ("door", 2, 1)
    monkeypatch.setattr(lookups, "monotonic", lambda: monotonic() + REMEMBERED_SECONDS + 1)
    assert await asked(IssueFilter(text="door")) == (IssueFilter(text="door"), 1)


def test_searches_that_find_too_much_are_forgotten_after_others():
    frequent = FrequentSearches()
    for search in range(MOST_REMEMBERED + 1):
        frequent.add(search)
    assert (0 in frequent, 1 in frequent) == (False, True)


def test_only_rows_of_exact_searches_are_counted_by_the_index():
    wanted = IssueFilter(text="door", title=TextComparator(contains="blue"), priority=EnumComparator(eq=Priority.HIGH))
    assert ISSUE_FILTERS.by_row(wanted) == replace(wanted, text=ByRow(wanted.text), title=ByRow(wanted.title))
    assert ISSUE_FILTERS.by_row(wanted, is_counted=True) == replace(wanted, title=ByRow(wanted.title))


async def test_many_found_rows_count_as_one_condition(engine, reads, issue):
    many = MOST_CONDITIONS + 1
    async with engine.begin() as connection:
        await add(connection, issue, ["common"] * many)
    found = Found(reads, issue)
    by_ids = await found.looked_up(IssueFilter(text="common"))
    assert len(by_ids.text) == many
    assert len(await found.where(ISSUE_FILTERS.where(by_ids))) == many


def guest_in(issue: Issue, areas: frozenset[str]) -> Actor:
    return Actor(user_id="usr_guest", roles={issue.workspace_id: Role.GUEST}, areas={issue.workspace_id: areas})


async def test_a_guest_has_no_hidden_issue_looked_up(found, issue):
    wanted = IssueFilter(text="door", title=TextComparator(contains="blue"))
    for areas, matches in ((frozenset({issue.project_id}), (4, 2)), (frozenset(), (0, 0))):
        by_ids = await found.looked_up(wanted, guest_in(issue, areas))
        assert (len(by_ids.text), len(by_ids.title)) == matches


async def test_searches_enter_through_their_index_even_for_words_that_others_use(engine, reads, issue, other_issue):
    async with engine.begin() as connection:
        for each, word in ((issue, "alpha"), (other_issue, "omega")):
            await add(connection, each, [f"Issue q{place}q of {place % 90 + 10} {word}" for place in range(4_000)])
    async with engine.connect() as connection:
        await connection.execute(text("ANALYZE issue, issue_words"))
        # A scan of so few rows costs less than some searches of the index.
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
        for wanted, rows in (
            (IssueFilter(text="omega"), 0),
            (IssueFilter(text="q77q"), 1),
            (IssueFilter(text="alpha"), 4_000),
            (IssueFilter(title=TextComparator(contains="omega")), 0),
            (IssueFilter(title=TextComparator(contains="Q77q")), 2),
        ):
            _, statement = _lookups(ISSUE_FILTERS, wanted, is_guest=False, most_found=MOST_FOUND)
            statement = statement.params(workspace_id=issue.workspace_id)
            sql = str(statement.compile(dialect=asyncpg.dialect(), compile_kwargs={"literal_binds": True}))
            plan = list(await connection.scalars(text(f"EXPLAIN (ANALYZE, COSTS OFF) {sql}".replace(":", "\\:"))))
            [scan] = [line for line in plan if "Bitmap Index Scan on ix_issue_words" in line]
            assert f"rows={rows}" in scan, plan


@pytest.fixture
async def people(engine, reads, issue, other_issue):
    """Three issues here, one of them assigned, and one elsewhere; none of the users is a member."""
    ann, bob = UserFactory(name="Ann"), UserFactory(name="Bob")
    await store(engine, ann, bob)
    async with engine.begin() as connection:
        first, second, third = await add(connection, issue, ["First", "Second", "Third"])
        [elsewhere] = await add(connection, other_issue, ["Elsewhere"])
        for made, creator in ((first, ann), (second, ann), (elsewhere, bob)):
            await SqlIssueRepository(connection, ListSizes()).save(made, replace(made, creator_id=creator.id))
    await link(engine, third, assignees=[ann])
    await link(engine, elsewhere, assignees=[bob])
    return Found(reads, issue), ann


async def test_creators_and_assignees_of_the_workspace_are_looked_up_by_name(people):
    found, ann = people
    for name, ids in (("ann", (ann.id,)), ("bob", ())):
        named = UserFilter(name=TextComparator(contains=name))
        by_ids = await found.looked_up(IssueFilter(creator=named, assignees=ListComparator(some=named)))
        by_id = UserFilter(id=IdComparator(in_=ids))
        assert by_ids == IssueFilter(creator=by_id, assignees=ListComparator(some=by_id))
    named = UserFilter(name=TextComparator(eq="Ann"))
    assert len(await found.by(IssueFilter(creator=named))) == 2
    assert len(await found.by(IssueFilter(assignees=ListComparator(some=named)))) == 1


async def test_people_of_hidden_issues_are_not_looked_up_for_guests(people, issue):
    found, ann = people
    named = UserFilter(name=TextComparator(eq="Ann"))
    for areas, ids in ((frozenset({issue.project_id}), (ann.id,)), (frozenset(), ())):
        by_ids = await found.looked_up(
            IssueFilter(creator=named, assignees=ListComparator(none=named)), guest_in(issue, areas)
        )
        assert by_ids.creator.id.in_ == by_ids.assignees.none.id.in_ == ids


async def test_people_are_looked_up_for_lists_under_projects_too(people, issue, caplog):
    found, _ = people
    query = IssueQuery(filter=IssueFilter(creator=UserFilter(name=TextComparator(eq="Ann"))))
    project = ProjectFactory(id=issue.project_id, workspace_id=issue.workspace_id)
    with caplog.at_level("DEBUG", "infra.db.read"):
        [page] = await SqlIssueReader(found.reads).of_projects(found.owner, [project], query, PageRequest())
    assert sorted(each.title for each in page.nodes) == ["First", "Second"]
    assert "account" not in caplog.records[-1].getMessage()


async def test_a_guest_finds_the_children_of_a_visible_issue_by_their_index(engine, issue):
    async with engine.connect() as connection:
        parent, *children = await add(connection, issue, [f"Issue {place}" for place in range(3_000)])
        for child in children[:5]:
            await SqlIssueRepository(connection, ListSizes()).save(child, replace(child, parent_id=parent.id))
        await connection.execute(text("ANALYZE issue"))
        condition = ISSUE_FILTERS_OF_GUESTS.where(IssueFilter(parent_id=IdComparator(eq=parent.id)))
        wanted = select(IssueRow.id).where(IssueRow.workspace_id == issue.workspace_id, condition)
        wanted = wanted.params(workspace_id=issue.workspace_id, guest_areas=[issue.project_id])
        found = await connection.execute(wanted)
        assert sorted(found.scalars()) == [child.id for child in children[:5]]
        sql = str(wanted.compile(dialect=asyncpg.dialect(), compile_kwargs={"literal_binds": True}))
        plan = list(await connection.scalars(text(f"EXPLAIN {sql}".replace(":", "\\:"))))
        assert any("ix_issue_parent_created_at" in line for line in plan), plan
        assert not any("SubPlan" in line for line in plan), plan
