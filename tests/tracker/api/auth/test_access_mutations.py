"""A process that commits a change of access forgets the actors of the account before it answers, in each use case."""

import time
from collections.abc import Iterable

import pytest
from sqlalchemy import select

from domain.accounts.model import SignedIn
from infra.accounts.tables import UserRow
from infra.auth.actor_memory import RecentActors
from tests.factories.accounts import UserFactory
from tests.patience import PATIENCE
from tests.platform.api.auth.test_access_changes import open_ears
from tests.tracker.api.permission_table import USES, Scene, Use, roles

TOLD = {
    "apiKeyRevoke",
    "invitationAccept",
    "memberClaim",
    "memberRemove",
    "memberUpdate",
    "projectDelete",
    "projectMemberAdd",
    "projectMemberRemove",
    "sessionEnd",
    "sessionsEndOthers",
    "viewerUpdate",
    "workspaceCreate",
    "workspaceDelete",
    "workspaceTransfer",
}
"""Mutations that change what authentication reads."""


@pytest.mark.parametrize("use", USES, ids=lambda use: use.name)
async def test_this_process_forgets_before_it_answers_what_others_are_told(
    use: Use, scene: Scene, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    role, memory = roles(use.allowed)[0], scene.world.app.auth._memory
    assert isinstance(memory, RecentActors)
    async with open_ears(database) as ears, ears.engine.connect() as connection:
        await ears.settled()
        accounts = set((await connection.execute(select(UserRow.id))).scalars())
        # Not the listener of the process, which hears the same a moment later.
        monkeypatch.setattr(memory, "forget", lambda accounts: None)
        remember(memory, accounts)
        payload = await scene.client(role).mutate(use.mutation, use.given(scene, role))
        forgotten = {account for account in accounts if memory.recall(account) is None}
        _, others = await ears.told()
    assert payload["errors"] == []
    assert forgotten == others & accounts
    assert bool(others) is (use.mutation in TOLD)


def remember(memory: RecentActors, accounts: Iterable[str]) -> None:
    memory.deaf()
    memory.hearing(since=time.monotonic() + PATIENCE)
    for account in accounts:
        with memory.reading() as keep:
            keep(account, SignedIn(account=UserFactory(id=account), user_id=account))
