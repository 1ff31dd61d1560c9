import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import create_app
from domain.accounts.commands import Registration
from domain.accounts.model import User
from domain.app import App
from domain.auth.model import Tokens
from domain.shared.actor import Actor, Role
from domain.shared.errors import NotFound
from domain.workspaces.commands import InvitationDraft, WorkspaceDraft
from domain.workspaces.model import Workspace
from infra.bootstrap import open_app
from infra.jobs.log_cleaning import change_log_cleaning
from infra.settings import Settings
from infra.workspaces.tables import AreaGrantRow
from tests import api_defaults, execution_modes
from tests.engine.api.sockets.websocket_driver import DEADLINE, WebSocketDriver, connect
from tests.engine.infra.shared.redis_relay import RedisRelay, open_relay
from tests.patience import PATIENCE
from tests.sample.application import ADAPTERS_OF_SAMPLE, SCHEMA
from tests.sample.domain.commands import BookChanges, BookDraft, ShelfDraft, TagDraft
from tests.sample.domain.conditions import Condition
from tests.sample.domain.model import Shelf
from tests.sample.domain.service import LibraryService

PASSWORD = "correct horse battery staple"
FOLLOW = """subscription ($workspace: String!, $after: Revision) {
  changes(workspace: $workspace, after: $after) { events { revision kind } upTo hasMore }
}"""
READ = """query ($slug: String!, $after: Revision!, $first: Int! = 100) {
  workspace(slug: $slug) { changes(after: $after, first: $first) {
    upTo hasMore
    events {
      revision kind subjectId actorId actor { id name } cause occurredAt changes { field before after }
    }
  } }
}"""


@dataclass
class Person:
    user: User
    tokens: Tokens


