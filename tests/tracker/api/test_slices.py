"""An application without the tracker, and one with a slice of its own."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
import pytest
import strawberry
from graphql import GraphQLEnumType, GraphQLUnionType
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api import slices
from api.audit.history import ChangeType
from api.graphql.runner import graphql_schema
from api.main import build
from api.schema import build_schema, schema, sdl
from api.shared.context import Info
from api.shared.slices import ApiSlice
from api.workspaces.types import Workspace
from domain.accounts.commands import Registration
from domain.app import App
from domain.audit.history import Change
from domain.issues.slice import SLICE as ISSUES
from domain.shared.actor import Actor, Permission, Role
from domain.shared.events import Event
from domain.shared.history import Shown
from domain.shared.jobs import Job, decoded, kinds_of
from domain.shared.slices import Reaction, Slice, Unregistered
from infra import slices as adapters
from infra.audit.tables import EventRow
from infra.bootstrap import mailbox
from infra.db.first_use import Repositories, first_use
from infra.jobs.tables import JobRow
from infra.parts import Parts, SliceAdapters
from infra.settings import Settings
from tests.factories.accounts import PASSWORD

TRACKER_WORDS = re.compile(r"issue|project|label|milestone|comment|import|placeholder|state|trash", re.IGNORECASE)


def names_in(text: str) -> set[str]:
    """The names of types, fields, arguments and enum values, without descriptions."""
    bare = re.sub(r'"""".*?""""|""".*?"""|"(\\.|[^"\\])*"', "", text, flags=re.DOTALL)
    return set(re.findall(r"\w+", bare))


def test_a_schema_without_the_tracker_names_nothing_of_it() -> None:
    platform = names_in(sdl(build_schema(slices.PLATFORM)))
    assert {"Workspace", "workspaceCreate", "memberUpdate", "apiKeyCreate", "MEMBER_ADDED", "changes"} <= platform
    assert {"batchRuns", "batchRunCancel", "changeSetUndo", "CHANGE_SET_UNDO"} <= platform
    assert platform < names_in(sdl())
    of_platform = {"isPlaceholder", "IMPORT", "IMPORTED", "state", "JobState"}  # the states are those of jobs
    assert {name for name in platform if TRACKER_WORDS.search(name)} == of_platform


def test_a_schema_without_the_tracker_says_nothing_of_it() -> None:
    nouns = re.compile(r"\b(?:(?:sub-)?issue|project|label|milestone|comment|workflow|tracker)s?\b", re.IGNORECASE)
    assert [line for line in sdl(build_schema(slices.PLATFORM)).splitlines() if nouns.search(line)] == []
    assert len(nouns.findall(sdl())) > 500


def test_the_nodes_of_a_schema_are_those_of_its_slices() -> None:
    platform = build_schema(slices.PLATFORM)
    assert platform.nodes.keys() == {"usr", "wsp", "mem", "inv", "bat"}
    assert platform.nodes.keys() < schema.nodes.keys()


ANN, BOB = "ann@example.org", "bob@example.org"
CREATE = 'mutation { workspaceCreate(input: {slug: "acme", name: "Acme"}) { workspace { id } } }'
INVITE = "mutation ($id: ID!) { invitationCreate(input: {workspaceId: $id, role: GUEST}) { link } }"
ACCEPT = "mutation ($token: String!) { invitationAccept(input: {token: $token}) { member { id } } }"
PROMOTE = "mutation ($id: ID!) { memberUpdate(input: {id: $id, role: MEMBER}) { member { role } } }"
REMOVE = "mutation ($id: ID!) { memberRemove(input: {id: $id}) { deletedMemberId errors { message } } }"
READ = """{ workspace(slug: "acme") {
  members { nodes { user { name } } } changes(after: 0) { events { kind } } } }"""


NOTE = "mutation ($id: ID!) { noteCreate(workspaceId: $id) }"
NOTE_READ = '{ workspace(slug: "acme") { noteLetter changes(after: 0) { events { kind subjectId } } } }'


@dataclass(frozen=True, kw_only=True)
class Server:
    http: httpx.AsyncClient
    app: Any


class NoteCreated(Event):
    type: ClassVar[str] = "note.created"
    logged: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintNote(Job):
    kind: ClassVar[str] = "notes.print"

    note_id: str


class NoteRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def next_id(self) -> str:
        return f"nte_{await self.connection.scalar(select(func.count()).select_from(EventRow))}"


class NoteRepositories(Repositories):
    notes = first_use(NoteRepository)


class NoteService:
    """A use case of a slice that the application does not know."""

    def __init__(self, uow: Any) -> None:
        self._uow = uow
        self.printed: list[str] = []

    async def create(self, actor: Actor, workspace_id: str) -> Any:
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, workspace_id)
            actor.require(NOTE_WRITE, workspace.id)
            note_id = await uow.notes.next_id()
            uow.record(NoteCreated(workspace_id=workspace.id, subject_id=note_id))
            return await uow.commit(note_id)


def provide_notes(app: Any, parts: Parts) -> None:
    app.notes = NoteService(parts.uow)


async def print_note(app: Any, actor: Actor, job: PrintNote) -> None:
    app.notes.printed.append(job.note_id)


@strawberry.type
class NoteMutations:
    @strawberry.mutation(description="Creates a note in a workspace.")
    async def note_create(self, info: Info, workspace_id: strawberry.ID) -> str:
        app: Any = info.context.app
        return (await app.notes.create(info.context.actor, workspace_id)).value


@strawberry.type
class WorkspaceNotes:
    """Field that the sample slice adds to `Workspace`."""

    @strawberry.field(description="First letter of the notes in the workspace.")
    def note_letter(self) -> str:
        return self.name[0]


NOTE_WRITE = Permission("write notes", Role.MEMBER)
NOTES = Slice(
    name="notes",
    permissions=(NOTE_WRITE,),
    events={NoteCreated: (Reaction(job=lambda event: PrintNote(note_id=event.subject_id)),)},
)
NOTE_ADAPTERS = SliceAdapters(
    domain=NOTES, repositories=NoteRepositories, provide=provide_notes, jobs={PrintNote: print_note}
)
NOTE_API = ApiSlice(domain=NOTES, mutations=(NoteMutations,), fields={Workspace: WorkspaceNotes})


async def test_an_application_takes_a_slice_of_its_own(settings: Settings, engine: AsyncEngine, database: str) -> None:
    infra_slices, api_slices = [*adapters.PLATFORM, NOTE_ADAPTERS], [*slices.PLATFORM, NOTE_API]
    assert "noteLetter" in names_in(sdl(build_schema(api_slices)))
    assert "noteLetter" not in names_in(sdl())
    async with serving(settings, infra_slices, api_slices) as server:
        await server.app.accounts.create(Actor.system(), Registration(email=ANN, name="Ann", password=PASSWORD))
        ann = await signed_in(server.http, ANN)
        workspace_id = (await run(server.http, ann, CREATE))["workspaceCreate"]["workspace"]["id"]

        note_id = (await run(server.http, ann, NOTE, id=workspace_id))["noteCreate"]
        found = (await run(server.http, ann, NOTE_READ))["workspace"]
        await run_jobs(server.app, engine, set(), infra_slices)

    assert found["noteLetter"] == "A"
    assert found["changes"]["events"][-1] == {"kind": "NOTE_CREATED", "subjectId": note_id}
    assert server.app.notes.printed == [note_id]


class NoteChange(Change):
    kind: ClassVar[str] = "NOTE"


@strawberry.type(description="A note on an issue.")
class NoteChangeType(ChangeType):
    describes = NoteChange

    kind: str = strawberry.field(description="Kind of the change, always `NOTE`.")


def test_a_slice_adds_a_member_and_a_kind_to_the_history_of_issues() -> None:
    notes = Slice(
        name="notes", events={NoteCreated: ()}, history=(Shown(of="issue", events={NoteCreated: NoteChange}),)
    )
    with pytest.raises(Unregistered, match=r"api/notes/slice\.py: enter the type of NoteChange in `changes`"):
        ApiSlice(domain=notes)
    extended = build_schema(
        [*slices.PLATFORM, *slices.TRACKER, ApiSlice(domain=notes, changes={"issue": (NoteChangeType,)})]
    )
    for built, is_extended in ((extended, True), (schema, False)):
        types = graphql_schema(built).type_map
        union, kinds = types["IssueChange"], types["IssueChangeKind"]
        assert isinstance(union, GraphQLUnionType)
        assert isinstance(kinds, GraphQLEnumType)
        members = {each.name for each in union.types}
        assert {"TitleChange", "CommentChange"} <= members
        assert ("NoteChangeType" in members, "NOTE" in kinds.values) == (is_extended, is_extended)
        assert {"TITLE", "COMMENT"} <= kinds.values.keys()
        assert kinds.values["TITLE"].description == "Change of the title of an issue."


def test_an_error_code_without_description_is_named() -> None:
    with pytest.raises(Unregistered, match=r"api/issues/slice\.py: describe PARENT_CYCLE"):
        ApiSlice(domain=ISSUES)


def test_two_slices_cannot_have_nodes_of_one_prefix() -> None:
    with pytest.raises(Unregistered, match="the prefix 'iss'"):
        build_schema(
            [*slices.PLATFORM, *slices.TRACKER, next(each for each in slices.TRACKER if each.domain is ISSUES)]
        )


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[Server]:
    """A server without the tracker."""
    async with serving(settings, adapters.PLATFORM, slices.PLATFORM) as server:
        yield server


@asynccontextmanager
async def serving(
    settings: Settings, infra_slices: Sequence[SliceAdapters], api_slices: Sequence[ApiSlice]
) -> AsyncIterator[Server]:
    served = build(settings, adapters=infra_slices, slices=api_slices)
    async with (
        served.router.lifespan_context(served),
        httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url=settings.issuer) as client,
    ):
        yield Server(http=client, app=served.state.app)


async def run_jobs(
    app: App, engine: AsyncEngine, done: set[str], infra_slices: Sequence[SliceAdapters] = adapters.PLATFORM
) -> None:
    """Runs the jobs that wait, as the worker of this server would."""
    handlers = adapters.handlers_of(infra_slices)
    async with engine.connect() as connection:
        jobs = (await connection.execute(select(JobRow.id, JobRow.kind, JobRow.payload).order_by(JobRow.id))).all()
    for job_id, kind, payload in jobs:
        if job_id not in done:
            job = decoded(kinds_of(handlers), kind, payload)
            await handlers[type(job)](app, Actor.system(), job)
            done.add(job_id)


async def run(server: httpx.AsyncClient, bearer: str, query: str, **variables: object) -> Any:
    answer = await server.post(
        "/graphql",
        json={"query": query, "variables": variables},
        headers={"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"},
    )
    assert "errors" not in answer.json(), answer.text
    return answer.json()["data"]


async def signed_in(server: httpx.AsyncClient, email: str) -> str:
    form = {"grant_type": "password", "username": email, "password": PASSWORD}
    return (await server.post("/auth/token", data=form)).json()["access_token"]


@pytest.mark.usefixtures("database")
async def test_a_server_without_the_tracker_has_sign_up_sign_in_and_workspaces(
    server: Server, settings: Settings, engine: AsyncEngine
) -> None:
    done: set[str] = set()
    assert (await server.http.post("/auth/register", json={"email": ANN})).status_code == 202
    await run_jobs(server.app, engine, done)
    (mail,) = await mailbox(settings).newest()
    proof = {"token": mail.text.partition("?token=")[2].split()[0], "name": "Ann", "password": PASSWORD}
    assert (await server.http.post("/auth/verify", json=proof)).status_code == 201
    ann = await signed_in(server.http, ANN)

    made = await run(server.http, ann, CREATE)
    workspace_id = made["workspaceCreate"]["workspace"]["id"]
    invited = await run(server.http, ann, INVITE, id=workspace_id)
    await server.app.accounts.create(Actor.system(), Registration(email=BOB, name="Bob", password=PASSWORD))
    token = invited["invitationCreate"]["link"].partition("token=")[2]
    joined = await run(server.http, await signed_in(server.http, BOB), ACCEPT, token=token)
    member_id = joined["invitationAccept"]["member"]["id"]
    assert (await run(server.http, ann, PROMOTE, id=member_id))["memberUpdate"] == {"member": {"role": "MEMBER"}}
    found = (await run(server.http, ann, READ))["workspace"]
    assert found["members"] == {"nodes": [{"user": {"name": "Ann"}}, {"user": {"name": "Bob"}}]}
    assert found["changes"]["events"][-1] == {"kind": "MEMBER_UPDATED"}
    removed = await run(server.http, ann, REMOVE, id=member_id)
    assert removed["memberRemove"] == {"deletedMemberId": member_id, "errors": []}
    await run_jobs(server.app, engine, done)
    assert {mail.to for mail in await mailbox(settings).newest()} == {ANN, BOB}


async def test_what_the_tracker_provides_is_not_there(server: Server) -> None:
    with pytest.raises(AttributeError, match=r"No slice of this application provides `App\.issues`"):
        assert server.app.issues
    with pytest.raises(AttributeError, match=r"No slice of this application provides `Readers\.projects`"):
        assert server.app.read.projects
    assert (await server.http.post("/imports/files", content=b"{}")).status_code == 404
