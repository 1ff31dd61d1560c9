from api.audit.types import Event
from api.projects.mutations import ProjectMutations
from api.projects.types import EventProject, InvitationProjects, WorkspaceProjects
from api.shared.slices import ApiSlice, AreaIds
from api.workspaces.types import Invitation, Workspace
from domain.projects.deletion import PROJECT_DELETION
from domain.projects.model import Project, ProjectMember, State
from domain.projects.slice import SLICE as RULES
from domain.projects.slice import STATES
from domain.shared.actor import Role

SLICE = ApiSlice(
    domain=RULES,
    mutations=(ProjectMutations,),
    fields={
        Workspace: WorkspaceProjects,
        Invitation: InvitationProjects,
        Event: EventProject,
    },
    nodes={
        Project: lambda app: app.read.projects.by_ids,
        ProjectMember: lambda app: app.read.project_members.by_ids,
        State: lambda app: app.read.states.by_ids,
    },
    area_ids=AreaIds(
        name="projectIds",
        description="IDs of the projects that the new guest gets access to, at most 20. Only for the role `GUEST`; "
        "members with other roles see all projects.",
    ),
    events={
        "project_member.added": "A guest was added to a project.",
        "project_member.removed": "A guest was removed from a project.",
        "state.created": "A workflow state was created.",
        "state.updated": "A workflow state was updated.",
        "state.deleted": "A workflow state was deleted.",
    },
    batches={
        PROJECT_DELETION: "Deletes the issues of a project, and then the project.",
        STATES.kind: "Moves the issues of a workflow state to another one, and deletes the state.",
    },
    roles={
        Role.ADMIN: "Deletes projects.",
        Role.MEMBER: "Creates and updates projects and their workflow states, and gives guests access to projects.",
        Role.GUEST: "Has access to the projects that the guest was added to.",
    },
)
