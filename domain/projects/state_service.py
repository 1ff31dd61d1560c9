from collections.abc import Sequence
from dataclasses import replace

from domain.projects.commands import StateChanges, StateDraft
from domain.projects.events import StateCreated, StateDeleted, StateUpdated
from domain.projects.model import MOST_STATES, Project, State, StateId
from domain.projects.ports import ProjectUow
from domain.projects.slice import PROJECT_WRITE
from domain.shared.actor import Actor
from domain.shared.clock import Clock
from domain.shared.errors import Conflict, ErrorCode, InvalidInput, LimitExceeded
from domain.shared.events import FieldChange
from domain.shared.ids import IdFactory
from domain.shared.uow import OpenUow, Written


class StateService:
    """Changes of a project's workflow; each locks the project, so that positions stay 0, 1, 2 and so on."""

    def __init__(self, uow: OpenUow[ProjectUow], clock: Clock, ids: IdFactory) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids

    async def create(self, actor: Actor, draft: StateDraft) -> Written[State]:
        """Creates a state at the end of the project's workflow."""
        async with self._uow(actor) as uow:
            project = await uow.projects.get(actor, draft.project_id, path=("project_id",), for_update=True)
            actor.require(PROJECT_WRITE, project.workspace_id)
            existing = await uow.states.of(project)
            if len(existing) >= MOST_STATES:
                raise LimitExceeded(f"A project can have at most {MOST_STATES} workflow states.", path=("project_id",))
            state = State.drafted(
                draft,
                id=StateId(self._ids.new_in(project.workspace_id, State.prefix)),
                project=project,
                position=len(existing),
                now=self._clock.now(),
            )
            await uow.states.add(state)
            uow.record(StateCreated.between(None, state))
            return await uow.commit(state)

    async def update(self, actor: Actor, state_id: str, changes: StateChanges) -> Written[State]:
        async with self._uow(actor) as uow:
            state = await uow.states.get(actor, state_id, for_update=True)
            actor.require(PROJECT_WRITE, state.workspace_id)
            changed = state.changed(changes, now=self._clock.now())
            if changed != state:
                await uow.states.save(state, changed)
                uow.record(StateUpdated.between(state, changed))
            return await uow.commit(changed)

    async def reorder(self, actor: Actor, project_id: str, state_ids: Sequence[str]) -> Written[Project]:
        """Reorders the workflow. `state_ids` must contain every state exactly once."""
        async with self._uow(actor) as uow:
            project = await uow.projects.get(actor, project_id, path=("project_id",), for_update=True)
            actor.require(PROJECT_WRITE, project.workspace_id)
            states = await uow.states.of(project)
            if sorted(state_ids) != sorted(state.id for state in states):
                raise InvalidInput(
                    "{field} must contain every workflow state of the project exactly once.", path=("state_ids",)
                )
            positions = {state_id: position for position, state_id in enumerate(state_ids)}
            await self._place(uow, states, positions)
            return await uow.commit(project)

    async def delete(self, actor: Actor, state_id: str, *, replace_with: str | None) -> Written[str]:
        """Deletes a state and moves its issues to `replace_with`, which is required if there are any."""
        async with self._uow(actor) as uow:
            state = await uow.states.get(actor, state_id)
            project = await uow.projects.get(actor, state.project_id, for_update=True)
            actor.require(PROJECT_WRITE, state.workspace_id)
            rest = [other for other in await uow.states.of(project) if other.id != state.id]
            if not rest:
                raise Conflict("A project must keep at least one workflow state.", code=ErrorCode.IN_USE)
            further: dict[str, FieldChange] = {}
            if replace_with is not None:
                target = await uow.states.get(actor, replace_with, path=("replace_with",))
                if target.project_id != project.id or target.id == state.id:
                    raise InvalidInput(
                        "{field} must be another workflow state of the same project.", path=("replace_with",)
                    )
                await uow.issues.move_all(state, target, now=self._clock.now())
                further["replaced_by"] = FieldChange(after=target.id)
            await uow.states.remove(state)
            uow.record(StateDeleted.between(state, None, **further))
            await self._place(uow, rest, {other.id: position for position, other in enumerate(rest)})
            return await uow.commit(state.id)

    async def _place(self, uow: ProjectUow, states: Sequence[State], positions: dict[str, int]) -> None:
        now = self._clock.now()
        moved = [
            (state, replace(state, position=positions[state.id], updated_at=now))
            for state in states
            if state.position != positions[state.id]
        ]
        await uow.states.place([after for _, after in moved])
        for before, after in moved:
            uow.record(StateUpdated.between(before, after))
