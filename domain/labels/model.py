"""Labels: a workspace's own words for issues."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, NewType

from domain.labels.commands import LabelChanges, LabelDraft
from domain.shared.checks import COLOR, COLOR_RULE, Checks
from domain.shared.unset import sent_fields
from domain.workspaces.model import WorkspaceId

LabelId = NewType("LabelId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    prefix: ClassVar[str] = "lab"

    id: LabelId
    workspace_id: WorkspaceId
    name: str
    color: str
    description: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def drafted(cls, draft: LabelDraft, *, id: LabelId, workspace_id: WorkspaceId, now: datetime) -> "Label":
        """Raises Rejected naming every field that breaks a rule."""
        return cls(
            id=id,
            workspace_id=workspace_id,
            name=draft.name,
            color=draft.color,
            description=draft.description,
            created_at=now,
            updated_at=now,
        )._checked()

    def changed(self, changes: LabelChanges, *, now: datetime) -> "Label":
        """Raises Rejected naming every field that breaks a rule."""
        return replace(self, **sent_fields(changes), updated_at=now)._checked()

    def _checked(self) -> "Label":
        with Checks() as check:
            name = check.line("name", self.name, longest=80)
            check.matches("color", self.color, COLOR, COLOR_RULE)
            description = check.line("description", self.description) if self.description else None
        return replace(self, name=name, description=description)
