"""Invitations of guests to projects."""

from infra.projects.repository import SqlProjectMemberRepository
from infra.workspaces.tables import AreaGrantRow
from tests.refusals import assert_refused, bad_ids, invalid
from tests.tracker.api.world import World
from tests.tracker.factories.projects import ProjectFactory


async def test_bad_projects_of_invitations_are_refused(world: World):
    place = world.here
    cases = {
        **bad_ids("projectIds", "prj", foreign=world.elsewhere.project.id, listed=True),
        "too many": ({"projectIds": [place.project.id] * 21}, invalid("projectIds", "LIMIT_EXCEEDED")),
        "projects of no guest": ({"role": "MEMBER", "projectIds": [place.project.id]}, invalid("projectIds")),
    }
    good = {"workspaceId": place.workspace.id, "email": "new@example.org", "role": "GUEST"}
    await assert_refused(world, world.owner, "invitationCreate", good, cases)


async def test_an_invited_guest_sees_the_promised_projects_that_are_left(world: World):
    place = world.here
    gone, other = ProjectFactory(workspace=place.workspace), ProjectFactory(workspace=place.workspace)
    await world.store(gone, other)
    asked = {
        "workspaceId": place.workspace.id,
        "role": "GUEST",
        "projectIds": [place.project.id, gone.id, place.project.id],
    }
    made = await world.owner.mutate("invitationCreate", asked, "invitation { projects { id } } link")
    assert made["invitation"] == {"projects": [{"id": place.project.id}, {"id": gone.id}]}
    assert (await world.owner.mutate("projectDelete", {"id": gone.id}))["errors"] == []
    token = made["link"].partition("?token=")[2]
    joined = await world.client(None).mutate("invitationAccept", {"token": token}, "member { id }")
    assert joined["errors"] == []
    assert [kind for _, kind, _, _ in await world.events()] == [
        "invitation.created",
        "project.deleted",
        "invitation.accepted",
        "member.added",
        "project_member.added",
    ]
    async with world.engine.connect() as connection:
        places = await SqlProjectMemberRepository(connection).where(AreaGrantRow.member_id == joined["member"]["id"])
    assert [each.project_id for each in places] == [place.project.id]
