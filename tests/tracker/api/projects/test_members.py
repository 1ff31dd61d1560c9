"""Letting guests into projects, and out."""

import asyncio
from dataclasses import replace

from sqlalchemy import select

from domain.projects.model import ProjectMember
from domain.shared.actor import Grant, Role, Scope
from infra.audit.tables import SecurityEventRow
from infra.workspaces.tables import AreaGrantRow
from tests.factories.accounts import IDS, UserFactory
from tests.factories.workspaces import MemberFactory
from tests.refusals import assert_refused, bad_ids, conflict
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory, ProjectMemberFactory, StateFactory


async def new_guest(world: World) -> str:
    """The membership of a guest who is in no project."""
    user = UserFactory()
    member = MemberFactory(workspace=world.here.workspace, user_id=user.id, role=Role.GUEST)
    await world.store(user, member)
    return str(member.id)


async def member_ids(world: World) -> list[str]:
    """IDs of all members who are in a project, as stored in the database."""
    async with world.engine.connect() as connection:
        return sorted(await connection.scalars(select(AreaGrantRow.member_id)))


async def security_log(world: World) -> list[tuple[str, str, str]]:
    columns = (SecurityEventRow.kind, SecurityEventRow.user_id, SecurityEventRow.subject_id)
    async with world.engine.connect() as connection:
        rows = await connection.execute(select(*columns).order_by(SecurityEventRow.id))
        return [(kind.value, user_id, subject_id) for kind, user_id, subject_id in rows]


async def test_a_guest_is_added_to_and_removed_from_a_project(world: World) -> None:
    member_id = await new_guest(world)
    project = world.here.project
    payload = await world.member.mutate(
        "projectMemberAdd",
        {"projectId": project.id, "memberId": member_id},
        "projectMember { id createdAt project { id } member { id role user { id } } }",
    )
    place_id = payload["projectMember"]["id"]
    user_id = payload["projectMember"]["member"]["user"]["id"]
    stored = await world.stored(ProjectMember, place_id)
    assert (stored.workspace_id, stored.project_id, stored.member_id) == (
        world.here.workspace.id,
        project.id,
        member_id,
    )
    assert payload["projectMember"]["member"] == {"id": member_id, "role": "GUEST", "user": {"id": user_id}}
    assert (payload["errors"], payload["revision"]) == ([], 1)

    payload = await world.member.mutate("projectMemberRemove", {"id": place_id}, "deletedProjectMemberId")
    assert payload == {"deletedProjectMemberId": place_id, "errors": [], "revision": 2}
    assert await world.stored(ProjectMember, place_id) is None
    assert await world.events() == [
        (1, "project_member.added", place_id, {"member_id": [None, member_id]}),
        (2, "project_member.removed", place_id, {"member_id": [member_id, None]}),
    ]
    assert await security_log(world) == [
        ("PROJECT_MEMBER_ADDED", user_id, project.id),
        ("PROJECT_MEMBER_REMOVED", user_id, project.id),
    ]


async def test_members_who_cannot_be_added_to_a_project(world: World) -> None:
    place = world.here
    cases = {
        "no guest": ({"memberId": place.members[Role.ADMIN].id}, conflict("memberId")),
        "twice": ({"memberId": place.members[Role.GUEST].id}, conflict("memberId", "ALREADY_EXISTS")),
        **bad_ids("memberId", "mem", foreign=world.elsewhere.members[Role.GUEST].id),
        **bad_ids("projectId", "prj", foreign=world.elsewhere.project.id),
    }
    good = {"projectId": place.project.id, "memberId": await new_guest(world)}
    await assert_refused(world, world.member, "projectMemberAdd", good, cases)


async def test_an_invalid_project_membership_cannot_be_removed(world: World) -> None:
    cases = bad_ids("id", "pmb", foreign=world.elsewhere.guest_place.id)
    await assert_refused(world, world.member, "projectMemberRemove", {"id": IDS.new("pmb")}, cases)


