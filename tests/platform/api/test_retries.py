"""Answers to retries that later changes restrict, and what is stored of answers."""

from typing import get_type_hints

from domain.shared.actor import Role
from domain.shared.uow import Outcome
from tests.factories.accounts import UserFactory
from tests.factories.workspaces import MemberFactory
from tests.sample.world import LibraryWorld

LINK = "invitation { id } link"


async def test_a_retry_shows_the_link_only_to_an_issuer_who_may_still_invite(world: LibraryWorld):
    place, owner = world.here, world.owner
    successor = UserFactory()
    await world.store(successor, MemberFactory(workspace=place.workspace, user_id=successor.id, role=Role.OWNER))
    asked = {"workspaceId": place.workspace.id, "role": "OWNER", "idempotencyKey": "k1"}
    first = await owner.mutate("invitationCreate", asked, LINK)
    assert "token=" in first["link"]
    assert await owner.mutate("invitationCreate", asked, LINK) == first

    await owner.mutate("memberUpdate", {"id": place.members[Role.OWNER].id, "role": "ADMIN"})
    assert await owner.mutate("invitationCreate", asked, LINK) == first | {"link": None}


async def test_a_retry_shows_no_link_reissued_by_another_member(world: LibraryWorld):
    asked = {"workspaceId": world.here.workspace.id, "role": "ADMIN", "idempotencyKey": "k1"}
    first = await world.owner.mutate("invitationCreate", asked, LINK)
    resent = await world.client(Role.ADMIN).mutate("invitationResend", {"id": first["invitation"]["id"]}, LINK)
    assert resent["link"] not in (None, first["link"])
    assert await world.owner.mutate("invitationCreate", asked, LINK) == first | {"link": None}


async def test_a_retry_shows_no_link_of_a_mailed_or_revoked_invitation(world: LibraryWorld):
    asked = {"workspaceId": world.here.workspace.id, "role": "ADMIN"}
    mailed = asked | {"email": "new@example.org", "idempotencyKey": "k1"}
    linked = asked | {"idempotencyKey": "k2"}
    for _ in range(2):
        assert (await world.owner.mutate("invitationCreate", mailed, LINK))["link"] is None
    first = await world.owner.mutate("invitationCreate", linked, LINK)
    await world.owner.mutate("invitationRevoke", {"id": first["invitation"]["id"]})
    assert (await world.owner.mutate("invitationCreate", linked, LINK)) == first | {"link": None}


def test_outcomes_are_compact():
    """Proves that outcomes hold IDs, numbers and flags alone. Stored texts would outlive their deletion by a day."""
    kinds = Outcome.__subclasses__()
    assert len(kinds) >= 2
    hints = {f"{kind.__name__}.{name}": hint for kind in kinds for name, hint in get_type_hints(kind).items()}
    assert {
        name
        for name, hint in hints.items()
        if hint not in (int, int | None, bool) and not name.endswith((".id", "_id"))
    } == set()
