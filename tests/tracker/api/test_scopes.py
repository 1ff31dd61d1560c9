"""Every mutation under an API key of every scope: what the table says, and nothing else.

Reading takes a key of any scope. A mutation that is missing here fails the tests.
"""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager

import httpx
import pytest
from graphql import GraphQLObjectType, GraphQLSchema, build_schema

from api.app import create_app
from api.auth.routes import router as auth_router
from api.schema import schema
from api.transfers.routes import router as transfer_router
from cli.permissions import printed_permissions
from domain.app import App
from domain.auth.model import WORKSPACE_PREFIX, ApiKey
from domain.issues.slice import ISSUE_PURGE
from domain.shared.actor import Permission, Role, Scope, with_held
from domain.slices import PLATFORM, TRACKER
from domain.workspaces.model import Workspace
from tests import api_defaults, execution_modes
from tests.client import Client
from tests.factories.auth import ApiKeyFactory, store_keys
from tests.root_fields import SCHEMA
from tests.tracker.api.permission_table import USES, Scene, Use, roles
from tests.tracker.api.test_permissions import refusals

SESSION = "session"
"""Requirement of a session, which no API key meets with any scope."""

NEEDED: dict[str, Scope | str] = {
    "apiKeyCreate": SESSION,
    "apiKeyRevoke": SESSION,
    "commentBatchCreate": Scope.WRITE,
    "commentCreate": Scope.WRITE,
    "commentDelete": Scope.WRITE,
    "commentUpdate": Scope.WRITE,
    "batchRunCancel": Scope.WRITE,
    "changeSetUndo": Scope.ADMIN,
    "importStart": Scope.ADMIN,
    "invitationAccept": Scope.ADMIN,
    "invitationCreate": Scope.ADMIN,
    "invitationResend": Scope.ADMIN,
    "invitationRevoke": Scope.ADMIN,
    "issueArchive": Scope.WRITE,
    "issueBatchCreate": Scope.WRITE,
    "issueBatchUpdate": Scope.WRITE,
    "issueCreate": Scope.WRITE,
    "issueDelete": Scope.WRITE,
    "issuePurge": Scope.ADMIN,
    "issueRestore": Scope.WRITE,
    "issueUpdate": Scope.WRITE,
    "labelBatchCreate": Scope.WRITE,
    "labelCreate": Scope.WRITE,
    "labelDelete": Scope.WRITE,
    "labelUpdate": Scope.WRITE,
    "memberClaim": Scope.ADMIN,
    "memberRemove": Scope.ADMIN,
    "memberUpdate": Scope.ADMIN,
    "milestoneCreate": Scope.WRITE,
    "milestoneDelete": Scope.WRITE,
    "milestoneUpdate": Scope.WRITE,
    "projectArchive": Scope.WRITE,
    "projectCreate": Scope.WRITE,
    "projectDelete": Scope.ADMIN,
    "projectMemberAdd": Scope.WRITE,
    "projectMemberRemove": Scope.WRITE,
    "projectRestore": Scope.WRITE,
    "projectUpdate": Scope.WRITE,
    "sessionEnd": SESSION,
    "sessionsEndOthers": SESSION,
    "stateCreate": Scope.WRITE,
    "stateDelete": Scope.WRITE,
    "stateUpdate": Scope.WRITE,
    "statesReorder": Scope.WRITE,
    "viewerUpdate": SESSION,
    "workspaceCreate": Scope.ADMIN,
    "workspaceDelete": Scope.ADMIN,
    "workspaceTransfer": Scope.ADMIN,
    "workspaceUpdate": Scope.ADMIN,
}

NEEDED_BY = {
    ("commentDelete of a member", Role.OWNER): Scope.ADMIN,
    ("commentDelete of a guest", Role.OWNER): Scope.ADMIN,
    ("workspaceDelete with its contents", Role.OWNER): SESSION,
}
"""Use and role that need more than the mutation in general: comments of other users, the password."""

UNCONFINED = {"invitationAccept", "workspaceCreate"}
"""Mutations on a workspace that the actor does not belong to yet. Keys limited to certain workspaces are refused."""


def undeclared(schema: GraphQLSchema, declared: Collection[str]) -> list[str]:
    root = schema.mutation_type
    assert isinstance(root, GraphQLObjectType)
    missing = [f"{name}: say in NEEDED which scope it takes." for name in sorted(root.fields.keys() - set(declared))]
    return missing + [f"{name}: there is no such mutation." for name in sorted(set(declared) - root.fields.keys())]


def test_every_mutation_declares_its_scope() -> None:
    assert undeclared(SCHEMA, NEEDED) == []


def test_a_mutation_without_a_scope_is_found() -> None:
    sample = build_schema("type Query { a: Int } type Mutation { made: Int new: Int }")
    assert undeclared(sample, {"made", "gone"}) == [
        "new: say in NEEDED which scope it takes.",
        "gone: there is no such mutation.",
    ]


