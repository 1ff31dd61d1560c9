from operator import attrgetter

from domain.labels import events
from domain.labels.model import Label
from domain.shared.actor import Permission, Role
from domain.shared.batches import BatchKind
from domain.shared.replacements import Replacement
from domain.shared.slices import Slice
from domain.shared.undoing_deletions import UndoDeletable

LABEL_WRITE = Permission("change labels", Role.MEMBER)

LABELS = Replacement[Label](
    kind=BatchKind("LABEL_REPLACEMENT"),
    permission=LABEL_WRITE,
    repository=attrgetter("labels"),
    containers=attrgetter("workspaces"),
    container_id="workspace_id",
    references=attrgetter("label_references"),
    updated=events.LabelUpdated,
    deleted=events.LabelDeleted,
    is_optional=True,
)

SLICE = Slice(
    name="labels",
    permissions=(LABEL_WRITE,),
    events={
        events.LabelCreated: (),
        events.LabelUpdated: (),
        events.LabelDeleted: (),
    },
    undo={
        events.LabelCreated: LABEL_WRITE,
        events.LabelUpdated: LABEL_WRITE,
        events.LabelDeleted: LABEL_WRITE,
    },
    batches={
        LABELS.kind: LABELS,
    },
    undo_kinds=(UndoDeletable.of(LABELS, Label, created=events.LabelCreated),),
    open_to_guests=("label",),
)
