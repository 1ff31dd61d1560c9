from operator import attrgetter

from domain.milestones import events
from domain.milestones.model import Milestone
from domain.projects.model import Project
from domain.projects.slice import PROJECT_WRITE
from domain.shared.batches import BatchKind
from domain.shared.replacements import Replacement
from domain.shared.slices import Slice
from domain.shared.undoing_deletions import UndoDeletable

MILESTONES = Replacement[Milestone](
    kind=BatchKind("MILESTONE_REPLACEMENT"),
    permission=PROJECT_WRITE,
    repository=attrgetter("milestones"),
    containers=attrgetter("projects"),
    container_id="project_id",
    check_container=Project.check_usable,
    references=attrgetter("milestone_references"),
    updated=events.MilestoneUpdated,
    deleted=events.MilestoneDeleted,
)

SLICE = Slice(
    name="milestones",
    events={
        events.MilestoneCreated: (),
        events.MilestoneUpdated: (),
        events.MilestoneDeleted: (),
    },
    undo={
        events.MilestoneCreated: PROJECT_WRITE,
        events.MilestoneUpdated: PROJECT_WRITE,
        events.MilestoneDeleted: PROJECT_WRITE,
    },
    batches={
        MILESTONES.kind: MILESTONES,
    },
    undo_kinds=(UndoDeletable.of(MILESTONES, Milestone, created=events.MilestoneCreated),),
)
