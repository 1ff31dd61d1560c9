"""Records read from another tracker's file, independent of its format. All times are aware, in UTC."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.issues.priorities import Priority
from domain.projects.categories import StateCategory
from domain.shared.unset import UNSET, Unset

UNUSED = "Imports do not use this member."
LONGEST_MILESTONE = 80  # characters of a milestone's name
WHOLE = "issue"  # the field of a loss of a whole issue


class LossCode(StrEnum):
    UNREADABLE = "UNREADABLE"  # the whole line or element is not what the format promises
    MISSING = "MISSING"  # a required value is missing and was replaced by a default
    WRONG_TYPE = "WRONG_TYPE"  # a value of another type than the format promises was left out
    OUT_OF_RANGE = "OUT_OF_RANGE"
    REPLACED = "REPLACED"  # characters that cannot be stored, or not in a name, were replaced
    CUT = "CUT"  # text over the limit
    TOO_MANY = "TOO_MANY"  # more items than an issue can have
    RESTRICTED = "RESTRICTED"  # restricted in the other tracker, and the import excludes restricted content
    UNUSED = "UNUSED"  # a member that an import does not use; counted once per kind of object, never listed
    INCOMPLETE = "INCOMPLETE"  # the file itself announces more than it holds
    DUPLICATE = "DUPLICATE"
    NOT_KEPT = "NOT_KEPT"  # Workgraph has no place for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A value of the file that is not imported. Yielded in place of an issue, it means the whole issue.

    `field` names a kind, not a place ("comments.body"), so that equal losses can be summed. No text of the source is
    quoted.
    """

    line: int
    key: str | None
    field: str
    code: LossCode
    reason: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A choice made for the reader: `kind` "state", "priority", "label" or "project", and what a name became."""

    kind: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecord:
    """Identified by id, or by key without an id; names are not unique in real files."""

    key: str
    name: str
    email: str | None
    is_active: bool
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRecord:
    """A label of a file. `external_id` stays the same when the label is renamed; null if the file has none."""

    name: str
    color: str | None
    description: str
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneRecord:
    name: str
    external_id: str | None
    due_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRecord:
    """`key` is unique within its issue and stays the same when the file is exported again."""

    key: str
    author_key: str | None
    body: str
    created_at: datetime
    updated_at: datetime | None
    source_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRecord:
    """An issue with its comments, labels and people. `source_text` is the original if the description was converted.

    `external_id`, `project_id`, `state_id` and `parent_id` are ids of the tracker, which do not change with renames and
    moves; null if the file has none. `site` is the host in the record's address.
    """

    line: int
    external_key: str
    number: int | None
    project_key: str
    project_name: str
    title: str
    description: str
    source_text: str | None
    state_name: str
    state_category: StateCategory
    priority: Priority
    labels: tuple[str, ...]  # at most as many as an issue can have, each once
    assignee_keys: tuple[str, ...]
    creator_key: str | None
    parent_key: str | None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    due_date: date | None
    comments: tuple[CommentRecord, ...]
    people: tuple[PersonRecord, ...]
    mappings: tuple[Mapping, ...]
    losses: tuple[Loss, ...]
    milestone: MilestoneRecord | Unset | None = UNSET  # unset if the file has no milestones
    unused: tuple[tuple[str, int], ...] = ()  # members by kind of object, such as "user.timeZone", and their number
    label_details: tuple[LabelRecord, ...] = ()  # of those labels that the file says more about than a name
    site: str | None = None
    external_id: str | None = None
    project_id: str | None = None
    state_id: str | None = None
    parent_id: str | None = None


Item = IssueRecord | Loss
"""An issue of a file, or the reason why the issue cannot be read."""


def breaks_off(line: int, reason: str) -> Loss:
    """The loss of the rest of the file."""
    return Loss(
        line=line,
        key=None,
        field="file",
        code=LossCode.INCOMPLETE,
        reason=f"The rest of the file cannot be read: {reason}",
    )
