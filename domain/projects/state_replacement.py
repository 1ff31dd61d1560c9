"""Deletion of a workflow state whose issues move to another one, at once or by a batch run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.projects.events import StateDeleted, StateUpdated
from domain.projects.model import Project, State
from domain.projects.ports import ProjectUow
from domain.shared.actor import Actor
from domain.shared.batches import BatchKind, BatchRun, BatchRunId, BatchWork
from domain.shared.errors import Conflict, ErrorCode
from domain.shared.events import FieldChange


def begin_replacement(uow: ProjectUow, state: State) -> BatchRunId:
    """Starts the batch run that moves the issues of the state to the one that replaces it."""
    return uow.begin_batch(
        BatchKind.STATE_REPLACEMENT,
        workspace_id=state.workspace_id,
        subject_id=state.id,
        target_id=state.replaced_by_id,
    )


async def other_states(uow: ProjectUow, project: Project, state: State) -> Sequence[State]:
    """The other states of the project by position; raises Conflict if there are none."""
    rest = [other for other in await uow.states.of(project) if other.id != state.id]
    if not rest:
        raise Conflict("A project must keep at least one workflow state.", code=ErrorCode.IN_USE)
    return rest


async def remove_state(
    uow: ProjectUow, state: State, target: State | None, rest: Sequence[State], *, now: datetime
) -> None:
    """Deletes a state without issues and closes the gap in the order of the others."""
    further = {} if target is None else {"replaced_by": FieldChange(after=target.id)}
    await uow.states.remove(state)
    uow.record(StateDeleted.between(state, None, **further))
    await place_states(uow, rest, {other.id: position for position, other in enumerate(rest)}, now=now)


async def place_states(
    uow: ProjectUow, states: Sequence[State], positions: Mapping[str, int], *, now: datetime
) -> None:
    """Gives the states their positions, and records those that move."""
    moved = [
        (state, replace(state, position=positions[state.id], updated_at=now))
        for state in states
        if state.position != positions[state.id]
    ]
    await uow.states.place([after for _, after in moved])
    for before, after in moved:
        uow.record(StateUpdated.between(before, after))


class StateReplacement(BatchWork):
    """The work of a batch run that replaces a state."""

    async def fix(self, uow: ProjectUow, run: BatchRun) -> int:
        return await uow.issues.fix_in_state(run)

    async def change(self, actor: Actor, uow: ProjectUow, run: BatchRun, ids: Sequence[str], *, now: datetime) -> None:
        state, target = await self._states(actor, uow, run)
        await uow.issues.move(ids, state, target, now=now)

    async def finish(self, actor: Actor, uow: ProjectUow, run: BatchRun, *, now: datetime) -> None:
        state, target = await self._states(actor, uow, run)
        project = await uow.projects.get(actor, state.project_id, for_update=True)
        await remove_state(uow, state, target, await other_states(uow, project, state), now=now)

    async def release(self, actor: Actor, uow: ProjectUow, run: BatchRun, *, now: datetime) -> None:
        state = await uow.states.get(actor, run.subject_id, for_update=True)
        released = state.replaced_by(None, now=now)
        await uow.states.save(state, released)
        uow.record(StateUpdated.between(state, released))

    async def _states(self, actor: Actor, uow: ProjectUow, run: BatchRun) -> tuple[State, State]:
        assert run.target_id is not None
        return await uow.states.get(actor, run.subject_id), await uow.states.get(actor, run.target_id)
