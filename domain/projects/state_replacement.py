"""Deletion of workflow states, whose issues move to another one, and the positions of the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.projects.events import StateUpdated
from domain.projects.model import Project, State
from domain.projects.ports import ProjectUow
from domain.shared.errors import Conflict, ErrorCode
from domain.shared.replacements import Replacement

LAST_STATE = "A project must keep at least one workflow state."


class StateReplacement(Replacement[State]):
    """Deletes workflow states, and closes the gaps in the order of the others. The project is locked meanwhile."""

    async def check(self, uow: ProjectUow, entity: State, container: Project) -> None:
        if len(await uow.states.of(container)) == 1:
            raise Conflict(LAST_STATE, code=ErrorCode.IN_USE)

    async def removed(self, uow: ProjectUow, entity: State, container: Project, *, now: datetime) -> None:
        rest = await uow.states.of(container)
        await place_states(uow, rest, {state.id: position for position, state in enumerate(rest)}, now=now)


async def place_states(
    uow: ProjectUow, states: Sequence[State], positions: Mapping[str, int], *, now: datetime
) -> None:
    """Gives the states their positions, and records those that move."""
    moved = moved_states(states, positions, now=now)
    await uow.states.place([after for _, after in moved])
    for before, after in moved:
        uow.record(StateUpdated.between(before, after))


def moved_states(
    states: Sequence[State], positions: Mapping[str, int], *, now: datetime
) -> Sequence[tuple[State, State]]:
    """States whose position changes, before and after."""
    return [
        (state, replace(state, position=positions[state.id], updated_at=now))
        for state in states
        if state.position != positions[state.id]
    ]