class Server:
    """The whole application, without a network."""

    def __init__(self, asgi: FastAPI) -> None:
        self.asgi = asgi
        self.app: App = asgi.state.app
        self.library: LibraryService = asgi.state.app.library

    async def sign_up(self, name: str) -> Person:
        email = f"{name}@example.org"
        user = (await self.app.accounts.create(Actor(), Registration(email=email, name=name, password=PASSWORD))).value
        tokens = await self.app.auth.sign_in(Actor(), email, PASSWORD, client_id="test")
        return Person(user, tokens)

    async def actor(self, person: Person) -> Actor:
        return await self.app.auth.authenticate(person.tokens.access_token)

    async def workspace(self, owner: Person, slug: str = "acme") -> Workspace:
        draft = WorkspaceDraft(slug=slug, name=slug.title())
        return (await self.app.workspaces.create(await self.actor(owner), draft)).value

    async def tag(self, person: Person, workspace: Workspace, name: str) -> int:
        revision = (await self.library.create_tag(await self.actor(person), workspace.id, TagDraft(name=name))).revision
        assert revision is not None
        return revision

    async def ask(self, person: Person, query: str, **variables: Any) -> dict[str, Any]:
        transport = httpx.ASGITransport(self.asgi)
        headers = {"Authorization": f"Bearer {person.tokens.access_token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as client:
            answer = await client.post("/graphql", json={"query": query, "variables": variables})
        return answer.json()

    @asynccontextmanager
    async def following(self, person: Person, workspace: str, after: int | None) -> AsyncIterator[WebSocketDriver]:
        async with connect(self.asgi, token=person.tokens.access_token) as socket:
            socket.subscribe("1", FOLLOW, {"workspace": workspace, "after": after})
            yield socket


@asynccontextmanager
async def serving(settings: Settings, **options: Any) -> AsyncIterator[Server]:
    http = api_defaults.http(execution=execution_modes.options(), **options)
    asgi = create_app(lambda: open_app(settings, ADAPTERS_OF_SAMPLE), http, schema=SCHEMA, routers=())
    async with asgi.router.lifespan_context(asgi):
        yield Server(asgi)


@pytest.fixture
async def server(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Server]:
    async with serving(settings) as server:
        yield server


@pytest.fixture
async def relay(redis_database: str, tmp_path: Path) -> AsyncIterator[RedisRelay]:
    async with open_relay(redis_database, tmp_path) as relay:
        yield relay


async def batch(socket: WebSocketDriver) -> dict[str, Any]:
    return (await socket.data("1"))["changes"]


def kinds(batch: dict[str, Any]) -> list[tuple[int, str]]:
    return [(event["revision"], event["kind"]) for event in batch["events"]]


async def test_changes_have_actor_fields_and_cause(server: Server) -> None:
    ada = await server.sign_up("ada")
    workspace = await server.workspace(ada)
    actor = await server.actor(ada)
    shelf = (await server.library.create_shelf(actor, workspace.id, ShelfDraft(name="Novels"))).value
    book = (await server.library.create(actor, shelf.id, BookDraft(title="Night", condition=Condition.FAIR))).value
    update = BookChanges(title="Night and Day", condition=None)
    changed = (await server.library.update(actor, book.id, update)).value

    first = (await server.ask(ada, READ, slug="acme", after=0, first=2))["data"]["workspace"]["changes"]
    assert kinds(first) == [(1, "WORKSPACE_CREATED"), (2, "MEMBER_ADDED")]
    assert (first["upTo"], first["hasMore"]) == (2, True)
    rest = (await server.ask(ada, READ, slug="acme", after=2))["data"]["workspace"]["changes"]
    assert kinds(rest) == [(3, "SHELF_CREATED"), (4, "BOOK_CREATED"), (5, "BOOK_UPDATED")]
    assert (rest["upTo"], rest["hasMore"]) == (5, False)
    event = rest["events"][2]
    assert {change["field"]: (change["before"], change["after"]) for change in event.pop("changes")} == {
        "title": (["Night"], ["Night and Day"]),
        "condition": (["FAIR"], None),
    }
    occurred_at = event.pop("occurredAt")
    assert occurred_at.endswith("Z")
    assert datetime.fromisoformat(occurred_at) == changed.updated_at
    assert event == {
        "revision": 5,
        "kind": "BOOK_UPDATED",
        "subjectId": book.id,
        "actorId": ada.user.id,
        "actor": {"id": ada.user.id, "name": "ada"},
        "cause": "USER",
    }
    member = first["events"][1]
    assert {"field": "userId", "before": None, "after": [ada.user.id]} in member["changes"]


async def add_events(engine: AsyncEngine, workspace: Workspace, last: int) -> None:
    """Adds events to the log of the workspace up to that revision."""
    async with engine.begin() as connection:
        await connection.execute(
            text(
                """INSERT INTO event (workspace_id, revision, change_set, type, subject_id, cause, changes, occurred_at)
                SELECT e.workspace_id, n, n, e.type, e.subject_id, e.cause, e.changes, e.occurred_at
                FROM event AS e, generate_series(3, :last) AS n WHERE e.workspace_id = :id AND e.revision = 2"""
            ),
            {"last": last, "id": workspace.id},
        )
        await connection.execute(text("UPDATE workspace_revision SET revision = :last"), {"last": last})


async def test_20_events_cost_a_point_in_pages_and_in_replay(
    database: str, redis_database: str, settings: Settings, engine: AsyncEngine
) -> None:
    slow_refill = api_defaults.cost(is_shown=True, per_hour=1)
    async with serving(settings, cost=slow_refill) as server:
        ada = await server.sign_up("ada")
        await add_events(engine, await server.workspace(ada), 545)

        async def remaining() -> int:
            left = (await server.ask(ada, "{ rateLimit { remaining } }"))["data"]["rateLimit"]["remaining"]
            assert isinstance(left, int)
            return left

        page = """query ($after: Revision!) { workspace(slug: "acme") {
          changes(after: $after, first: 500) { upTo events { revision changes { field } } } } }"""
        costs = []
        for after in (0, 500, 524, 525, 545):
            cost = (await server.ask(ada, page, after=after))["extensions"]["cost"]
            assert cost["requested"] == 1 + 1 + 25
            costs.append(cost["actual"])
        assert costs == [27, 2 + 3, 2 + 2, 2 + 1, 2]  # beside the events, the workspace and its counter

        spent = []
        for after, batches in ((0, 2), (500, 1), (544, 1)):
            before = await remaining()
            async with server.following(ada, "acme", after) as socket:
                for _ in range(batches):
                    await batch(socket)
            spent.append(before - await remaining())
        assert [each - spent[2] for each in spent] == [25 + 3 - 1, 3 - 1, 0]


async def test_an_impossible_revision_is_refused(server: Server) -> None:
    ada = await server.sign_up("ada")
    await server.workspace(ada)
    for variables, code in (({"after": 3}, "OUT_OF_RANGE"), ({"after": 0, "first": 501}, "OUT_OF_RANGE")):
        answer = await server.ask(ada, READ, slug="acme", **variables)
        assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    async with server.following(ada, "acme", 3) as socket:
        (error,) = await socket.error("1")
        assert error["extensions"] == {"code": "OUT_OF_RANGE", "inputPath": ["after"]}


async def test_a_revision_whose_changes_were_deleted_is_refused_with_the_first_that_is_left(
    server: Server, engine: AsyncEngine
) -> None:
    ada = await server.sign_up("ada")
    workspace = await server.workspace(ada)
    for name in ("bug", "feature"):
        await server.tag(ada, workspace, name)
    begin = '{ workspace(slug: "acme") { changesBeginAt } }'
    assert (await server.ask(ada, begin))["data"]["workspace"] == {"changesBeginAt": 1}
    gone = {"code": "REVISION_GONE", "inputPath": ["after"]}
    for last_deleted, left in ((2, [3, 4]), (4, [])):
        age = text("UPDATE event SET occurred_at = now() - interval '2 days' WHERE revision <= :last")
        async with engine.begin() as connection:
            await connection.execute(age, {"last": last_deleted})
            while await change_log_cleaning(timedelta(days=1))(connection):
                pass
        assert (await server.ask(ada, begin))["data"]["workspace"] == {"changesBeginAt": last_deleted + 1}
        for after in (0, last_deleted - 1):
            (error,) = (await server.ask(ada, READ, slug="acme", after=after))["errors"]
            assert error["extensions"] == gone | {"firstRevision": last_deleted + 1}
            async with server.following(ada, "acme", after) as socket:
                (error,) = await socket.error("1")
                assert error["extensions"] == gone | {"firstRevision": last_deleted + 1}
        found = (await server.ask(ada, READ, slug="acme", after=last_deleted))["data"]["workspace"]["changes"]
        assert [event["revision"] for event in found["events"]] == left
    async with server.following(ada, "acme", 4) as socket:
        await server.tag(ada, workspace, "later")
        assert kinds(await batch(socket)) == [(5, "TAG_CREATED")]


async def test_events_that_the_operator_deleted_are_no_silent_gap(server: Server, engine: AsyncEngine) -> None:
    ada = await server.sign_up("ada")
    await server.tag(ada, await server.workspace(ada), "bug")
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM event WHERE revision < 3"))
    (error,) = (await server.ask(ada, READ, slug="acme", after=0))["errors"]
    assert (error["extensions"]["code"], error["extensions"]["firstRevision"]) == ("REVISION_GONE", 3)
    async with server.following(ada, "acme", 1) as socket:
        (error,) = await socket.error("1")
        assert (error["extensions"]["code"], error["extensions"]["firstRevision"]) == ("REVISION_GONE", 3)


async def test_other_peoples_workspaces_are_not_found(server: Server) -> None:
    ada, bob = await server.sign_up("ada"), await server.sign_up("bob")
    await server.workspace(ada)
    messages = []
    for slug in ("acme", "nobodys"):
        assert (await server.ask(bob, READ, slug=slug, after=0))["data"] == {"workspace": None}
        async with server.following(bob, slug, 0) as socket:
            (error,) = await socket.error("1")
            assert error["extensions"]["code"] == "NOT_FOUND"
            messages.append(error["message"])
    assert messages[0] == messages[1]


async def test_a_follower_gets_the_past_and_then_each_change(server: Server) -> None:
    ada = await server.sign_up("ada")
    workspace = await server.workspace(ada)
    await server.tag(ada, workspace, "bug")
    async with server.following(ada, "acme", 1) as socket:
        replayed = await batch(socket)
        assert kinds(replayed) == [(2, "MEMBER_ADDED"), (3, "TAG_CREATED")]
        assert (replayed["upTo"], replayed["hasMore"]) == (3, False)
        for number in range(4, 8):
            assert await server.tag(ada, workspace, f"tag {number}") == number
            assert kinds(await batch(socket)) == [(number, "TAG_CREATED")]

    async with server.following(ada, "acme", None) as socket:
        waiting = asyncio.create_task(batch(socket))
        while not waiting.done():
            revision = await server.tag(ada, workspace, f"later {monotonic()}")
            await asyncio.wait([waiting], timeout=0.1)
        assert kinds(waiting.result())[0][0] > 7
        assert waiting.result()["upTo"] <= revision


async def test_a_follower_sees_nothing_more_when_the_membership_ends(server: Server) -> None:
    ada, bob = await server.sign_up("ada"), await server.sign_up("bob")
    workspace = await server.workspace(ada)
    owner = await server.actor(ada)
    draft = InvitationDraft(workspace_id=workspace.id, role=Role.MEMBER)
    link = (await server.app.invitations.create(owner, draft)).value.link
    assert link is not None
    member = (await server.app.invitations.accept(await server.actor(bob), link.partition("token=")[2])).value
    async with server.following(bob, "acme", 4) as socket, server.following(ada, "acme", 5) as other:
        assert kinds(await batch(socket)) == [(5, "MEMBER_ADDED")]
        await server.app.workspaces.remove_member(owner, member.id)
        message = await socket.receive()
        if message["type"] == "next":  # what it saw in the two seconds for which roles are remembered
            assert kinds(message["payload"]["data"]["changes"]) == [(6, "MEMBER_REMOVED")]
            message = await socket.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "NOT_FOUND")

        await server.tag(ada, workspace, "secret")
        assert kinds(await batch(other)) + kinds(await batch(other)) == [(6, "MEMBER_REMOVED"), (7, "TAG_CREATED")]
        assert [sent["type"] for sent in socket.sent][-1] == "error"


