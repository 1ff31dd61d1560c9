from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest

from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.seed import service
from domain.seed.commands import SeedOrder
from domain.seed.generator import Generator
from domain.seed.model import PlannedIssue, SeedOutcome
from domain.seed.service import BATCH, SeedService
from domain.shared.actor import Actor, Cause
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from domain.shared.errors import Conflict, NotFound, PermissionDenied, Rejected
from domain.shared.jobs import Progress
from infra.commits import Committed
from infra.db.engine import Engines, open_engines
from infra.shared.ids import Uuid7IdFactory
from infra.uow import SqlUowFactory
from tests import defaults
from tests.factories.accounts import UserFactory, persisted_user
from tests.fakes.clock import MemoryClock
from tests.fakes.hasher import MemoryPasswordHasher
from tests.identity import identity_on
from tests.patience import PATIENT
from tests.routes import rows_without_route
from tests.servers import driver_url
from tests.tracker.list_sizes import require_exact_counts

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SEEDER = Actor.system(cause=Cause.SEED)
ORDER = SeedOrder(size=BATCH + 100, owner_password=DEMO_PASSWORD)
TABLES = ("account", "password", "workspace", "member", "project", "state", "label", "issue", "comment", "event", "job")


class Seeder:
    def __init__(self, engines: Engines, connection: asyncpg.Connection) -> None:
        clock = MemoryClock(NOW)
        ids = Uuid7IdFactory(clock)
        self.engines = engines
        self.connection = connection
        self.committed: list[Committed] = []
        uow = SqlUowFactory(engines.write, clock, ids, self.committed.append)
        self.service = SeedService(uow, MemoryPasswordHasher(), defaults.password_rules(), ids)

    async def counts(self) -> dict[str, int]:
        return {table: await self.connection.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}

    async def column(self, statement: str) -> list[object]:
        return [row[0] for row in await self.connection.fetch(statement)]


@pytest.fixture
async def seeder(database: str) -> AsyncIterator[Seeder]:
    connection = await asyncpg.connect(driver_url(database))
    async with open_engines(database, PATIENT) as engines:
        yield Seeder(engines, connection)
    await connection.close()


def planned_issues(order: SeedOrder = ORDER) -> list[PlannedIssue]:
    return list(Generator(order, now=NOW).issues())


async def test_planned_objects_are_stored_with_one_event_each(seeder: Seeder):
    told: list[Progress] = []
    outcome = await seeder.service.seed(SEEDER, ORDER, on_progress=told.append)
    issues = planned_issues()
    comments = sum(len(issue.comments) for issue in issues)
    counts = await seeder.counts()
    assert outcome == SeedOutcome(is_new=True, people=25, issues=600, comments=comments)
    assert await require_exact_counts(seeder.engines.write) > 0
    assert told == [Progress(done=500, total=600), Progress(done=600, total=600)]
    assert counts == {
        "account": 25,
        "password": 1,
        "workspace": 1,
        "member": 25,
        "project": 4,
        "state": 20,
        "label": 24,
        "issue": 600,
        "comment": comments,
        "event": 1 + 1 + 25 + 4 + 20 + 2 + 24 + 600 + comments,
        "job": 0,
    }
    assert await seeder.column("SELECT count(*) FROM issue_assignee") == [sum(len(each.assignees) for each in issues)]
    guests = "SELECT role FROM project_member JOIN member ON member.id = member_id"
    assert await seeder.column(guests) == ["GUEST", "GUEST"]
    assert await seeder.column("SELECT count(*) FROM issue_label") == [sum(len(each.labels) for each in issues)]
    assert await rows_without_route(seeder.engines.write) == {}


async def test_the_log_has_no_gap_and_says_why(seeder: Seeder):
    await seeder.service.seed(SEEDER, ORDER)
    revisions = await seeder.column("SELECT revision FROM event ORDER BY revision")
    assert revisions == list(range(1, len(revisions) + 1))
    assert await seeder.column("SELECT revision FROM workspace_revision") == [len(revisions)]
    assert await seeder.column("SELECT DISTINCT cause FROM event") == ["SEED"]
    without_event = """
        SELECT id FROM (SELECT id FROM issue UNION ALL SELECT id FROM comment) AS made
        WHERE NOT EXISTS (SELECT 1 FROM event WHERE subject_id = made.id AND type LIKE '%.created')
    """
    assert await seeder.column(without_event) == []
    first = await seeder.connection.fetchrow("SELECT type, subject_id FROM event WHERE revision = 1")
    assert first["type"] == "workspace.created"
    assert [each.job_ids for each in seeder.committed if each.job_ids] == []


async def test_each_row_is_the_planned_one(seeder: Seeder):
    await seeder.service.seed(SEEDER, ORDER)
    await assert_rows_are_planned(seeder)


