"""Updates of more than 1,000 issues that a filter has selected, by batch runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.issues.batch_commands import IssueBatchUpdate
from domain.issues.changing import decide_all, edit_all
from domain.issues.commands import IssueChanges, IssueMove
from domain.issues.model import Issue
from domain.issues.ports import IssueUow
from domain.issues.selecting import check_count
from domain.shared.actor import Actor, Permission
from domain.shared.batches import BATCH_SIZE, BatchKind, BatchRun, BatchSkip, BatchWork, Worked
from domain.shared.errors import LimitExceeded, PermissionDenied, Rejected
from domain.shared.events import FREE_TEXTS, FieldChange, plain
from domain.shared.many import BatchResult
from domain.shared.sets import SetChange
from domain.shared.stored_commands import read_command, stored
from domain.shared.unset import UNSET, sent_fields

ISSUE_UPDATE = BatchKind("ISSUE_UPDATE")

MOST_RUNS = 10
"""Unfinished runs of a workspace that update issues."""
MOST_COUNTED = 20_000
"""Issues of a dry run: more than can be decided in its two seconds, so that their IDs need not be read."""
TRIED = 100
"""Issues on which a change is tried before a run starts."""


@dataclass(frozen=True, slots=True)
class IssueUpdateRun(BatchWork):
    """The work of a batch run that updates issues, with the permission that it needs."""

    permission: Permission

    async def fix(self, uow: IssueUow, run: BatchRun) -> int:
        """Finds nothing: the rows are those that the filter found when the run was started."""
        return 0

    async def change(self, actor: Actor, uow: IssueUow, run: BatchRun, ids: Sequence[str], *, now: datetime) -> Worked:
        command = read_command(IssueBatchUpdate, await uow.batch_runs.options(run))
        result = (await edit_all(uow, await self._acting(uow, actor, run), ids, command)).result()
        skips = [
            BatchSkip(index=run.done + row.index, subject_id=ids[row.index], errors=row.errors)
            for row in result.rows
            if row.errors
        ]
        return Worked(changed_count=result.changed_count or 0, skips=skips)

    async def finish(self, actor: Actor, uow: IssueUow, run: BatchRun, *, now: datetime) -> None:
        """Does nothing: each batch is complete by itself."""

    async def release(self, actor: Actor, uow: IssueUow, run: BatchRun, *, now: datetime) -> None:
        """Does nothing: the issues were open to other changes all along."""

    async def _acting(self, uow: IssueUow, actor: Actor, run: BatchRun) -> Actor:
        """The actor with the present role of the user who started the run; raises PermissionDenied without it."""
        if run.started_by_id is None:
            return actor
        member = await uow.members.of_user(run.workspace_id, run.started_by_id)
        if member is None:
            raise PermissionDenied("The user who started the run is no longer a member of the workspace.")
        if member.role not in self.permission.roles:
            raise PermissionDenied(
                f"The user who started the run no longer has a role that may {self.permission.action}."
            )
        return replace(actor, is_system=False, roles={run.workspace_id: member.role})


async def begin_update(
    uow: IssueUow, actor: Actor, command: IssueBatchUpdate, ids: Sequence[str]
) -> BatchResult[Issue]:
    """Starts the run that updates the issues that match the filter now; `ids` are some of them.

    Raises Rejected if none of the first ones can be changed, as with a mistake in the change.
    """
    assert command.select.filter is not None
    if await uow.batch_runs.unfinished(command.workspace_id, ISSUE_UPDATE) >= MOST_RUNS:
        message = f"{MOST_RUNS} batch runs of this workspace update issues already. Wait until one of them has ended."
        raise LimitExceeded(message)
    # A move takes numbers, which would be lost.
    tried_ids = ids[:TRIED] if command.change.move is UNSET else ()
    _, tried = await decide_all(uow, actor, tried_ids, command, for_update=False)
    if tried_ids and not tried.decided:
        raise Rejected(tried.result().rows[0].errors)
    matching, wanted = uow.matching_issues, command.select.filter
    run = await uow.begin_selected_batch(
        ISSUE_UPDATE,
        workspace_id=command.workspace_id,
        options=stored(command),
        select=lambda run: matching.store(actor, run, wanted),
        logged=logged_changes(command.change),
    )
    # The rows are those of another statement than the count.
    check_count(command, run.total or 0)
    return BatchResult(batch_run_id=run.id)


async def count_changes(uow: IssueUow, actor: Actor, command: IssueBatchUpdate, count: int) -> BatchResult[Issue]:
    """Counts what a run would change and skip now, without locking or writing the issues."""
    assert command.select.filter is not None
    if count > MOST_COUNTED:
        raise LimitExceeded(f"A dry run can count at most {MOST_COUNTED:,} issues.", path=("dry_run",))
    ids = await uow.matching_issues.ids(actor, command.workspace_id, command.select.filter, most=count)
    changed = skipped = 0
    for start in range(0, len(ids), BATCH_SIZE):
        _, rows = await decide_all(uow, actor, ids[start : start + BATCH_SIZE], command, for_update=False)
        result = rows.result()
        changed, skipped = changed + (result.changed_count or 0), skipped + (result.skipped_count or 0)
    return BatchResult(changed_count=changed, skipped_count=skipped)


def logged_changes(changes: IssueChanges) -> Mapping[str, FieldChange]:
    """The sent values for the event of the run's start, without texts of users; of links, what goes and what comes."""
    sent = sent_fields(changes)
    move = sent.pop("move", None)
    if isinstance(move, IssueMove):
        sent |= {"project_id": move.project_id, "state_id": move.state.id}
    return {name: _logged(value) for name, value in sent.items() if name not in FREE_TEXTS}


def _logged(value: object) -> FieldChange:
    if isinstance(value, SetChange):
        return FieldChange(before=plain(value.remove), after=plain(value.add if value.set is None else value.set))
    return FieldChange(after=plain(value))
