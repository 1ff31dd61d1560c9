"""Imports over GraphQL and REST."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from starlette.middleware import Middleware

from api.auth.routes import signed_in
from api.http.body import BodyGuard, BodyRule
from api.http.reaper import Reaper
from api.rest.problems import install_problem_handlers
from api.transfers.routes import FILES_PATH, router
from domain.accounts.commands import Newcomer
from domain.accounts.one_time import OneTimeSecrets
from domain.shared.actor import Actor, ClientInfo, Permission, Role
from domain.shared.errors import Conflict
from domain.transfers import service
from domain.transfers.queries import MOST_KINDS
from domain.transfers.records import LossCode
from infra.accounts.tables import OneTimeLinkRow
from infra.auth.keys import derived_key
from infra.jobs.in_process import run_now
from infra.jobs.leases import SqlLeases
from tests.factories.accounts import IDS, PASSWORD
from tests.factories.workspaces import MemberFactory
from tests.full_disk import no_room_beyond
from tests.identity import SECRET
from tests.refusals import Cases, assert_refused, bad_ids
from tests.tracker.api.transfers.conftest import LEASE, Import
from tests.tracker.api.transfers.exports import JOE, chunks, comment, issue, lines
from tests.tracker.api.world import World

LIMIT = 5_000
CONTENT = lines(issue(1, comments=[comment("1", "a")]), b"no JSON", issue(2))
RUN = """query ($slug: String!) { workspace(slug: $slug) { imports { totalCount nodes {
  id format fileName projectKey state failure progress { done total share } startedBy { name }
  issuesRead issuesCreated commentsCreated lossCount finishedAt
  losses { totalCount nodes { line key field code reason count } }
  lossKinds { field code places count firstLine } mappings { nodes { kind source target count } } } } } }"""

PROGRESS = "progress { done total share }"


async def uploaded(world: World, content: bytes = CONTENT, *, role: Role = Role.OWNER) -> str:
    return (await world.app.imports.upload(world.client(role).actor, "export.jsonl", chunks(content))).value.id


async def test_an_import_is_started_watched_and_reported(world: World, leases: SqlLeases):
    asked = {"workspaceId": world.here.workspace.id, "format": "JIRA", "fileId": await uploaded(world)}
    payload = await world.client(Role.ADMIN).mutate("importStart", asked, "importRun { id }")
    assert payload["errors"][0]["code"] == "NOT_FOUND"  # the file is the owner's

    payload = await world.owner.mutate("importStart", asked, f"importRun {{ id state changeSet {PROGRESS} }}")
    assert (payload["errors"], payload["revision"], payload["importRun"]["changeSet"]) == ([], 1, 1)
    options = {"kind": [None, "IMPORT"], "format": [None, "JIRA"], "include_restricted": [None, False]}
    assert await world.events() == [(1, "batch.started", payload["importRun"]["id"], options)]
    assert payload["importRun"]["state"] == "WAITING"
    assert payload["importRun"]["progress"] == {"done": 0, "total": None, "share": 0.0}
    run = (await world.app.read.imports.by_ids(world.owner.actor, [payload["importRun"]["id"]])).popitem()[1]
    assert await run_now(world.app, leases, run.job_id, seconds=LEASE.total_seconds())

    data = await world.member.run(RUN, slug=world.here.workspace.slug)
    [node] = data["workspace"]["imports"]["nodes"]
    async with world.engine.connect() as connection:
        counted = await connection.execute(text("SELECT count(*) > 5, min(change_set), max(change_set) FROM event"))
        assert counted.one() == (True, 1, 1)
    assert {name: node[name] for name in ("format", "fileName", "projectKey", "state", "failure")} == {
        "format": "JIRA",
        "fileName": "export.jsonl",
        "projectKey": None,
        "state": "DONE",
        "failure": None,
    }
    assert node["progress"] == {"done": 3, "total": 3, "share": 1.0}
    assert node["startedBy"] == {"name": "Owner"}
    assert (node["issuesRead"], node["issuesCreated"], node["commentsCreated"], node["lossCount"]) == (3, 2, 1, 1)
    [loss] = node["losses"]["nodes"]
    assert (loss["line"], loss["field"], loss["code"], loss["count"]) == (2, "issue", "UNREADABLE", 1)
    kinds = node["lossKinds"]
    assert kinds[0] == {"field": "issue", "code": "UNREADABLE", "places": 1, "count": 1, "firstLine": 2}
    assert {kind["code"] for kind in kinds[1:]} == {"UNUSED"}
    assert {"field": "priority.id", "code": "UNUSED", "places": 2, "count": 2, "firstLine": 1} in kinds
    assert {"kind": "project", "source": "AC", "target": "AC", "count": 2} in node["mappings"]["nodes"]
    found = await world.member.run("query ($id: ID!) { node(id: $id) { __typename id } }", id=node["id"])
    assert found["node"] == {"__typename": "ImportRun", "id": node["id"]}
    strange = await world.client(None).run("query ($id: ID!) { node(id: $id) { id } }", id=node["id"])
    assert strange["node"] is None


SECRET_LINES = lines(
    issue(1, comments=[comment("1", "open"), comment("2", "secret") | {"jsdPublic": False}]),
    issue(2, security={"name": "Staff only"}, comments=[comment("3", "for staff")]),
)
STORED = """query ($slug: String!) { workspace(slug: $slug) {
  issues(filter: {project: {key: {eq: "AC"}}}, sort: [{number: {}}]) { nodes {
    identifier comments { nodes { body } } } }
  imports { nodes { includeRestricted lossCount losses { nodes { line key field code count } } } } } }"""


async def stored(world: World) -> tuple[dict[str, list[str]], list[dict[str, Any]]]:
    """Bodies of comments by issue, and the runs, newest first."""
    data = await world.member.run(STORED, slug=world.here.workspace.slug)
    nodes = data["workspace"]["issues"]["nodes"]
    said = {node["identifier"]: [each["body"] for each in node["comments"]["nodes"]] for node in nodes}
    return said, data["workspace"]["imports"]["nodes"]


async def test_restricted_content_stays_out_until_an_admin_asks_for_it(world: World, leases: SqlLeases):
    admin = world.client(Role.ADMIN)

    async def start(**further: Any) -> str:
        file_id = await uploaded(world, SECRET_LINES, role=Role.ADMIN)
        asked = {"workspaceId": world.here.workspace.id, "format": "JIRA", "fileId": file_id, **further}
        run_id: str = (await admin.mutate("importStart", asked, "importRun { id }"))["importRun"]["id"]
        return run_id

    async def finish(run_id: str) -> None:
        run = (await world.app.read.imports.by_ids(admin.actor, [run_id]))[run_id]
        assert await run_now(world.app, leases, run.job_id, seconds=LEASE.total_seconds())

    without = await start()
    included = await start(includeRestricted=True)
    assert included != without, "an import that leaves restricted content out must not be joined by one that takes it"
    assert await start(includeRestricted=True) == included
    await finish(without)
    said, runs = await stored(world)
    assert said == {"AC-1": ["open"]}
    assert [run["includeRestricted"] for run in runs] == [True, False]
    assert runs[1]["losses"]["nodes"] == [
        {"line": 1, "key": "AC-1", "field": "comments", "code": "RESTRICTED", "count": 1},
        {"line": 2, "key": "AC-2", "field": "issue", "code": "RESTRICTED", "count": 1},
    ]

    await finish(included)
    said, runs = await stored(world)
    assert said == {"AC-1": ["open", "secret"], "AC-2": ["for staff"]}
    assert {loss["code"] for loss in runs[0]["losses"]["nodes"]} == {"NOT_KEPT"}


@pytest.mark.parametrize("role", [Role.MEMBER, Role.GUEST])
async def test_members_may_not_import_restricted_content(world: World, role: Role, monkeypatch: pytest.MonkeyPatch):
    """Not even where a role is changed so that it may import."""
    monkeypatch.setattr(service, "IMPORT", Permission("import issues", role))
    asked = {"workspaceId": world.here.workspace.id, "format": "JIRA", "fileId": await uploaded(world, role=role)}
    before = await world.rows()

    refused = await world.client(role).refused("importStart", asked | {"includeRestricted": True})

    assert refused == [("PermissionError", "PERMISSION_DENIED", "input")]
    assert await world.rows() == before


async def test_at_most_250_kinds_of_loss_are_listed_and_unused_members_come_last(world: World, imported: Import):
    odd = [{f"field{number}": "x" for number in range(start, start + 50)} for start in range(0, 250, 50)]
    run = await imported(lines(*(issue(number, **fields) for number, fields in enumerate(odd, 1))))

    [kinds] = await world.app.read.imports.loss_kinds_of_runs(world.owner.actor, [run])

    assert len(kinds) == MOST_KINDS
    assert {kind.code for kind in kinds} == {LossCode.NOT_KEPT}


@pytest.mark.parametrize("role", [Role.MEMBER, Role.GUEST])
async def test_members_may_not_import(world: World, role: Role):
    asked = {"workspaceId": world.here.workspace.id, "format": "JIRA", "fileId": await uploaded(world, role=role)}
    before = await world.rows()

    assert await world.client(role).refused("importStart", asked) == [("PermissionError", "PERMISSION_DENIED", "input")]
    assert await world.rows() == before


async def test_bad_input(world: World):
    good: dict[str, Any] = {
        "workspaceId": world.here.workspace.id,
        "format": "JIRA",
        "fileId": await uploaded(world),
    }
    foreign = (await world.app.imports.upload(world.client(None).actor, "theirs.jsonl", chunks(CONTENT))).value.id
    cases: Cases = bad_ids("workspaceId", "wsp", foreign=world.elsewhere.workspace.id)
    cases |= bad_ids("fileId", "fil", foreign=foreign)
    cases |= {
        f"projectKey {key!r}": (
            {"projectKey": key},
            [("ValidationError", "INVALID_INPUT", "input.projectKey")],
        )
        for key in ("", "eng", "1A", "A-B", "TOOLONGAKEY", "A\0", "\ud800")
    }
    cases |= {
        f"site {site!r}": ({"site": site}, [("ValidationError", "INVALID_INPUT", "input.site")])
        for site in ("", " ", "https:// x", "-a", "a" * 201, "a\0", "\ud800", "\u00fcber")
    }
    await assert_refused(world, world.owner, "importStart", good, cases)
    payload = await world.owner.mutate("importStart", good | {"site": "Jira.Example.org"}, "importRun { site }")
    assert payload["importRun"] == {"site": "jira.example.org"}


async def placeholder_of(world: World) -> str:
    data = await world.owner.run(
        'query ($slug: String!) { workspace(slug: $slug) { members(filter: {user: {name: {eq: "Jo Doe"}}}) '
        "{ nodes { id } } } }",
        slug=world.here.workspace.slug,
    )
    found: str = data["workspace"]["members"]["nodes"][0]["id"]
    return found


async def test_an_imported_person_signs_up_and_receives_the_placeholders_work(world: World, imported: Import):
    """An address in the file grants no access: the person confirms it, and an admin assigns the placeholder."""
    joe = JOE | {"emailAddress": "joe@example.org"}
    await imported(lines(issue(1, creator=joe, reporter=joe, assignee=joe)))
    placeholder = await placeholder_of(world)
    stranger = Actor(client=ClientInfo(address="192.0.2.1"))
    await world.app.registrations.register(stranger, "joe@example.org")
    async with world.engine.connect() as connection:
        link_id = (await connection.execute(select(OneTimeLinkRow.id))).scalar_one()
    token = OneTimeSecrets(derived_key(SECRET, "one-time links 1")).of(link_id)
    joined = (await world.app.registrations.verify(stranger, token, Newcomer(name="Joe", password=PASSWORD))).value
    member = MemberFactory(workspace=world.here.workspace, user_id=joined.id)
    await world.store(member)

    asked = {"placeholderId": placeholder, "memberId": member.id}
    payload = await world.client(Role.ADMIN).mutate("memberClaim", asked, "member { user { id } }")

    assert payload["member"] == {"user": {"id": joined.id}}
    data = await world.owner.run(
        'query ($slug: String!) { workspace(slug: $slug) { issue(identifier: "AC-1") { creator { id name } } } }',
        slug=world.here.workspace.slug,
    )
    assert data["workspace"]["issue"]["creator"] == {"id": joined.id, "name": "Joe"}


async def test_a_member_claims_a_placeholder(world: World, imported: Import):
    content = lines(issue(1, comments=[comment("1", "a")], creator=None, reporter=None))
    await imported(content)
    placeholder, member = await placeholder_of(world), world.here.members[Role.MEMBER]
    count = len(await world.events())
    asked = {"placeholderId": placeholder, "memberId": member.id}
    assert (await world.member.refused("memberClaim", asked))[0][1] == "PERMISSION_DENIED"

    payload = await world.client(Role.ADMIN).mutate("memberClaim", asked, "member { id user { name } }")

    assert payload["member"] == {"id": member.id, "user": {"name": "Member"}}
    assert [kind for _, kind, _, _ in (await world.events())[count:]] == [
        "member.claimed",
        "issue.updated",
        "comment.updated",
        "member.removed",
    ]
    data = await world.owner.run(
        'query ($slug: String!) { workspace(slug: $slug) { issue(identifier: "AC-1") '
        "{ creator { name } assignees { name } comments { nodes { author { name } } } } } }",
        slug=world.here.workspace.slug,
    )
    assert data["workspace"]["issue"] == {
        "creator": {"name": "Unknown (imported)"},
        "assignees": [{"name": "Member"}],
        "comments": {"nodes": [{"author": {"name": "Member"}}]},
    }
    again = await imported(content)
    assert (again.people_created, again.issues_unchanged) == (0, 1)
    more = await imported(lines(issue(2)))
    assert more.people_created == 1  # Jo Doe the other, who is the creator; the claimed one is known


async def test_only_placeholders_can_be_claimed(world: World, imported: Import):
    await imported(lines(issue(1)))
    placeholder = await placeholder_of(world)
    member, guest = (world.here.members[role].id for role in (Role.MEMBER, Role.GUEST))
    good = {"placeholderId": placeholder, "memberId": member}
    cases: Cases = {
        "a person": (
            {"placeholderId": guest},
            [("ConflictError", "CONFLICT", "input.placeholderId")],
        ),
        "itself": ({"memberId": placeholder}, [("ValidationError", "INVALID_INPUT", "input.memberId")]),
    }
    cases |= bad_ids("placeholderId", "mem", foreign=world.elsewhere.members[Role.GUEST].id)
    cases |= bad_ids("memberId", "mem", foreign=world.elsewhere.members[Role.GUEST].id)
    await assert_refused(world, world.owner, "memberClaim", good, cases)


@pytest.fixture
async def served(world: World) -> FastAPI:
    guard = Middleware(BodyGuard, rule=BodyRule(reaper=Reaper(), most_bytes=100, seconds=5, larger={FILES_PATH: LIMIT}))
    served = FastAPI(middleware=[guard])
    served.include_router(router)
    served.state.app = world.app
    install_problem_handlers(served)
    return served


@pytest.fixture
async def http(served: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://test") as client:
        yield client


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


@pytest.fixture
def files(data_dir: Path) -> Path:
    return data_dir / "files"


@pytest.fixture
def as_owner(world: World, served: FastAPI) -> None:
    served.dependency_overrides[signed_in] = lambda: world.owner.actor


@pytest.mark.usefixtures("as_owner")
@pytest.mark.parametrize(
    "content", [CONTENT, gzip.compress(CONTENT), b"\xef\xbb\xbf \n" + CONTENT, CONTENT[:900].decode().encode("utf-16")]
)
async def test_a_file_is_handed_in(world: World, http: httpx.AsyncClient, content: bytes):
    answer = await http.post(FILES_PATH, content=content, params={"name": "export.jsonl"})

    assert answer.status_code == 201
    assert answer.json()["size"] == len(content)
    asked = {"workspaceId": world.here.workspace.id, "format": "JIRA", "fileId": answer.json()["fileId"]}
    payload = await world.owner.mutate("importStart", asked, "importRun { fileName }")
    assert payload["importRun"] == {"fileName": "export.jsonl"}


@pytest.mark.usefixtures("as_owner")
@pytest.mark.parametrize(
    ("content", "status"),
    [
        *((content, 415) for content in (b"\x89PNG\r\n", b"PK\x03\x04", gzip.compress(b"Key,Summary", mtime=0))),
        (b"", 422),
        (b" \n ", 422),
        (b"{" * (LIMIT + 1), 413),
    ],
)
async def test_other_files_are_refused_and_not_kept(world: World, http: httpx.AsyncClient, content: bytes, status: int):
    before = await world.rows()

    answer = await http.post(FILES_PATH, content=content)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert await world.rows() == before


@pytest.mark.usefixtures("as_owner")
async def test_a_full_disk_is_507_and_keeps_nothing(world: World, http: httpx.AsyncClient, files: Path):
    before, kept = await world.rows(), names_in(files)

    with no_room_beyond(len(CONTENT) - 1):
        answer = await http.post(FILES_PATH, content=CONTENT)

    assert (answer.status_code, answer.headers["content-type"]) == (507, "application/problem+json")
    assert answer.json()["code"] == "UNAVAILABLE"
    assert await world.rows() == before
    assert names_in(files) == kept
    assert (await http.post(FILES_PATH, content=CONTENT)).status_code == 201
    assert len(names_in(files) - kept) == 1


async def test_a_file_whose_row_cannot_be_stored_is_not_kept(world: World, files: Path):
    kept = names_in(files)
    nobody = replace(world.owner.actor, user_id=IDS.new("usr"))

    with pytest.raises(Conflict):
        await world.app.imports.upload(nobody, "export.jsonl", chunks(CONTENT))

    assert names_in(files) == kept


async def test_uploading_a_file_requires_a_sign_in(world: World, http: httpx.AsyncClient):
    before = await world.rows()
    answer = await http.post(FILES_PATH, content=CONTENT)
    assert answer.status_code == 401
    assert await world.rows() == before