def test_a_scope_holds_those_before_it() -> None:
    assert [sorted(with_held([scope])) for scope in Scope] == [["READ"], ["READ", "WRITE"], ["ADMIN", "READ", "WRITE"]]
    assert with_held([Scope.READ, Scope.WRITE]) == with_held([Scope.WRITE])
    assert with_held([]) == frozenset()


PERMISSIONS = [permission for each in (*PLATFORM, *TRACKER) for permission in each.permissions]


def test_admin_permissions_require_the_admin_scope() -> None:
    assert len({permission.action for permission in PERMISSIONS}) == len(PERMISSIONS) > 10
    assert all((each.scope is Scope.WRITE) == (Role.MEMBER in each.roles) for each in PERMISSIONS)
    assert {each.scope for each in PERMISSIONS} == {Scope.WRITE, Scope.ADMIN}
    assert ApiKey.prefix != WORKSPACE_PREFIX == Workspace.prefix


def test_a_role_has_the_permissions_of_all_lower_roles() -> None:
    assert Permission("manage members", Role.ADMIN).roles == {Role.OWNER, Role.ADMIN}
    assert Permission("write comments", Role.GUEST).roles == set(Role)


def test_the_table_is_printed() -> None:
    head, *lines = printed_permissions().splitlines()
    assert head.split() == ["owner", "admin", "member", "guest", "scope"]
    assert {line.partition("  ")[0]: line.split()[-1] for line in lines} == {
        permission.action: permission.scope.value.lower() for permission in PERMISSIONS
    }
    purge = next(line for line in lines if line.startswith(ISSUE_PURGE.action))
    assert purge.removeprefix(ISSUE_PURGE.action).split() == ["yes", "yes", "admin"]


@pytest.fixture
async def rest(app: App) -> AsyncIterator[httpx.AsyncClient]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[App]:
        yield app

    routers = [auth_router, transfer_router]
    served = create_app(opened, api_defaults.http(execution=execution_modes.options()), schema=schema, routers=routers)
    async with (
        served.router.lifespan_context(served),
        httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost:8000") as client,
    ):
        yield client


async def with_key(
    scene: Scene, role: Role, scopes: Iterable[Scope], *, workspaces: Iterable[str] | None = None
) -> tuple[Client, str]:
    """Client of the user with that role, authenticated by an API key, and the secret of the key."""
    user = scene.here.people[role]
    key = ApiKeyFactory(
        user_id=user.id, scopes=tuple(scopes), workspace_ids=None if workspaces is None else tuple(workspaces)
    )
    [secret] = await store_keys(scene.world.engine, key)
    app = scene.world.app
    actor = await app.auth.authenticate(secret)
    return Client(app, actor), secret


def needed(use: Use, role: Role) -> Scope | str:
    return NEEDED_BY.get((use.name, role), NEEDED[use.mutation])


def refusal(need: Scope | str) -> list[tuple[str, str]]:
    return [("PermissionError", "PERMISSION_DENIED" if need == SESSION else "INSUFFICIENT_SCOPE")]


@pytest.mark.parametrize("use", USES, ids=lambda use: use.name)
async def test_a_key_without_the_scope_is_refused_and_changes_nothing(use: Use, scene: Scene) -> None:
    role = roles(use.allowed)[0]
    need = needed(use, role)
    for scope in Scope:
        if need in with_held([scope]):
            continue
        client, _ = await with_key(scene, role, [scope])
        before = await scene.world.rows()
        payload = await client.mutate(use.mutation, use.given(scene, role))
        assert refusals(payload) == refusal(need), scope
        assert payload["revision"] is None
        assert await scene.world.rows() == before, scope


@pytest.mark.parametrize(
    ("use", "scope"),
    [(use, scope) for use in USES for scope in Scope if needed(use, roles(use.allowed)[0]) in with_held([scope])],
    ids=lambda value: value.name,
)
async def test_a_key_with_the_scope_changes_something(use: Use, scope: Scope, scene: Scene) -> None:
    """The very input that others are refused with."""
    role = roles(use.allowed)[0]
    client, _ = await with_key(scene, role, [scope])
    before = await scene.world.rows()
    payload = await client.mutate(use.mutation, use.given(scene, role))
    assert refusals(payload) == []
    assert await scene.world.rows() != before