DELETE = f"""mutation ($id: ID!, $slug: String!) {{ workspaceDelete(
  input: {{id: $id, cascade: true, confirmSlug: $slug, currentPassword: "{PASSWORD}"}}
) {{ revision errors {{ message }} }} }}"""


async def test_followers_learn_that_the_workspace_is_deleted_and_then_end(server: Server) -> None:
    ada = await server.sign_up("ada")
    workspace, other = await server.workspace(ada), await server.workspace(ada, "other")
    last = await server.tag(ada, workspace, "bug")
    actors = [await server.actor(ada)]
    with_roles = server.app.audit.follow(lambda: actors[-1], workspace.id, after=last)
    async with aclosing(with_roles) as batches, server.following(ada, "acme", last - 1) as socket:
        assert kinds(await batch(socket)) == [(last, "TAG_CREATED")]
        socket.subscribe("2", FOLLOW, {"workspace": "other", "after": 1})
        assert len((await socket.data("2"))["changes"]["events"]) == 1
        deleted = await server.ask(ada, DELETE, id=workspace.id, slug="acme")
        assert deleted["data"]["workspaceDelete"] == {"revision": last + 1, "errors": []}

        [told] = (await anext(batches)).events
        assert (told.revision, told.kind.value, told.subject_id) == (last + 1, "workspace.deleted", workspace.id)
        actors.append(await server.actor(ada))
        with pytest.raises(NotFound):
            await anext(batches)

        message = await socket.receive()
        if message["type"] == "next":  # unless the roles were loaded again between the deletion and the event
            assert kinds(message["payload"]["data"]["changes"]) == [(last + 1, "WORKSPACE_DELETED")]
            message = await socket.receive()
        assert (message["id"], message["type"]) == ("1", "error")
        assert message["payload"][0]["extensions"]["code"] == "NOT_FOUND"
        revision = await server.tag(ada, other, "bug")
        assert kinds((await socket.data("2"))["changes"]) == [(revision, "TAG_CREATED")]
        socket.subscribe("1", FOLLOW, {"workspace": "acme", "after": last})
        assert (await socket.error("1"))[0]["extensions"]["code"] == "NOT_FOUND"


