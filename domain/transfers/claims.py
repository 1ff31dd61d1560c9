"""Handing over the work of placeholders, which imports created for unknown users, to members."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.shared.actor import Actor
from domain.shared.batches import BatchKind, BatchRun, BatchWork, Worked
from domain.shared.uow import Outcome
from domain.transfers.ports import PlaceholderUow
from domain.workspaces.events import MemberRemoved
from domain.workspaces.model import Member

MEMBER_CLAIM = BatchKind("MEMBER_CLAIM")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Outcome):
    """A member who gets the work of a placeholder, at once or by a batch run."""

    id: str
    batch_run_id: str | None = None


async def hand_over(
    uow: PlaceholderUow, ids: Sequence[str], placeholder: Member, member: Member, *, now: datetime
) -> int:
    """Makes the member the creator, assignee and author in the placeholder's place on those issues and comments.

    Returns the number of objects that changed.
    """
    users = {"from_id": placeholder.user_id, "to_id": member.user_id}
    events = await uow.placeholders.hand_over(placeholder.workspace_id, ids, **users, now=now)
    for event in events:
        uow.record(event)
    return len(events)


async def remove_placeholder(uow: PlaceholderUow, placeholder: Member) -> None:
    await uow.members.remove(placeholder)
    uow.record(MemberRemoved.between(placeholder, None))


class MemberClaim(BatchWork):
    """The work of a batch run that hands over a placeholder's issues and comments, and then removes it."""

    async def fix(self, uow: PlaceholderUow, run: BatchRun) -> int:
        return await uow.placeholders.fix(run)

    async def change(
        self, actor: Actor, uow: PlaceholderUow, run: BatchRun, ids: Sequence[str], *, now: datetime
    ) -> Worked:
        assert run.target_id is not None
        placeholder = await uow.members.get(actor, run.subject_id)
        count = await hand_over(uow, ids, placeholder, await uow.members.get(actor, run.target_id), now=now)
        return Worked(changed_count=count)

    async def finish(self, actor: Actor, uow: PlaceholderUow, run: BatchRun, *, now: datetime) -> None:
        await remove_placeholder(uow, await uow.members.get(actor, run.subject_id, for_update=True))

    async def release(self, actor: Actor, uow: PlaceholderUow, run: BatchRun, *, now: datetime) -> None:
        """Does nothing: the placeholder keeps the rest of its work, and can be claimed again."""