async def assert_rows_are_planned(seeder: Seeder) -> None:
    rows = await seeder.connection.fetch("""
        SELECT project.key || '-' || issue.number AS identifier, issue.title, issue.description, issue.priority,
               state.position,
               parent.number AS parent,
               issue.created_at, issue.updated_at, issue.completed_at, issue.due_date, issue.estimate,
               (SELECT array_agg(body ORDER BY comment.created_at) FROM comment WHERE issue_id = issue.id) AS bodies,
               (SELECT array_agg(label.name ORDER BY label.name COLLATE "C")
                FROM issue_label JOIN label ON label.id = label_id
                WHERE issue_id = issue.id) AS labels
        FROM issue JOIN project ON project.id = issue.project_id JOIN state ON state.id = issue.state_id
        LEFT JOIN issue parent ON parent.id = issue.parent_id
    """)
    plan = Generator(ORDER, now=NOW).plan
    stored = {row["identifier"]: tuple(row)[1:] for row in rows}
    assert stored == {
        f"{plan.projects[each.project].key}-{each.number}": (
            each.title,
            each.description,
            each.priority,
            each.state,
            each.parent_number,
            each.created_at,
            each.updated_at,
            each.completed_at,
            each.due_date,
            each.estimate,
            [comment.body for comment in each.comments] or None,
            sorted(plan.labels[place].name for place in each.labels) or None,
        )
        for each in planned_issues()
    }


class Interrupted(Exception):
    """The command was killed."""


def interrupt(progress: Progress | int) -> None:
    raise Interrupted


INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
CONSTRAINTS = "SELECT conname FROM pg_constraint ORDER BY conname"


@pytest.fixture
def bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "BULK_SIZE", ORDER.size)


@pytest.mark.parametrize(
    "is_late",
    [
        pytest.param(False, id="among the issues", marks=pytest.mark.verify),
        pytest.param(True, id="among the indexes"),
    ],
)
async def test_the_same_command_completes_an_interrupted_run(seeder: Seeder, bulk: None, is_late: bool):
    indexes, constraints = await seeder.column(INDEXES), await seeder.column(CONSTRAINTS)
    stop_at = {"on_index": interrupt} if is_late else {"on_progress": interrupt}
    with pytest.raises(Interrupted):
        await seeder.service.seed(SEEDER, ORDER, **stop_at)
    assert await seeder.column("SELECT count(*) FROM issue") == [600 if is_late else 500]
    assert set(await seeder.column(INDEXES)) < set(indexes)
    assert await seeder.column(CONSTRAINTS) == constraints

    left: list[int] = []
    outcome = await seeder.service.seed(SEEDER, ORDER, on_index=left.append)

    assert (outcome.is_new, outcome.people, outcome.issues) == (True, 0, 0 if is_late else 100)
    assert left == list(range(len(left) - 1, -1, -1)) != []
    assert await seeder.column(INDEXES) == indexes
    await assert_rows_are_planned(seeder)
    assert await seeder.column("SELECT count(*) FROM event") == await seeder.column("SELECT max(revision) FROM event")
    started = "SELECT change_set FROM event WHERE type = 'batch.started'"
    assert await seeder.column("SELECT DISTINCT change_set FROM event") == await seeder.column(started)
    assert await seeder.column("SELECT workspace_id FROM seed_run") == []
    assert not (await seeder.service.seed(SEEDER, ORDER)).is_new


async def test_indexes_stay_where_another_workspace_needs_them(seeder: Seeder, bulk: None):
    await seeder.service.seed(SEEDER, SeedOrder(slug="other", size=1, owner_password=DEMO_PASSWORD))
    indexes = await seeder.column(INDEXES)
    with pytest.raises(Interrupted):
        await seeder.service.seed(SEEDER, ORDER, on_progress=interrupt)
    assert await seeder.column(INDEXES) == indexes


async def test_an_interrupted_run_is_completed_in_its_own_size_only(seeder: Seeder):
    with pytest.raises(Interrupted):
        await seeder.service.seed(SEEDER, ORDER, on_progress=interrupt)
    before = await seeder.counts()
    with pytest.raises(Conflict, match="size 600"):
        await seeder.service.seed(SEEDER, SeedOrder(size=700, owner_password=DEMO_PASSWORD))
    first_only = SeedOrder(size=500, owner_password=DEMO_PASSWORD, is_first_only=True)
    assert not (await seeder.service.seed(SEEDER, first_only)).is_new
    assert await seeder.counts() == before


REPLACED = """SELECT (
    SELECT count(*) FROM issue_label x JOIN label l ON l.id = x.label_id WHERE l.replaced_by_id IS NOT NULL),
    (SELECT count(*) FROM issue i JOIN state s ON s.id = i.state_id WHERE s.replaced_by_id IS NOT NULL)"""