async def test_a_guest_follows_their_shelves_for_as_long_as_they_are_let_in(
    server: Server, engine: AsyncEngine
) -> None:
    ada, bob = await server.sign_up("ada"), await server.sign_up("bob")
    workspace = await server.workspace(ada)
    owner = await server.actor(ada)
    shelves = [
        (await server.library.create_shelf(owner, workspace.id, ShelfDraft(name=name))).value
        for name in ("own", "other")
    ]
    draft = InvitationDraft(workspace_id=workspace.id, role=Role.GUEST, area_ids=(shelves[0].id,))
    link = (await server.app.invitations.create(owner, draft)).value.link
    assert link is not None
    member = (await server.app.invitations.accept(await server.actor(bob), link.partition("token=")[2])).value

    async def book_on(shelf: Shelf) -> int:
        written = await server.library.create(owner, shelf.id, BookDraft(title="New"))
        assert written.revision is not None
        return written.revision

    async def until(socket: WebSocketDriver, revision: int) -> list[int]:
        """Revisions of the received events up to that revision."""
        told: list[int] = []
        up_to = 0
        while up_to < revision:
            found = await batch(socket)
            told += [event["revision"] for event in found["events"]]
            up_to = found["upTo"]
        return told

    before = (await server.ask(ada, READ, slug="acme", after=0))["data"]["workspace"]["changes"]["upTo"]
    async with server.following(bob, "acme", before) as socket:
        shown = await book_on(shelves[0])
        hidden = await book_on(shelves[1])
        tag = await server.tag(ada, workspace, "seen by all")
        assert await until(socket, tag) == [shown, tag]
        assert shown < hidden < tag

        async with engine.begin() as connection:
            await connection.execute(delete(AreaGrantRow).where(AreaGrantRow.member_id == member.id))
        told = True
        async with asyncio.timeout(DEADLINE):
            while told:
                later = await book_on(shelves[0])
                told = later in await until(socket, later)
        secret = await book_on(shelves[0])
        tag = await server.tag(ada, workspace, "the last")
        assert secret < tag
        assert await until(socket, tag) == [tag]