async def test_changes_of_a_guests_projects_take_effect_at_once(world: World) -> None:
    place = world.here
    other = ProjectFactory(workspace=place.workspace)
    issue = IssueFactory(
        project=other, state=StateFactory(project=other), number=1, creator_id=place.people[Role.OWNER].id
    )
    state = StateFactory(project=other, id=issue.state_id)
    await world.store(other, state, issue)

    async def sees() -> bool:
        guest = world.client(Role.GUEST)
        known = await world.app.auth.reload_actor(guest.actor)
        found = await world.app.read.issues.by_ids(known, [issue.id])
        return bool(found)

    assert not await sees()
    given = {"projectId": other.id, "memberId": place.members[Role.GUEST].id}
    payload = await world.member.mutate("projectMemberAdd", given, "projectMember { id }")
    assert await sees()
    await world.member.mutate("projectMemberRemove", {"id": payload["projectMember"]["id"]})
    assert not await sees()


async def test_a_leaving_guest_does_not_see_the_project_in_the_same_operation(world: World) -> None:
    data = await world.client(Role.GUEST).run(
        """mutation ($out: ProjectMemberRemoveInput!, $say: CommentCreateInput!) {
          projectMemberRemove(input: $out) { errors { code } }
          commentCreate(input: $say) { comment { id } errors { code } } }""",
        out={"id": world.here.guest_place.id},
        say={"issueId": world.here.issue.id, "body": "Still here?"},
    )
    assert data == {
        "projectMemberRemove": {"errors": []},
        "commentCreate": {"comment": None, "errors": [{"code": "NOT_FOUND"}]},
    }


async def test_a_read_only_key_cannot_leave_a_project(world: World) -> None:
    guest = world.client(Role.GUEST)
    grant = Grant(key_id=IDS.new("apk"), scopes=frozenset({Scope.READ}), is_confined=False)
    reading = replace(guest, actor=replace(guest.actor, grant=grant))
    given = {"id": world.here.guest_place.id}
    assert await reading.refused("projectMemberRemove", given) == [("PermissionError", "INSUFFICIENT_SCOPE", "input")]
    assert await world.stored(ProjectMember, world.here.guest_place.id) == world.here.guest_place


async def test_a_member_who_becomes_a_guest_again_is_in_no_project(world: World) -> None:
    guest = world.here.members[Role.GUEST]
    await world.owner.mutate("memberUpdate", {"id": guest.id, "role": "MEMBER"})
    await world.owner.mutate("memberUpdate", {"id": guest.id, "role": "GUEST"})
    assert await member_ids(world) == [world.elsewhere.members[Role.GUEST].id]


async def test_leaving_the_workspace_leaves_its_projects(world: World) -> None:
    await world.owner.mutate("memberRemove", {"id": world.here.members[Role.GUEST].id})
    assert await member_ids(world) == [world.elsewhere.members[Role.GUEST].id]


async def test_a_project_is_deleted_with_its_guests_places(world: World) -> None:
    project = ProjectFactory(workspace=world.here.workspace)
    guest = world.here.members[Role.GUEST]
    await world.store(project, ProjectMemberFactory(project=project, member=guest))
    payload = await world.owner.mutate("projectDelete", {"id": project.id})
    assert payload["errors"] == []
    assert await member_ids(world) == sorted([guest.id, world.elsewhere.members[Role.GUEST].id])


async def test_only_guests_are_project_members(world: World) -> None:
    """However adding and a new role meet."""
    refused = 0
    for _ in range(12):
        member_id = await new_guest(world)
        given = {"projectId": world.here.project.id, "memberId": member_id}
        added, promoted = await asyncio.gather(
            world.member.mutate("projectMemberAdd", given),
            world.owner.mutate("memberUpdate", {"id": member_id, "role": "MEMBER"}),
        )
        assert promoted["errors"] == []
        refused += bool(added["errors"])
        assert member_id not in await member_ids(world)
    assert 0 <= refused <= 12
