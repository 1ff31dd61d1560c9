import time

import pytest

from domain.shared.actor import Role
from domain.workspaces.commands import InvitationDraft
from tests.domain.auth.test_timing import told_apart
from tests.domain.workspaces.conftest import House

TRIES = 400


@pytest.mark.verify
async def test_the_time_does_not_tell_whether_an_invited_address_has_an_account(house: House) -> None:
    for number in range(TRIES):
        await house.person(email=f"known{number}@example.org")
    taken: dict[str, list[float]] = {"known": [], "other": []}
    for number in range(TRIES):
        for name, times in taken.items():
            draft = InvitationDraft(
                workspace_id=house.workspace.id, email=f"{name}{number}@example.org", role=Role.GUEST
            )
            started = time.perf_counter()
            await house.invitations.create(house.as_owner, draft)
            times.append(time.perf_counter() - started)
        house.throttle_time.move(days=1)
    share = told_apart(taken["known"], taken["other"])
    assert share <= 0.55