async def test_what_is_being_replaced_since_the_interruption_is_not_used_again(seeder: Seeder):
    with pytest.raises(Interrupted):
        await seeder.service.seed(SEEDER, ORDER, on_progress=interrupt)
    for table, order in (("label", "name"), ("state", "position")):
        # Every second one of the workspace or project, so that both kinds are needed for the rest.
        scope = "workspace_id" if table == "label" else "project_id"
        await seeder.connection.execute(
            f"""UPDATE {table} SET deleting_since = now(), replaced_by_id = next.id FROM (
                SELECT id AS replaced_id, lead(id) OVER w AS id, row_number() OVER w AS place FROM {table}
                WINDOW w AS (PARTITION BY {scope} ORDER BY {order})) next
            WHERE {table}.id = next.replaced_id AND next.id IS NOT NULL AND next.place % 2 = 1"""
        )
    before = await seeder.connection.fetchrow(REPLACED)
    await seeder.service.seed(SEEDER, ORDER)
    assert await seeder.connection.fetchval("SELECT count(*) FROM issue") == ORDER.size
    assert await seeder.connection.fetchrow(REPLACED) == before
    assert all(before)


async def test_people_named_in_issues_are_members_and_numbers_go_on(seeder: Seeder):
    await seeder.service.seed(SEEDER, ORDER)
    strangers = """
        SELECT user_id FROM (
            SELECT user_id FROM issue_assignee UNION SELECT creator_id FROM issue UNION SELECT author_id FROM comment
        ) AS named WHERE user_id NOT IN (SELECT user_id FROM member)
    """
    assert await seeder.column(strangers) == []
    behind = """
        SELECT project.key FROM project LEFT JOIN project_number ON project_id = project.id
        WHERE project_number.number IS DISTINCT FROM (SELECT max(number) FROM issue WHERE project_id = project.id)
    """
    assert await seeder.column(behind) == []
    identifiers = await seeder.column("SELECT id FROM issue UNION ALL SELECT id FROM comment")
    assert {str(each).partition("_")[0] for each in identifiers} == {Issue.prefix, Comment.prefix}


async def test_a_second_run_changes_nothing(seeder: Seeder):
    small = SeedOrder(size=3, owner_password=DEMO_PASSWORD)
    await seeder.service.seed(SEEDER, small)
    before = await seeder.counts()
    assert await seeder.service.seed(SEEDER, ORDER) == SeedOutcome(is_new=False, has_owner=True)
    first_only = SeedOrder(slug="other", size=3, owner_password=DEMO_PASSWORD, is_first_only=True)
    assert await seeder.service.seed(SEEDER, first_only) == SeedOutcome(is_new=False, has_owner=True)
    assert await seeder.counts() == before
    assert len(seeder.committed) == 1


async def test_a_second_workspace_belongs_to_the_same_owner(seeder: Seeder):
    await seeder.service.seed(SEEDER, SeedOrder(size=3, owner_password=DEMO_PASSWORD))
    await seeder.service.seed(SEEDER, SeedOrder(slug="second", size=3))
    owners = "SELECT slug FROM workspace JOIN member ON workspace_id = workspace.id WHERE role = 'OWNER' ORDER BY slug"
    assert await seeder.column(owners) == ["acme", "second"]
    assert await seeder.column("SELECT count(DISTINCT user_id) FROM member WHERE role = 'OWNER'") == [1]
    assert await seeder.column("SELECT max(revision) FROM event GROUP BY workspace_id ORDER BY workspace_id") == (
        await seeder.column("SELECT count(*) FROM event GROUP BY workspace_id ORDER BY workspace_id")
    )


async def test_the_demo_person_can_sign_in_and_the_others_cannot(seeder: Seeder):
    await seeder.service.seed(SEEDER, SeedOrder(size=1, owner_password=DEMO_PASSWORD))
    identity = identity_on(seeder.engines)
    tokens = await identity.sign_in(DEMO_EMAIL, DEMO_PASSWORD)
    assert tokens.access_token
    passwords = "SELECT email FROM account JOIN password ON user_id = account.id"
    assert await seeder.column(passwords) == [DEMO_EMAIL]


async def test_the_owners_password_keeps_the_rules(seeder: Seeder):
    with pytest.raises(Rejected, match="at least 15 characters"):
        await seeder.service.seed(SEEDER, SeedOrder(size=1, owner_password="marble-otter"))
    assert set((await seeder.counts()).values()) == {0}


async def test_without_a_password_the_owner_must_be_there(seeder: Seeder):
    with pytest.raises(NotFound):
        await seeder.service.seed(SEEDER, SeedOrder(size=1, owner_email="ada@example.org"))
    assert set((await seeder.counts()).values()) == {0}
    await persisted_user(seeder.engines.write, UserFactory(email="ada@example.org"))
    outcome = await seeder.service.seed(SEEDER, SeedOrder(size=1, owner_email="ADA@example.org"))
    assert outcome.is_new
    assert (await seeder.counts())["password"] == 0


async def test_only_the_server_itself_may_seed(seeder: Seeder):
    with pytest.raises(PermissionDenied):
        await seeder.service.seed(Actor(user_id="usr_01jd0000000000000000000000"), ORDER)
    assert set((await seeder.counts()).values()) == {0}
