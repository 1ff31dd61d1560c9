from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from domain.issues.model import Issue
from domain.shared.events import FREE_TEXTS, TIMES, Event, FieldChange, changes_between


class IssueEvent(Event):
    logged: ClassVar[tuple[str, ...]] = (
        "number",
        "title",
        "description",
        "state_id",
        "priority",
        "creator_id",
        "milestone_id",
        "parent_id",
        "start_date",
        "due_date",
        "estimate",
        "external_source",
        "external_key",
        "completed_at",
        "archived_at",
        "trashed_at",
    )
    linked: ClassVar[tuple[str, ...]] = ("project_id", "assignees", "labels")


class IssueCreated(IssueEvent):
    type: ClassVar[str] = "issue.created"


class IssueUpdated(IssueEvent):
    type: ClassVar[str] = "issue.updated"


class IssueMoved(IssueEvent):
    """The issue left the event's project. An `issue.updated` event in its new project follows with the new values."""

    type: ClassVar[str] = "issue.moved"


class IssueArchived(IssueEvent):
    type: ClassVar[str] = "issue.archived"


class IssueRestored(IssueEvent):
    type: ClassVar[str] = "issue.restored"


class IssueTrashed(IssueEvent):
    type: ClassVar[str] = "issue.trashed"


class IssuePurged(IssueEvent):
    logged = tuple(name for name in IssueEvent.logged if name not in FREE_TEXTS)
    type: ClassVar[str] = "issue.purged"


def updates(before: Issue, after: Issue, **links: FieldChange) -> Sequence[IssueEvent]:
    """The event of a changed issue, or the two events of one that moves to another project.

    Guests of one project may lack access to the other, so the first of the two has the values before the move, and the
    second those after it.
    """
    changed = IssueUpdated.between(before, after, **changes_between(before, after, ["project_id"]), **links)
    if before.project_id == after.project_id:
        return [changed]
    left = {name: FieldChange(before=each.before) for name, each in changed.changes.items() if name not in TIMES}
    entered = {name: FieldChange(after=each.after) for name, each in changed.changes.items()}
    moved = IssueMoved(workspace_id=before.workspace_id, subject_id=before.id, area_id=before.project_id, changes=left)
    return [moved, replace(changed, changes=entered)]
