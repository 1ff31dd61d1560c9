from dataclasses import dataclass

from domain.shared.many import BatchCommand
from domain.shared.unset import UNSET, Changes, Unset


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentDraft:
    issue_id: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentBatchCreate(BatchCommand):
    """Comments to write on issues of a workspace."""

    workspace_id: str
    comments: tuple[CommentDraft, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentChanges(Changes):
    body: str | Unset = UNSET
