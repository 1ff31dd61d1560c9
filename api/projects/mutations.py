import strawberry

from api.projects.inputs import (
    ProjectArchiveInput,
    ProjectCreateInput,
    ProjectDeleteInput,
    ProjectMemberAddInput,
    ProjectMemberRemoveInput,
    ProjectRestoreInput,
    ProjectUpdateInput,
    StateCreateInput,
    StateDeleteInput,
    StatesReorderInput,
    StateUpdateInput,
)
from api.projects.types import Project, ProjectMember, State
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation


@strawberry.type(description="The answer to projectCreate.")
class ProjectCreatePayload(Payload):
    project: Project | None = strawberry.field(description="The new project.")


@strawberry.type(description="The answer to projectUpdate.")
class ProjectUpdatePayload(Payload):
    project: Project | None = strawberry.field(description="The project as it is now.")


@strawberry.type(description="The answer to projectArchive.")
class ProjectArchivePayload(Payload):
    project: Project | None = strawberry.field(description="The archived project.")


@strawberry.type(description="The answer to projectRestore.")
class ProjectRestorePayload(Payload):
    project: Project | None = strawberry.field(description="The restored project.")


@strawberry.type(description="The answer to projectDelete.")
class ProjectDeletePayload(Payload):
    deleted_project_id: strawberry.ID | None = strawberry.field(description="The id of the project that is gone.")


@strawberry.type(description="The answer to projectMemberAdd.")
class ProjectMemberAddPayload(Payload):
    project_member: ProjectMember | None = strawberry.field(description="The guest's place in the project.")


@strawberry.type(description="The answer to projectMemberRemove.")
class ProjectMemberRemovePayload(Payload):
    deleted_project_member_id: strawberry.ID | None = strawberry.field(description="The id of the place that is gone.")


@strawberry.type(description="The answer to stateCreate.")
class StateCreatePayload(Payload):
    state: State | None = strawberry.field(description="The new state.")


@strawberry.type(description="The answer to stateUpdate.")
class StateUpdatePayload(Payload):
    state: State | None = strawberry.field(description="The state as it is now.")


@strawberry.type(description="The answer to statesReorder.")
class StatesReorderPayload(Payload):
    project: Project | None = strawberry.field(description="The project with its states in their new order.")


@strawberry.type(description="The answer to stateDelete.")
class StateDeletePayload(Payload):
    deleted_state_id: strawberry.ID | None = strawberry.field(description="The id of the state that is gone.")


@strawberry.type
class ProjectMutations:
    @mutation(description="Adds a project with the five usual states to a workspace.")
    async def project_create(self, info: Info, input: ProjectCreateInput) -> ProjectCreatePayload:
        projects = info.context.app.projects
        return ProjectCreatePayload.of(await projects.create(info.context.actor, to_domain(input)))

    @mutation(description="Changes a project.")
    async def project_update(self, info: Info, input: ProjectUpdateInput) -> ProjectUpdatePayload:
        projects = info.context.app.projects
        return ProjectUpdatePayload.of(await projects.update(info.context.actor, input.id, to_domain(input)))

    @mutation(description="Archives a project: lists leave it out, and it gets no new issues.")
    async def project_archive(self, info: Info, input: ProjectArchiveInput) -> ProjectArchivePayload:
        return ProjectArchivePayload.of(await info.context.app.projects.archive(info.context.actor, input.id))

    @mutation(description="Brings an archived project back.")
    async def project_restore(self, info: Info, input: ProjectRestoreInput) -> ProjectRestorePayload:
        return ProjectRestorePayload.of(await info.context.app.projects.restore(info.context.actor, input.id))

    @mutation(description="Deletes a project that has no issues, with its states.")
    async def project_delete(self, info: Info, input: ProjectDeleteInput) -> ProjectDeletePayload:
        return ProjectDeletePayload.of(await info.context.app.projects.delete(info.context.actor, input.id))

    @mutation(description="Lets a guest of the workspace see a project.")
    async def project_member_add(self, info: Info, input: ProjectMemberAddInput) -> ProjectMemberAddPayload:
        written = await info.context.app.project_members.add(info.context.actor, to_domain(input))
        return ProjectMemberAddPayload.of(written)

    @mutation(description="Takes a guest, or oneself, out of a project.")
    async def project_member_remove(self, info: Info, input: ProjectMemberRemoveInput) -> ProjectMemberRemovePayload:
        written = await info.context.app.project_members.remove(info.context.actor, input.id)
        await info.context.refresh_actor()
        return ProjectMemberRemovePayload.of(written)

    @mutation(description="Adds a state at the end of a project's workflow.")
    async def state_create(self, info: Info, input: StateCreateInput) -> StateCreatePayload:
        return StateCreatePayload.of(await info.context.app.states.create(info.context.actor, to_domain(input)))

    @mutation(description="Changes a workflow state.")
    async def state_update(self, info: Info, input: StateUpdateInput) -> StateUpdatePayload:
        states = info.context.app.states
        return StateUpdatePayload.of(await states.update(info.context.actor, input.id, to_domain(input)))

    @mutation(description="Puts the states of a project's workflow into a new order.")
    async def states_reorder(self, info: Info, input: StatesReorderInput) -> StatesReorderPayload:
        states = info.context.app.states
        return StatesReorderPayload.of(await states.reorder(info.context.actor, input.project_id, input.state_ids))

    @mutation(description="Deletes a workflow state; its issues move to `replaceWith`.")
    async def state_delete(self, info: Info, input: StateDeleteInput) -> StateDeletePayload:
        states = info.context.app.states
        written = await states.delete(info.context.actor, input.id, replace_with=input.replace_with)
        return StateDeletePayload.of(written)