async def test_a_follower_is_ended_with_its_session(server: Server) -> None:
    ada = await server.sign_up("ada")
    await server.workspace(ada)
    async with server.following(ada, "acme", 0) as socket:
        assert len((await batch(socket))["events"]) == 2
        await server.app.auth.revoke(Actor(), ada.tokens.refresh_token)
        assert (await socket.closed())[0] == 4401


@pytest.mark.parametrize("is_gone_at_first", [True, False])
async def test_without_redis_changes_still_arrive(
    database: str, settings: Settings, relay: RedisRelay, is_gone_at_first: bool
) -> None:
    if is_gone_at_first:
        await relay.cut()
    async with serving(settings.replaced(redis_url=relay.url)) as server:
        ada = await server.sign_up("ada")
        workspace = await server.workspace(ada)
        async with server.following(ada, "acme", 2) as socket:
            if not is_gone_at_first:
                await server.tag(ada, workspace, "with")
                assert kinds(await batch(socket)) == [(3, "TAG_CREATED")]
                await relay.cut()
            for number in range(3):
                revision = await server.tag(ada, workspace, f"without {number}")
                assert kinds(await batch(socket)) == [(revision, "TAG_CREATED")]


async def test_nothing_is_left_of_a_follower(server: Server) -> None:
    ada = await server.sign_up("ada")
    await server.workspace(ada)
    before = asyncio.all_tasks()
    for _ in range(3):
        async with server.following(ada, "acme", 0) as socket:
            await batch(socket)
            assert len(asyncio.all_tasks()) > len(before)
    async with asyncio.timeout(PATIENCE):
        while asyncio.all_tasks() - before:  # noqa: ASYNC110  tasks that end by themselves
            await asyncio.sleep(0.01)
