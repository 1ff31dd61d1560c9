from domain.projects.commands import StateChanges, StateDraft, StateOrderChanges
from domain.projects.events import StateCreated, StateUpdated
from domain.projects.model import MOST_STATES, TOO_MANY_STATES, Project, State, StateId
from domain.projects.ports import ProjectUow
from domain.projects.slice import PROJECT_WRITE, STATES
from domain.projects.state_replacement import place_states
from domain.shared.actor import Actor
from domain.shared.batches import Deletion
from domain.shared.errors import InvalidInput, LimitExceeded
from domain.shared.ids import IdFactory
from domain.shared.replacements import check_usable
from domain.shared.uow import OpenUow, Written


class StateService:
    """Changes of a project's workflow; each locks the project, so that positions stay 0, 1, 2 and so on."""

    def __init__(self, uow: OpenUow[ProjectUow], ids: IdFactory) -> None:
        self._uow = uow
        self._ids = ids

    async def create(self, actor: Actor, draft: StateDraft) -> Written[State]:
        """Creates a state at the end of the project's workflow."""
        async with self._uow(actor) as uow:
            project = await uow.projects.get(actor, draft.project_id, path=("project_id",), for_update=True)
            actor.require(PROJECT_WRITE, project.workspace_id)
            project.check_usable(("project_id",))
            existing = await uow.states.of(project)
            if len(existing) >= MOST_STATES:
                raise LimitExceeded(TOO_MANY_STATES, path=("project_id",))
            state = State.drafted(
                draft,
                id=StateId(self._ids.new_in(project.workspace_id, State.prefix)),
                project=project,
                position=len(existing),
                now=uow.now,
            )
            await uow.states.add(state)
            uow.record(StateCreated.between(None, state))
            return await uow.commit(state)

    async def update(self, actor: Actor, state_id: str, changes: StateChanges) -> Written[State]:
        async with self._uow(actor) as uow:
            state = await uow.states.get(actor, state_id, for_update=True)
            actor.require(PROJECT_WRITE, state.workspace_id)
            check_usable(state, ("id",))
            (await uow.projects.get(actor, state.project_id)).check_usable(("id",))
            changed = state.changed(changes, now=uow.now)
            await uow.check_unchanged(state, changed, changes)
            if changed != state:
                await uow.states.save(state, changed)
                uow.record(StateUpdated.between(state, changed))
            return await uow.commit(changed)

    async def reorder(self, actor: Actor, project_id: str, changes: StateOrderChanges) -> Written[Project]:
        """Reorders the workflow. `state_ids` must contain every state exactly once."""
        async with self._uow(actor) as uow:
            project = await uow.projects.get(actor, project_id, path=("project_id",), for_update=True)
            actor.require(PROJECT_WRITE, project.workspace_id)
            project.check_usable(("project_id",))
            states = await uow.states.of(project)
            # First, because an order without a state that was added meanwhile is outdated, not wrong.
            await uow.check_order_unchanged(states, "state_ids", changes)
            if sorted(changes.state_ids) != sorted(state.id for state in states):
                raise InvalidInput(
                    "{field} must contain every workflow state of the project exactly once.", path=("state_ids",)
                )
            positions = {state_id: position for position, state_id in enumerate(changes.state_ids)}
            await place_states(uow, states, positions, now=uow.now)
            return await uow.commit(project)

    async def delete(self, actor: Actor, state_id: str, *, replace_with: str | None) -> Written[Deletion]:
        """Deletes a state and moves its issues to `replace_with`, which is required if there are any.

        More than 1,000 issues are moved by a batch run, which then deletes the state.
        """
        async with self._uow(actor) as uow:
            return await uow.commit(await STATES.delete(actor, uow, state_id, replace_with=replace_with))
