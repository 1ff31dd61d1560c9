"""Proof that change sets are taken back whole: random mutations, undone in reverse order, leave nothing changed.

The undos are undone and done again too. Each undo is tried first, and does exactly what its trial said.
"""

from collections import Counter
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from domain.shared.batches import MOST_AT_ONCE
from infra.jobs.leases import SqlLeases
from tests.tracker.api.audit.random_changes import INPUTS
from tests.tracker.api.audit.test_mirror import Changed, small_batches
from tests.tracker.api.transfers.conftest import LEASE
from tests.tracker.api.undo.taken_back import differences, snapshot, undo
from tests.tracker.api.world import World

pytestmark = pytest.mark.usefixtures(small_batches.__name__)

NOT_UNDONE = {
    "batchRunCancel": "runs have ended when the next mutation begins",
    "changeSetUndo": "is what is proved",
    "importStart": "imports cannot be undone",
    "invitationAccept": "memberships cannot be undone",
    "invitationCreate": "invitations cannot be undone",
    "invitationResend": "invitations cannot be undone",
    "invitationRevoke": "invitations cannot be undone",
    "issuePurge": "purged issues are gone",
    "memberClaim": "memberships cannot be undone",
    "memberRemove": "memberships cannot be undone",
    "memberUpdate": "memberships cannot be undone",
    "projectDelete": "deleted projects are gone",
    "projectMemberAdd": "memberships cannot be undone",
    "projectMemberRemove": "memberships cannot be undone",
    "workspaceTransfer": "memberships cannot be undone",
}
"""Mutations whose change sets are not taken back -> why."""
UNDONE = sorted(INPUTS.keys() - NOT_UNDONE.keys())


def without_now(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The results without the times of withdrawals, which differ between a trial and the undo."""
    found = deepcopy(results)
    for change in (change for result in found for change in result["changes"] if change["field"].endswith("At")):
        change["after"] = change["after"] and "a time"
    return found


class TakenBack:
    """A workspace that random mutations change, and whose changes are taken back."""

    def __init__(self, changed: Changed) -> None:
        self.changed = changed
        self.done = Counter[str]()

    async def mutate(self, name: str, random: Random) -> int | None:
        """The change set of the mutation; None if it was refused or changed nothing."""
        before, done = self.changed.mirror.revision, self.changed.done[name]
        await self.changed.mutate(name, random)
        await self.changed.work()
        await self.changed.mirror.catch_up(self.changed.client, self.changed.slug)
        return await self._first_change_set(before) if self.changed.done[name] > done else None

    async def _first_change_set(self, after: int) -> int | None:
        query = """query ($slug: String!, $after: Revision!) { workspace(slug: $slug) {
          changes(after: $after, first: 1) { events { changeSet } } } }"""
        data = await self.changed.client.run(query, slug=self.changed.slug, after=after)
        events = data["workspace"]["changes"]["events"]
        return events[0]["changeSet"] if events else None

    async def take_back(self, change_set: int) -> int | None:
        """Undoes the change set, but for created objects that withdrawn ones use, and returns that of the undo."""
        client, workspace_id = self.changed.client, self.changed.chooser.workspace_id
        trial = await undo(client, workspace_id, change_set, dryRun=True)
        payload = await undo(client, workspace_id, change_set)
        assert without_now(trial["results"]) == without_now(payload["results"])
        codes = {error["code"] for error in payload["errors"]}
        assert codes <= {"IN_USE"}, payload
        if codes:
            payload = await undo(client, workspace_id, change_set, onConflict="SKIP")
        await self.changed.work()
        await self.changed.mirror.catch_up(client, self.changed.slug)
        revision: int | None = payload["revision"]
        return revision

    async def take_all_back(self, change_sets: list[int]) -> list[int]:
        undone = [await self.take_back(change_set) for change_set in reversed(change_sets)]
        return [change_set for change_set in undone if change_set is not None]


async def prove(world: World, leases: SqlLeases, *, slug: str, seed: int, steps: int) -> Counter[str]:
    """Changes a new workspace, takes all back, does it again, and takes it back again."""
    random = Random(seed)
    changed = await Changed.created(world, leases, slug=slug)
    await changed.work()
    await changed.mirror.catch_up(changed.client, slug)
    proof = TakenBack(changed)
    beginning = snapshot(changed.mirror)
    made = [await proof.mutate(random.choice(UNDONE), random) for _ in range(steps)]
    change_sets = [each for each in made if each is not None]
    end = snapshot(changed.mirror)
    undone = await proof.take_all_back(change_sets)
    assert differences(beginning, snapshot(changed.mirror)) == []
    redone = await proof.take_all_back(undone)
    assert differences(end, snapshot(changed.mirror)) == []
    await proof.take_all_back(redone)
    assert differences(beginning, snapshot(changed.mirror)) == []
    assert await changed.differences() == []
    return changed.done


@pytest.fixture
def leases(world: World) -> SqlLeases:
    return SqlLeases(world.engine, duration=LEASE)


def test_every_mutation_is_taken_back_or_has_a_reason() -> None:
    assert NOT_UNDONE.keys() <= INPUTS.keys() | {"changeSetUndo"}


async def test_random_changes_are_taken_back(world: World, leases: SqlLeases) -> None:
    await prove(world, leases, slug="taken-back", seed=1, steps=12)


@pytest.mark.verify
async def test_random_changes_of_20_seeds_are_taken_back(
    world: World, leases: SqlLeases, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: Counter[str] = Counter()
    for seed in range(20):
        # Every other seed undoes most change sets by batch runs.
        monkeypatch.setattr("domain.undo.service.MOST_AT_ONCE", 3 if seed % 2 else MOST_AT_ONCE)
        done += await prove(world, leases, slug=f"taken-back-{seed}", seed=seed, steps=25)
    assert done.keys() >= set(UNDONE), "A mutation never succeeded: choose its input among fitting objects."
