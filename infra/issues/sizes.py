from collections.abc import Iterable

from domain.issues.model import Issue
from infra.db.list_sizes import ListKey, ListSizes


def lists_of(issue: Issue) -> list[ListKey]:
    """Lists that contain the issue."""
    parents = (issue.workspace_id, issue.project_id, issue.milestone_id, issue.parent_id)
    return [ListKey(issue.workspace_id, parent, issue.lifecycle) for parent in parents if parent is not None]


def count_added(sizes: ListSizes, issues: Iterable[Issue]) -> None:
    for issue in issues:
        sizes.change(lists_of(issue), 1)


def count_changed(sizes: ListSizes, before: Issue, after: Issue) -> None:
    left, entered = lists_of(before), lists_of(after)
    if left != entered:
        sizes.change(left, -1)
        sizes.change(entered, 1)
