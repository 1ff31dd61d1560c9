"""Comments on issues."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, NewType

from domain.accounts.model import UserId
from domain.comments.commands import CommentChanges, CommentDraft
from domain.issues.model import Issue, IssueId
from domain.projects.model import ProjectId
from domain.shared.checks import Checks
from domain.shared.entities import from_draft, rechecked, revised
from domain.shared.unset import sent_fields
from domain.workspaces.model import WorkspaceId

CommentId = NewType("CommentId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment on an issue; a deleted comment remains as a tombstone with an empty body."""

    prefix: ClassVar[str] = "com"

    id: CommentId
    workspace_id: WorkspaceId
    project_id: ProjectId
    issue_id: IssueId
    author_id: UserId
    body: str
    external_key: str | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def area_id(self) -> str:
        return self.project_id

    @classmethod
    def drafted(
        cls, draft: CommentDraft, *, id: CommentId, issue: Issue, author_id: UserId, now: datetime
    ) -> "Comment":
        return from_draft(
            cls,
            draft,
            id=id,
            workspace_id=issue.workspace_id,
            project_id=issue.project_id,
            issue_id=issue.id,
            author_id=author_id,
            created_at=now,
            updated_at=now,
        ).checked()

    def changed(self, changes: CommentChanges, *, now: datetime) -> "Comment":
        changed = rechecked(self, now=now, **sent_fields(changes))
        return self if changed is self else replace(changed, edited_at=now)

    def written_by(self, author_id: UserId, *, now: datetime) -> "Comment":
        return revised(self, now=now, author_id=author_id)

    def deleted(self, *, now: datetime) -> "Comment":
        return revised(self, now=now, body="", deleted_at=self.deleted_at or now)

    def checked(self) -> "Comment":
        """The entity with its text normalized; raises Rejected naming every field that breaks a rule."""
        with Checks() as check:
            check.text("body", self.body, is_required=True)
        return self
