"""Changes in the history of an issue."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import ClassVar

from domain.accounts.model import UserId
from domain.audit.history import Change, Named, text_of
from domain.issues.priorities import Priority
from domain.shared.events import Texts


class DateField(StrEnum):
    """A date of an issue, by the field that has it."""

    START_DATE = "start_date"
    DUE_DATE = "due_date"


class IssueCreation(Change):
    """The issue was created, with these values."""

    kind: ClassVar[str] = "CREATION"

    @property
    def title(self) -> str | None:
        return text_of(self.field("title").after)

    @property
    def description(self) -> str | None:
        return text_of(self.field("description").after)

    @property
    def state(self) -> Named | None:
        return Named.of(self.field("state_id").after)

    @property
    def priority(self) -> Priority | None:
        return _priority(self.field("priority").after)

    @property
    def estimate(self) -> int | None:
        return _number(self.field("estimate").after)

    @property
    def start_date(self) -> date | None:
        return _date(self.field("start_date").after)

    @property
    def due_date(self) -> date | None:
        return _date(self.field("due_date").after)

    @property
    def assignee_ids(self) -> tuple[UserId, ...]:
        return _users(self.field("assignees").after or ())

    @property
    def labels(self) -> Sequence[Named]:
        return _named(self.field("labels").after or ())

    @property
    def milestone(self) -> Named | None:
        return Named.of(self.field("milestone_id").after)

    @property
    def parent(self) -> Named | None:
        return Named.of(self.field("parent_id").after)

    @property
    def project(self) -> Named | None:
        return None if self.event.area_id is None else Named(id=self.event.area_id)

    @property
    def external_source(self) -> str | None:
        return text_of(self.field("external_source").after)

    @property
    def external_key(self) -> str | None:
        return text_of(self.field("external_key").after)


class TextChange(Change):
    @property
    def before(self) -> str | None:
        return text_of(self.logged.before)

    @property
    def after(self) -> str | None:
        return text_of(self.logged.after)


class TitleChange(TextChange):
    kind: ClassVar[str] = "TITLE"


class DescriptionChange(TextChange):
    kind: ClassVar[str] = "DESCRIPTION"


class PriorityChange(Change):
    kind: ClassVar[str] = "PRIORITY"

    @property
    def before(self) -> Priority | None:
        return _priority(self.logged.before)

    @property
    def after(self) -> Priority | None:
        return _priority(self.logged.after)


class EstimateChange(Change):
    kind: ClassVar[str] = "ESTIMATE"

    @property
    def before(self) -> int | None:
        return _number(self.logged.before)

    @property
    def after(self) -> int | None:
        return _number(self.logged.after)


class DateChange(Change):
    kind: ClassVar[str] = "DATE"

    @property
    def date_field(self) -> DateField:
        return DateField(self.logged.field)

    @property
    def before(self) -> date | None:
        return _date(self.logged.before)

    @property
    def after(self) -> date | None:
        return _date(self.logged.after)


class ReferenceChange(Change):
    """The issue refers to another object than before."""

    @property
    def before(self) -> Named | None:
        return Named.of(self.logged.before)

    @property
    def after(self) -> Named | None:
        return Named.of(self.logged.after)


class StateChange(ReferenceChange):
    kind: ClassVar[str] = "STATE"


class MilestoneChange(ReferenceChange):
    kind: ClassVar[str] = "MILESTONE"


class ParentChange(ReferenceChange):
    kind: ClassVar[str] = "PARENT"


class ProjectChange(ReferenceChange):
    kind: ClassVar[str] = "PROJECT"


class AssigneesChange(Change):
    kind: ClassVar[str] = "ASSIGNEES"

    @property
    def added_ids(self) -> tuple[UserId, ...]:
        return _users(_only(self.logged.after, self.logged.before))

    @property
    def removed_ids(self) -> tuple[UserId, ...]:
        return _users(_only(self.logged.before, self.logged.after))


class LabelsChange(Change):
    kind: ClassVar[str] = "LABELS"

    @property
    def added(self) -> Sequence[Named]:
        return _named(_only(self.logged.after, self.logged.before))

    @property
    def removed(self) -> Sequence[Named]:
        return _named(_only(self.logged.before, self.logged.after))


class ArchiveChange(Change):
    kind: ClassVar[str] = "ARCHIVE"

    @property
    def is_archived(self) -> bool:
        return self.logged.after is not None


class TrashChange(Change):
    kind: ClassVar[str] = "TRASH"

    @property
    def is_trashed(self) -> bool:
        return self.logged.after is not None


def _priority(texts: Texts) -> Priority | None:
    return Priority[texts[0]] if texts else None


def _number(texts: Texts) -> int | None:
    return int(texts[0]) if texts else None


def _date(texts: Texts) -> date | None:
    return date.fromisoformat(texts[0]) if texts else None


def _named(ids: Sequence[str]) -> Sequence[Named]:
    return [Named(id=each) for each in ids]


def _users(ids: Sequence[str]) -> tuple[UserId, ...]:
    return tuple(map(UserId, ids))


def _only(texts: Texts, others: Texts) -> Sequence[str]:
    """The items of a collection that the other one does not have."""
    return [each for each in texts or () if each not in (others or ())]
