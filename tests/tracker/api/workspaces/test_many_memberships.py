from domain.shared.actor import Role
from domain.shared.pages import PageRequest
from tests.factories.workspaces import MemberFactory
from tests.platform.api.workspaces.many_memberships import SOME_MORE, join_many
from tests.tracker.api.world import World


async def test_a_guest_with_many_memberships_sees_no_imports(world: World) -> None:
    """The membership here is not loaded with the actor."""
    user, elsewhere = world.here.people[Role.MEMBER], world.elsewhere.workspace
    await world.store(MemberFactory(workspace=elsewhere, user_id=user.id, role=Role.GUEST))
    await join_many(world.engine, user.id, SOME_MORE)
    actor = await world.app.auth.reload_actor(world.member.actor)
    [page] = await world.app.read.imports.of_workspaces(actor, [elsewhere], PageRequest(first=5))
    assert list(page.nodes) == []