@pytest.mark.parametrize("use", USES, ids=lambda use: use.name)
async def test_a_key_for_another_workspace_opens_nothing_here(use: Use, scene: Scene) -> None:
    """The caller is refused like a non-member, although the owner of the key has a role here."""
    workspaces = [(scene.here.workspace if use.name == "workspaceDelete" else scene.spare).id]
    role = roles(use.allowed)[0]
    client, _ = await with_key(scene, role, [Scope.ADMIN], workspaces=workspaces)
    assert set(client.actor.roles) == set(workspaces)
    before = await scene.world.rows()
    payload = await client.mutate(use.mutation, use.given(scene, role))
    is_denied = use.mutation in UNCONFINED or needed(use, role) == SESSION
    expected = ("PermissionError", "PERMISSION_DENIED") if is_denied else ("NotFoundError", "NOT_FOUND")
    assert refusals(payload) == [expected]
    assert await scene.world.rows() == before


@pytest.mark.parametrize("scope", Scope)
async def test_a_key_of_any_scope_reads_what_the_person_may_in_its_workspaces(scope: Scope, scene: Scene) -> None:
    query = "{ viewer { id } workspaces { nodes { id } } }"
    here, spare = scene.here, scene.spare
    free, _ = await with_key(scene, Role.GUEST, [scope])
    confined, _ = await with_key(scene, Role.GUEST, [scope], workspaces=[here.workspace.id, scene.party.id])
    me = {"id": here.people[Role.GUEST].id}
    both = [{"id": each.id} for each in sorted((here.workspace, spare), key=lambda each: each.slug)]
    assert await free.run(query) == {"viewer": me, "workspaces": {"nodes": both}}
    # The party is a workspace of other people: to name it in a key gives nothing.
    assert await confined.run(query) == {"viewer": me, "workspaces": {"nodes": [{"id": here.workspace.id}]}}
    node = "query ($id: ID!) { node(id: $id) { id } }"
    assert await confined.run(node, id=here.issue.id) == {"node": {"id": here.issue.id}}
    assert await confined.run(node, id=spare.id) == {"node": None}


async def test_a_key_does_not_show_the_keys(scene: Scene) -> None:
    client, _ = await with_key(scene, Role.OWNER, [Scope.ADMIN])
    assert await client.failed("{ viewer { apiKeys { id } } }") == [("PERMISSION_DENIED", "")]


async def test_after_a_mutation_the_key_still_bounds_the_actor(scene: Scene) -> None:
    """Roles are read again then."""
    client, _ = await with_key(scene, Role.OWNER, [Scope.ADMIN], workspaces=[scene.here.workspace.id])
    changing = """mutation ($member: MemberUpdateInput!, $purge: IssuePurgeInput!, $other: WorkspaceUpdateInput!) {
      memberUpdate(input: $member) { errors { code } }
      issuePurge(input: $purge) { errors { code } }
      workspaceUpdate(input: $other) { errors { code } } }"""
    member = {"id": scene.here.members[Role.GUEST].id, "role": "MEMBER"}
    data = await client.run(
        changing, member=member, purge={"id": scene.trashed.id}, other={"id": scene.spare.id, "name": "Mine"}
    )
    assert [data[name]["errors"] for name in data] == [[], [], [{"code": "NOT_FOUND"}]]


@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE])
async def test_rest_answers_403_and_names_the_scope(scope: Scope, scene: Scene, rest: httpx.AsyncClient) -> None:
    """RFC 6750, 3.1; the file is not read."""
    _, secret = await with_key(scene, Role.OWNER, [scope])
    before = await scene.world.rows()
    answer = await rest.post("/imports/files", content=b"{}", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == 'Bearer realm="workgraph", error="insufficient_scope", scope="admin"'
    assert answer.json()["code"] == "INSUFFICIENT_SCOPE"
    assert await scene.world.rows() == before
    me = await rest.get("/auth/me", headers={"Authorization": f"Bearer {secret}"})
    assert (me.status_code, me.json()["id"]) == (200, scene.here.people[Role.OWNER].id)


async def test_missing_wrong_and_weak_credentials_get_different_errors(scene: Scene, rest: httpx.AsyncClient) -> None:
    _, secret = await with_key(scene, Role.OWNER, [Scope.READ])
    owner_id, past = scene.here.people[Role.OWNER].id, scene.here.issue.created_at
    [ended] = await store_keys(scene.world.engine, ApiKeyFactory(user_id=owner_id, expires_at=past))
    challenges = {}
    for name, headers in {
        "none": {},
        "typing error": {"Authorization": f"Bearer {secret[:-1]}{'0' if secret[-1] != '0' else '1'}"},
        "expired": {"Authorization": f"Bearer {ended}"},
        "weak": {"Authorization": f"Bearer {secret}"},
    }.items():
        answer = await rest.post("/imports/files", content=b"{}", headers=headers)
        challenges[name] = (answer.status_code, answer.headers["www-authenticate"].partition(", ")[2])
    assert challenges == {
        "none": (401, ""),
        "typing error": (401, 'error="invalid_token"'),
        "expired": (401, 'error="invalid_token"'),
        "weak": (403, 'error="insufficient_scope", scope="admin"'),
    }
