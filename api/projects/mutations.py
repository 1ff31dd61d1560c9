import strawberry

from api.batches.types import batch_run_of, deleted_id
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
from api.shared.mutations import Payload, mutation, revision_of


@strawberry.type(description="Payload of the `projectCreate` mutation.")
class ProjectCreatePayload(Payload):
    project: Project | None = strawberry.field(description="The new project. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `projectUpdate` mutation.")
class ProjectUpdatePayload(Payload):
    project: Project | None = strawberry.field(description="The updated project. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `projectArchive` mutation.")
class ProjectArchivePayload(Payload):
    project: Project | None = strawberry.field(description="The archived project. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `projectRestore` mutation.")
class ProjectRestorePayload(Payload):
    project: Project | None = strawberry.field(description="The restored project. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `projectDelete` mutation.")
class ProjectDeletePayload(Payload):
    deleted_project_id: strawberry.ID | None = strawberry.field(
        description="ID of the deleted project. Null if `errors` is not empty, and if `batchRun` deletes it."
    )
    batch_run_id: strawberry.Private[str | None] = None
    batch_run = batch_run_of("project", rows="issues", work="deletes")


@strawberry.type(description="Payload of the `projectMemberAdd` mutation.")
class ProjectMemberAddPayload(Payload):
    project_member: ProjectMember | None = strawberry.field(
        description="The new project membership of the guest. Null if `errors` is not empty."
    )


@strawberry.type(description="Payload of the `projectMemberRemove` mutation.")
class ProjectMemberRemovePayload(Payload):
    deleted_project_member_id: strawberry.ID | None = strawberry.field(
        description="ID of the removed project membership. Null if `errors` is not empty."
    )


@strawberry.type(description="Payload of the `stateCreate` mutation.")
class StateCreatePayload(Payload):
    state: State | None = strawberry.field(description="The new workflow state. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `stateUpdate` mutation.")
class StateUpdatePayload(Payload):
    state: State | None = strawberry.field(description="The updated workflow state. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `statesReorder` mutation.")
class StatesReorderPayload(Payload):
    project: Project | None = strawberry.field(
        description="The project with its workflow states in the new order. Null if `errors` is not empty."
    )


@strawberry.type(description="Payload of the `stateDelete` mutation.")
class StateDeletePayload(Payload):
    deleted_state_id: strawberry.ID | None = strawberry.field(
        description="ID of the deleted workflow state. Null if `errors` is not empty, and if `batchRun` deletes it."
    )
    batch_run_id: strawberry.Private[str | None] = None
    batch_run = batch_run_of("workflow state", rows="issues")


@strawberry.type
class ProjectMutations:
    @mutation(
        description="Creates a project with five default workflow states: Backlog, Todo, In Progress, Done and "
        "Canceled. Requires the role `MEMBER` or higher."
    )
    async def project_create(self, info: Info, input: ProjectCreateInput) -> ProjectCreatePayload:
        projects = info.context.app.projects
        return ProjectCreatePayload.of(await projects.create(info.context.actor, to_domain(input)))

    @mutation(description="Updates the key or name of a project. Requires the role `MEMBER` or higher.")
    async def project_update(self, info: Info, input: ProjectUpdateInput) -> ProjectUpdatePayload:
        projects = info.context.app.projects
        return ProjectUpdatePayload.of(await projects.update(info.context.actor, input.id, to_domain(input)))

    @mutation(
        description="Archives a project: lists exclude it by default, and no issues can be created in it. Requires "
        "the role `MEMBER` or higher."
    )
    async def project_archive(self, info: Info, input: ProjectArchiveInput) -> ProjectArchivePayload:
        return ProjectArchivePayload.of(await info.context.app.projects.archive(info.context.actor, input.id))

    @mutation(description="Restores an archived project. Requires the role `MEMBER` or higher.")
    async def project_restore(self, info: Info, input: ProjectRestoreInput) -> ProjectRestorePayload:
        return ProjectRestorePayload.of(await info.context.app.projects.restore(info.context.actor, input.id))

    @mutation(
        description="Deletes a project and its workflow states permanently. A project with milestones or issues, "
        "trashed ones included, is deleted only with `cascade` set. Requires the role `ADMIN` or higher."
    )
    async def project_delete(self, info: Info, input: ProjectDeleteInput) -> ProjectDeletePayload:
        written = await info.context.app.projects.delete(info.context.actor, input.id, cascade=input.cascade)
        return ProjectDeletePayload(
            deleted_project_id=deleted_id(written),
            batch_run_id=written.value.batch_run_id,
            revision=revision_of(written),
        )

    @mutation(description="Gives a guest of the workspace access to a project. Requires the role `MEMBER` or higher.")
    async def project_member_add(self, info: Info, input: ProjectMemberAddInput) -> ProjectMemberAddPayload:
        written = await info.context.app.project_members.add(info.context.actor, to_domain(input))
        return ProjectMemberAddPayload.of(written)

    @mutation(
        description="Removes a guest from a project. Guests can remove themselves; removing others requires the "
        "role `MEMBER` or higher."
    )
    async def project_member_remove(self, info: Info, input: ProjectMemberRemoveInput) -> ProjectMemberRemovePayload:
        written = await info.context.app.project_members.remove(info.context.actor, input.id)
        await info.context.reload_actor()
        return ProjectMemberRemovePayload.of(written)

    @mutation(
        description="Creates a workflow state at the end of a project's workflow. A project can have at most 50. "
        "Requires the role `MEMBER` or higher."
    )
    async def state_create(self, info: Info, input: StateCreateInput) -> StateCreatePayload:
        return StateCreatePayload.of(await info.context.app.states.create(info.context.actor, to_domain(input)))

    @mutation(description="Updates the name or color of a workflow state. Requires the role `MEMBER` or higher.")
    async def state_update(self, info: Info, input: StateUpdateInput) -> StateUpdatePayload:
        states = info.context.app.states
        return StateUpdatePayload.of(await states.update(info.context.actor, input.id, to_domain(input)))

    @mutation(description="Changes the order of a project's workflow states. Requires the role `MEMBER` or higher.")
    async def states_reorder(self, info: Info, input: StatesReorderInput) -> StatesReorderPayload:
        states = info.context.app.states
        written = await states.reorder(info.context.actor, input.project_id, to_domain(input))
        return StatesReorderPayload.of(written)

    @mutation(
        description="Deletes a workflow state permanently; its issues move to the state given in `replaceWith`. A "
        "project keeps at least one state. Requires the role `MEMBER` or higher."
    )
    async def state_delete(self, info: Info, input: StateDeleteInput) -> StateDeletePayload:
        states = info.context.app.states
        written = await states.delete(info.context.actor, input.id, replace_with=input.replace_with)
        return StateDeletePayload(
            deleted_state_id=deleted_id(written),
            batch_run_id=written.value.batch_run_id,
            revision=revision_of(written),
        )
