"""Changing who an issue is assigned to and how it is labeled."""

from collections.abc import Awaitable, Callable

from domain.issues.model import MOST_ASSIGNEES, MOST_LABELS, Issue
from domain.issues.ports import IssueUow
from domain.shared.actor import Actor
from domain.shared.errors import ErrorCode, InvalidInput, LimitExceeded, NotFound
from domain.shared.events import FieldChange
from domain.shared.ids import check_id
from domain.shared.replacements import check_usable
from domain.shared.sets import SetChange
from domain.shared.unset import UNSET, Unset


class IssueLinks:
    """Applies set changes to a locked issue; `changes` is what they changed, for the issue's event."""

    def __init__(self, uow: IssueUow, actor: Actor, issue: Issue, *, is_new: bool = False) -> None:
        self.changes: dict[str, FieldChange] = {}
        self._uow = uow
        self._actor = actor
        self._issue = issue
        self._is_new = is_new

    async def assign(self, change: SetChange | Unset, *, path: str) -> None:
        """Assigns members; raises NotFound for users who cannot see the project, LimitExceeded beyond 20."""
        before, after = await self._sides(change, self._uow.issues.assignee_ids, path)
        if before == after:
            return
        added = after - before
        for user_id in added:
            check_id(user_id, "usr", (path,), noun="user")
        if len(after) > MOST_ASSIGNEES:
            raise _too_many(path, f"{MOST_ASSIGNEES} assignees")
        members = self._uow.members
        if not await members.see_area(self._issue.workspace_id, self._issue.project_id, sorted(added)):
            raise NotFound("Assignees must be members of the workspace with access to the project.", path=(path,))
        await self._uow.issues.assign(self._issue, add=added, remove=before - after)
        self.changes["assignees"] = FieldChange(before=sorted(before), after=sorted(after))

    async def label(self, change: SetChange | Unset, *, path: str) -> None:
        """Raises NotFound for unknown labels, LimitExceeded beyond 50 labels."""
        before, after = await self._sides(change, self._uow.issues.label_ids, path)
        if before == after:
            return
        if len(after) > MOST_LABELS:
            raise _too_many(path, f"{MOST_LABELS} labels")
        labels = await self._uow.labels.get_all(self._actor, after - before, path=(path,))
        if any(label.workspace_id != self._issue.workspace_id for label in labels):
            raise InvalidInput(
                "{field} contains a label of another workspace. Use labels of the issue's workspace.", path=(path,)
            )
        for label in labels:
            check_usable(label, (path,))
        await self._uow.issues.label(self._issue, add=after - before, remove=before - after)
        self.changes["labels"] = FieldChange(before=sorted(before), after=sorted(after))

    async def _sides(
        self, change: SetChange | Unset, current: Callable[[Issue], Awaitable[frozenset[str]]], path: str
    ) -> tuple[frozenset[str], frozenset[str]]:
        if change is UNSET:
            return frozenset(), frozenset()
        if change.set is not None and (change.add or change.remove):
            raise InvalidInput("Use either `set`, or `add` and `remove`.", path=(path,))
        before = frozenset[str]() if self._is_new else await current(self._issue)
        return before, change.applied_to(before)


def _too_many(path: str, most: str) -> LimitExceeded:
    return LimitExceeded(f"An issue can have at most {most}.", path=(path,), code=ErrorCode.LIMIT_EXCEEDED)
