import time

import pytest

from domain.shared.actor import Role
from domain.workspaces.commands import InvitationDraft
from tests.guessing import TELLING, Times, best_guess
from tests.platform.domain.workspaces.conftest import House

TRIES = 400


@pytest.mark.verify
@pytest.mark.alone
async def test_the_time_does_not_tell_whether_an_invited_address_has_an_account(house: House) -> None:
    for number in range(TRIES):
        await house.person(email=f"known{number}@example.org")

    async def seconds(email: str) -> float:
        draft = InvitationDraft(workspace_id=house.workspace.id, email=email, role=Role.GUEST)
        started = time.perf_counter()
        await house.invitations.create(house.as_owner, draft)
        return time.perf_counter() - started

    async def taken() -> Times:
        known, unknown = [], []
        for number in range(TRIES):
            known.append(await seconds(f"known{number}@example.org"))
            unknown.append(await seconds(f"other{number}@example.org"))
            house.throttle_time.move(days=1)
        return known, unknown

    assert await best_guess(taken) <= TELLING
