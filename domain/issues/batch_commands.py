"""Commands that change many issues.

They are apart from `commands.py`, which the model imports: filters import the model.
"""

from dataclasses import dataclass

from domain.issues.commands import IssueChanges
from domain.issues.queries import IssueFilter
from domain.shared.many import BatchCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueSelection:
    """Issues that a batch changes: those with the ids, or the active ones that match the filter."""

    ids: tuple[str, ...] | None = None
    filter: IssueFilter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueBatchUpdate(BatchCommand):
    """One change of many issues of a workspace, each of which has to be as at the expected revision.

    `expected_count` is the number of issues that the filter has to find.
    """

    workspace_id: str
    select: IssueSelection
    change: IssueChanges
    expected_count: int | None = None
    expected_revision: int | None = None
