from operator import attrgetter

from domain.projects import events
from domain.projects.deletion import PROJECT_DELETION, ProjectDeletion
from domain.projects.model import Project, State
from domain.projects.state_replacement import StateReplacement
from domain.projects.undo import UndoProjects, UndoStates
from domain.shared.actor import Permission, Role
from domain.shared.batches import BatchKind
from domain.shared.security import SecurityEventKind
from domain.shared.slices import Slice
from domain.shared.undo import Obstacle

PROJECT_WRITE = Permission("change projects and their workflow states", Role.MEMBER)
PROJECT_DELETE = Permission("delete projects", Role.ADMIN)
PROJECT_SHARE = Permission("choose which guests have access to a project", Role.MEMBER)

STATES = StateReplacement(
    kind=BatchKind("STATE_REPLACEMENT"),
    permission=PROJECT_WRITE,
    repository=attrgetter("states"),
    containers=attrgetter("projects"),
    container_id="project_id",
    check_container=Project.check_usable,
    references=attrgetter("state_references"),
    updated=events.StateUpdated,
    deleted=events.StateDeleted,
)

SLICE = Slice(
    name="projects",
    permissions=(
        PROJECT_WRITE,
        PROJECT_DELETE,
        PROJECT_SHARE,
    ),
    events={
        events.ProjectCreated: (),
        events.ProjectUpdated: (),
        events.ProjectArchived: (),
        events.ProjectRestored: (),
        events.ProjectDeleted: (),
        events.ProjectMemberAdded: (),
        events.ProjectMemberRemoved: (),
        events.StateCreated: (),
        events.StateUpdated: (),
        events.StateDeleted: (),
    },
    undo={
        events.ProjectCreated: PROJECT_WRITE,
        events.ProjectUpdated: PROJECT_WRITE,
        events.ProjectArchived: PROJECT_WRITE,
        events.ProjectRestored: PROJECT_WRITE,
        events.ProjectDeleted: Obstacle.PERMANENTLY_DELETED,
        events.StateCreated: PROJECT_WRITE,
        events.StateUpdated: PROJECT_WRITE,
        events.StateDeleted: PROJECT_WRITE,
    },
    batches={
        STATES.kind: STATES,
        PROJECT_DELETION: ProjectDeletion(),
    },
    undo_kinds=(
        UndoProjects(
            entity=Project,
            repository=attrgetter("projects"),
            created=events.ProjectCreated,
            updated=events.ProjectUpdated,
            withdraw=Project.archived,
        ),
        UndoStates.of(STATES, State, created=events.StateCreated),
    ),
    security_events=(
        SecurityEventKind.PROJECT_MEMBER_ADDED,
        SecurityEventKind.PROJECT_MEMBER_REMOVED,
    ),
)
