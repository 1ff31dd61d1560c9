from domain.shared.actor import Role
from tests.tracker.api.world import World


async def test_a_guest_with_another_role_leaves_the_projects(world: World):
    guest = world.here.members[Role.GUEST]
    payload = await world.owner.mutate("memberUpdate", {"id": guest.id, "role": "ADMIN"}, "member { id role }")
    assert payload == {"member": {"id": guest.id, "role": "ADMIN"}, "revision": 2, "errors": []}
    assert await world.events() == [
        (1, "project_member.removed", world.here.guest_place.id, {"member_id": [guest.id, None]}),
        (2, "member.updated", guest.id, {"role": ["GUEST", "ADMIN"]}),
    ]
