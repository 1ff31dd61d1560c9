"""Undo of changes of projects and workflow states."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from domain.projects.events import ProjectArchived, ProjectRestored, StateCreated, StateDeleted, StateUpdated
from domain.projects.model import MOST_STATES, TOO_MANY_STATES, Project, State
from domain.projects.state_replacement import LAST_STATE, moved_states
from domain.shared.errors import Conflict, ErrorCode, LimitExceeded
from domain.shared.events import Event, FieldChange
from domain.shared.net_changes import NetChange
from domain.shared.undoing import PATH, Undo, UndoKind
from domain.shared.undoing_deletions import UndoDeletable

POSITION = "position"
_project_of = attrgetter("project_id")


@dataclass(frozen=True, kw_only=True)
class UndoProjects(UndoKind[Project]):
    """Undoes changes of projects. A created project is archived, since its deletion could not be undone."""

    def check(self, undo: Undo, entity: Project, net: NetChange) -> None:
        entity.check_usable(PATH)

    def events(self, before: Project, after: Project, links: Mapping[str, FieldChange]) -> Sequence[Event]:
        changed = ProjectRestored if after.archived_at is None else ProjectArchived
        kind = self.updated if before.archived_at == after.archived_at else changed
        return [kind.between(before, after)]


@dataclass(frozen=True, kw_only=True)
class UndoStates(UndoDeletable[State]):
    """Undoes changes of workflow states. Positions of a project stay 0, 1, 2 and so on."""

    def restorable(self, net: NetChange) -> Collection[str]:
        # Positions are restored together, after the other fields.
        names = super().restorable(net)
        return names if self.is_deletion(net) else [name for name in names if name != POSITION]

    def fixed_at_creation(self) -> Collection[str]:
        return [name for name in super().fixed_at_creation() if name != POSITION]

    async def revert(self, undo: Undo, nets: Sequence[NetChange]) -> None:
        placed = [net.subject_id for net in nets if POSITION in net.fields]
        # The project is locked before its states, as by all changes of positions.
        seen = list(await undo.uow.states.find(undo.actor, placed))
        await self.containers(undo, seen)
        await super().revert(undo, nets)
        for states in await self._states_of(undo, seen):
            await self._reorder(undo, states)

    async def take_back(self, undo: Undo, nets: Sequence[NetChange]) -> None:
        """Deletes created states, but for those that a created project, which stays, began with."""
        states = await undo.uow.states.find(undo.actor, [net.subject_id for net in nets])
        kept = {state.id for state in states if state.project_id in undo.rows}
        if rest := [net for net in nets if net.subject_id not in kept]:
            await super().take_back(undo, rest)

    async def fitting(self, undo: Undo, entities: Sequence[State]) -> Sequence[State]:
        counts = Counter(state.project_id for states in await self._states_of(undo, entities) for state in states)
        fitting = []
        for entity in entities:
            counts[entity.project_id] += 1
            if counts[entity.project_id] <= MOST_STATES:
                fitting.append(entity)
            else:
                undo.rows[entity.id].refuse(LimitExceeded(TOO_MANY_STATES, path=PATH))
        return fitting

    async def spare(self, undo: Undo, entities: Sequence[State]) -> Sequence[State]:
        leaving = {entity.id for entity in entities}
        for states in await self._states_of(undo, entities):
            if all(state.id in leaving for state in states):
                leaving.remove(states[0].id)
                undo.rows[states[0].id].refuse(Conflict(LAST_STATE, path=PATH, code=ErrorCode.IN_USE))
        return [entity for entity in entities if entity.id in leaving]

    async def moved(self, undo: Undo, entities: Sequence[State]) -> None:
        """Closes the gaps in the positions of the states, or makes room for those that are back."""
        back = {entity.id for entity in entities}
        for states in await self._states_of(undo, entities):
            order = sorted(states, key=lambda state: (state.position, state.id not in back))
            await self._place(undo, order)

    async def _reorder(self, undo: Undo, states: Sequence[State]) -> None:
        """Restores the positions of states that were not moved later."""
        # States that are created or deleted move others, which is no change of their order.
        is_reshaped = not undo.types.isdisjoint({StateCreated.type, StateDeleted.type})
        restored: dict[str, Any] = {}
        for state in states:
            net = undo.rows[state.id].net if state.id in undo.rows else None
            change = None if net is None or self.is_creation(net) else net.fields.get(POSITION)
            if change is None or state.position == change.before:
                continue
            if state.position == change.after:
                restored[state.id] = change.before
            elif not is_reshaped:
                undo.rows[state.id].touched[POSITION] = state.position
        order = sorted(states, key=lambda state: (restored.get(state.id, state.position), state.id not in restored))
        await self._place(undo, order)

    async def _place(self, undo: Undo, states: Sequence[State]) -> None:
        positions: dict[str, int] = {state.id: position for position, state in enumerate(states)}
        moved = moved_states(states, positions, now=undo.uow.now)
        await undo.uow.states.place([after for _, after in moved])
        for before, after in moved:
            undo.record(after, [StateUpdated.between(before, after)])

    async def _states_of(self, undo: Undo, entities: Sequence[State]) -> Sequence[Sequence[State]]:
        """The states of each project that has some of the given ones, by position."""
        project_ids = sorted({entity.project_id for entity in entities})
        states = await undo.uow.states.of_projects(undo.workspace_id, project_ids) if project_ids else []
        return [list(group) for _, group in groupby(sorted(states, key=_project_of), key=_project_of)]
