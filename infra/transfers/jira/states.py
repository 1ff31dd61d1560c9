"""Mapping of Jira's statuses, resolutions and priorities to workflow states and priorities."""

from domain.issues.priorities import Priority
from domain.projects.categories import StateCategory

_CANCELED = frozenset(
    (
        "abandoned", "by design", "can't reproduce", "canceled", "cannot reproduce", "declined",
        "cancelled",  # codespell:ignore
        "deferred", "duplicate", "hold", "incomplete", "invalid", "needs more info", "not a bug", "not an issue",
        "not our bug", "not planned", "obsolete", "on hold", "outdated", "rejected", "won't do", "won't fix",
        "won't implement", "wont do", "wont fix", "wontfix", "works as designed", "works for me",
    )
)  # fmt: skip
_BACKLOG = frozenset(("backlog", "deferred", "hold", "icebox", "on hold", "someday", "triage"))
_STARTED = frozenset(("doing", "in development", "in progress", "in review", "review", "started", "testing"))
_COMPLETED = frozenset(("closed", "completed", "done", "fixed", "released", "resolved"))
_PRIORITIES = {
    "blocker": Priority.URGENT, "critical": Priority.URGENT, "highest": Priority.URGENT, "urgent": Priority.URGENT,
    "high": Priority.HIGH, "major": Priority.HIGH,
    "medium": Priority.MEDIUM, "minor": Priority.MEDIUM, "normal": Priority.MEDIUM,
    "low": Priority.LOW, "lowest": Priority.LOW, "trivial": Priority.LOW,
    "none": Priority.NONE, "": Priority.NONE,
}  # fmt: skip


def state_of(status: str, category: str, resolution: str) -> tuple[str, StateCategory]:
    """Name and category of the workflow state.

    Jira closes all issues into one status, and only the resolution says whether the work was done. So an issue that was
    closed without being completed gets the resolution's name as its state: "Closed" with the resolution "Cannot
    Reproduce" becomes "Cannot Reproduce".
    """
    name = _plain(status)
    if category == "done" or (category not in ("new", "indeterminate") and name in _COMPLETED | _CANCELED):
        if _plain(resolution) in _CANCELED:
            return resolution, StateCategory.CANCELED
        return status, StateCategory.CANCELED if name in _CANCELED else StateCategory.COMPLETED
    if category == "indeterminate" or (category != "new" and name in _STARTED):
        return status, StateCategory.STARTED
    return status, StateCategory.BACKLOG if name in _BACKLOG else StateCategory.UNSTARTED


def priority_of(name: str) -> Priority | None:
    """The priority with that name; None for a name without a meaning for urgency."""
    return _PRIORITIES.get(_plain(name))


def _plain(name: str) -> str:
    return name.casefold().replace("’", "'").strip()
