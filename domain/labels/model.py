"""Labels: a workspace's own words for issues."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, NewType

from domain.labels.commands import LabelChanges, LabelDraft
from domain.shared.checks import COLOR, COLOR_RULE, Checks
from domain.shared.entities import from_draft, rechecked
from domain.shared.unset import sent_fields
from domain.workspaces.model import Workspace, WorkspaceId

LabelId = NewType("LabelId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A word for issues. `replaced_by_id` is the label that a batch run is giving to the issues in its place."""

    prefix: ClassVar[str] = "lab"
    noun: ClassVar[str] = "label"

    id: LabelId
    workspace_id: WorkspaceId
    name: str
    color: str
    description: str | None
    deleting_since: datetime | None = None
    replaced_by_id: LabelId | None = None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def drafted(cls, draft: LabelDraft, *, id: LabelId, workspace: Workspace, now: datetime) -> "Label":
        return from_draft(cls, draft, id=id, workspace_id=workspace.id, created_at=now, updated_at=now).checked()

    def changed(self, changes: LabelChanges, *, now: datetime) -> "Label":
        return rechecked(self, now=now, **sent_fields(changes))

    def checked(self) -> "Label":
        """The entity with its text normalized; raises Rejected naming every field that breaks a rule."""
        with Checks() as check:
            name = check.line("name", self.name, longest=80)
            check.matches("color", self.color, COLOR, COLOR_RULE)
            described = (self.description or "").strip()
            description = check.line("description", described) if described else None
        return replace(self, name=name, description=description)
