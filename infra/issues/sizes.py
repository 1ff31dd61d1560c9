from collections.abc import Iterable
from operator import attrgetter

from domain.issues.model import Issue
from infra.db.list_sizes import ListKey, ListSizes

_place_of = attrgetter("project_id", "milestone_id", "parent_id", "archived_at", "trashed_at")


def lists_of(issue: Issue) -> list[ListKey]:
    """Lists that contain the issue."""
    parents = (issue.workspace_id, issue.project_id, issue.milestone_id, issue.parent_id)
    return [ListKey(issue.workspace_id, parent, issue.lifecycle) for parent in parents if parent is not None]


def count_added(sizes: ListSizes, issues: Iterable[Issue]) -> None:
    for issue in issues:
        sizes.change(lists_of(issue), 1)


def count_changed(sizes: ListSizes, before: Issue, after: Issue) -> None:
    if _place_of(before) != _place_of(after):
        sizes.change(lists_of(before), -1)
        sizes.change(lists_of(after), 1)
