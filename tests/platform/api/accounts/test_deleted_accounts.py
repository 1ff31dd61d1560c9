"""Deleted accounts as other users see them."""

from domain.shared.actor import Actor, Role
from tests.factories.moments import MADE
from tests.factories.workspaces import InvitationFactory
from tests.sample.world import LibraryWorld

INVITED = """query ($id: ID!) {
  node(id: $id) { ... on Invitation { role createdBy { ...Person } acceptedBy { ...Person } } }
}
fragment Person on User { id name initials email timeZone isDeleted isPlaceholder }"""
MEMBERS = "query ($slug: String!) { workspace(slug: $slug) { members { nodes { role } } } }"


async def test_what_a_deleted_user_did_stays_without_a_name(world: LibraryWorld) -> None:
    here = world.here
    admin = here.people[Role.ADMIN]
    accepted = {"accepted_at": MADE, "accepted_by_id": admin.id}
    invitation = InvitationFactory(workspace=here.workspace, created_by_id=admin.id, **accepted)
    await world.store(invitation)
    before = (await world.owner.run(INVITED, id=invitation.id))["node"]
    assert (before["createdBy"]["name"], before["createdBy"]["isDeleted"]) == (admin.name, False)

    await world.app.deletions.delete(Actor.system(), admin.email or "")
    nobody = {
        "id": admin.id,
        "name": "Deleted user",
        "initials": "DU",
        "email": None,
        "timeZone": "UTC",
        "isDeleted": True,
        "isPlaceholder": False,
    }
    after = (await world.owner.run(INVITED, id=invitation.id))["node"]
    assert after == {"role": before["role"], "createdBy": nobody, "acceptedBy": nobody}
    found = (await world.owner.run(MEMBERS, slug=here.workspace.slug))["workspace"]
    assert sorted(each["role"] for each in found["members"]["nodes"]) == ["GUEST", "MEMBER", "OWNER"]
    [removed] = (await world.events())[-1:]
    assert (removed[1], removed[2]) == ("member.removed", here.members[Role.ADMIN].id)
