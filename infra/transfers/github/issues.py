"""Issues and pull requests of GitHub, from its REST API or from an archive such as those of IETF working groups."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from domain.issues.model import MOST_ASSIGNEES
from domain.issues.priorities import Priority
from domain.projects.categories import StateCategory
from domain.transfers.records import UNUSED, IssueRecord, LabelRecord, Loss, LossCode
from infra.transfers.addresses import github_ids, site_of
from infra.transfers.github import members as kinds
from infra.transfers.github.comments import comments_of
from infra.transfers.github.rest import as_archived, label_of
from infra.transfers.items import read_items
from infra.transfers.json_walk import Element, Shape
from infra.transfers.reading import (
    LARGEST_NUMBER,
    LONGEST_LABEL,
    LONGEST_STATE,
    Reading,
    UnreadableError,
    mapping,
    parse_object,
)
from infra.transfers.reasons import NO_NUMBER, NOT_UTF_8

PULL_LABEL = "pull request"
MOST_DESCRIBED_LABELS = 10_000  # further labels keep only their names
_SHAPE = Shape(
    lists=frozenset(("issues", "pulls", "items")),  # `items` is the list of the search API
    marks=frozenset(("number", "title", "html_url", "node_id")),
)
_REPOSITORY = re.compile(r"https?://[^/]+/([^/]+/[^/]+)/(?:issues|pull)/")
_STATES = {
    ("issues", "OPEN"): ("Open", StateCategory.UNSTARTED),
    ("issues", "CLOSED"): ("Closed", StateCategory.COMPLETED),
    ("issues", "CLOSED NOT_PLANNED"): ("Not planned", StateCategory.CANCELED),
    ("issues", "CLOSED DUPLICATE"): ("Duplicate", StateCategory.CANCELED),
    ("pulls", "OPEN"): ("Open", StateCategory.UNSTARTED),
    ("pulls", "MERGED"): ("Merged", StateCategory.COMPLETED),
    ("pulls", "CLOSED"): ("Closed unmerged", StateCategory.CANCELED),
}


def read_github(
    lines: Iterable[bytes],
    *,
    skip: int = 0,
    include_restricted: bool = False,
) -> Iterator[IssueRecord | Loss | None]:
    """One item for each issue and pull request, in the file's order: the record, or why there is none.

    See `read_items`. `lines` are chunks of the file, of any size.
    """
    return read_items(_Archive(), lines, skip=skip)


class _Archive:
    """Values of the file outside its issues."""

    shape = _SHAPE

    def __init__(self) -> None:
        self._repository = ""
        self._labels: dict[str, LabelRecord] = {}
        self._unused: Counter[str] = Counter()

    def note(self, element: Element) -> bool:
        if element.member == "labels" and len(self._labels) < MOST_DESCRIBED_LABELS:
            self._note_label(element)
        elif element.member == "repo":
            # Wrapped in an object, the value is parsed with the same checks as all others.
            found = _parsed(Reading(line=element.line), b'{"repo":' + element.raw + b"}")
            self._repository = Reading(line=element.line).name("repo", found.get("repo"))
        elif element.member in kinds.ARCHIVE.formal:
            self._unused[f"archive.{element.member}"] += 1
        return element.member in kinds.ARCHIVE.used | kinds.ARCHIVE.formal

    def losses(self, issues: int) -> Sequence[Loss]:
        return [
            Loss(line=1, key=None, field=member, code=LossCode.UNUSED, reason=UNUSED, count=count)
            for member, count in self._unused.items()
        ]

    def issue(self, element: Element) -> IssueRecord | Loss:
        reading = Reading(line=element.line)
        try:
            fields, replaced = parse_object(element.raw)
        except UnreadableError as error:
            return reading.whole(str(error))
        if replaced:
            reading.lose("issue", LossCode.REPLACED, NOT_UTF_8, count=replaced)
        fields, member, described = as_archived(reading, fields, element.member)
        number = fields.get("number")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= LARGEST_NUMBER:
            return reading.whole(NO_NUMBER, code=LossCode.MISSING)
        repository = self._repository or _repository_of(reading, fields)
        reading.key = f"{repository}#{number}"
        created = reading.instant("createdAt", fields.get("createdAt"))
        if created is None:
            return reading.whole("The issue has no creation time.", code=LossCode.MISSING)
        external_id, repository_id = github_ids(fields.get("id"))
        record = _Issue(reading, fields, member).record(repository, number, created, {**self._labels, **described})
        return replace(record, site=site_of(fields.get("url")), external_id=external_id, project_id=repository_id)

    def _note_label(self, element: Element) -> None:
        reading = Reading(line=element.line)
        found = _parsed(reading, element.raw)
        reading.note_unused(kinds.LABEL, found)
        self._unused.update(dict(reading.unused))
        label = label_of(reading, found)
        self._labels[label.name] = label


class _Issue:
    def __init__(self, reading: Reading, fields: dict[str, object], member: str) -> None:
        self._reading = reading
        self._fields = fields
        self._member = member

    def record(self, repository: str, number: int, created: datetime, described: dict[str, LabelRecord]) -> IssueRecord:
        reading, fields = self._reading, self._fields
        state_name, state_category = self._state()
        text = reading.text("body", fields.get("body"))
        description = reading.fitting("body", text)
        labels = self._labels()
        reading.note_unused(kinds.ISSUE, fields)
        return IssueRecord(
            line=reading.line,
            external_key=f"{repository}#{number}",
            number=number,
            project_key=repository or "GITHUB",
            project_name=repository or "GitHub",
            title=self._title(number),
            description=description,
            source_text=text if text != description else None,
            state_name=state_name,
            state_category=state_category,
            priority=Priority.NONE,
            labels=labels,
            assignee_keys=self._assignees(),
            creator_key=reading.login("author", fields.get("author")),
            parent_key=None,
            created_at=created,
            updated_at=reading.instant("updatedAt", fields.get("updatedAt")) or created,
            completed_at=self._closed() if state_category.is_closed else None,
            due_date=None,
            comments=comments_of(reading, fields, created),
            mappings=(
                mapping("status", f"{self._member} {self._state_key()}", f"{state_name} ({state_category.value})"),
            ),
            label_details=tuple(described[label] for label in labels if label in described),
            # last, because the fields above add people
            people=tuple(reading.people.values()),
            losses=reading.losses,
            unused=reading.unused,
        )

    def _title(self, number: int) -> str:
        title = self._reading.name("title", self._fields.get("title"))
        if not title:
            self._reading.lose("title", LossCode.MISSING, "The title is missing. The number is used instead.")
        return title or f"#{number}"

    def _state_key(self) -> str:
        state = self._reading.name("state", self._fields.get("state"), longest=LONGEST_STATE)
        reason = self._reading.name("stateReason", self._fields.get("stateReason"), longest=LONGEST_STATE)
        return f"{state} {reason}".strip().upper()

    def _state(self) -> tuple[str, StateCategory]:
        key = self._state_key()
        found = _STATES.get((self._member, key)) or _STATES.get((self._member, key.partition(" ")[0]))
        if found is None:
            self._reading.lose(
                "state", LossCode.MISSING, "The state is missing or unknown. The issue is imported as open."
            )
        return found or _STATES[self._member, "OPEN"]

    def _labels(self) -> tuple[str, ...]:
        labels = self._reading.items("labels", self._fields.get("labels"))
        names = [self._reading.name("labels", label, longest=LONGEST_LABEL) for label in labels]
        return self._reading.labels([PULL_LABEL] * (self._member == "pulls") + names)

    def _assignees(self) -> tuple[str, ...]:
        reading = self._reading
        logins = [
            reading.login("assignees", login) for login in reading.items("assignees", self._fields.get("assignees"))
        ]
        kept = list(dict.fromkeys(login for login in logins if login))
        if len(kept) > MOST_ASSIGNEES:
            reason = f"An issue can have at most {MOST_ASSIGNEES}."
            reading.lose("assignees", LossCode.TOO_MANY, reason, count=len(kept) - MOST_ASSIGNEES)
        return tuple(kept[:MOST_ASSIGNEES])

    def _closed(self) -> datetime | None:
        merged, closed = (self._reading.instant(name, self._fields.get(name)) for name in ("mergedAt", "closedAt"))
        return merged or closed


def _repository_of(reading: Reading, fields: dict[str, object]) -> str:
    match = _REPOSITORY.match(reading.name("url", fields.get("url")))
    return match[1] if match else ""


def _parsed(reading: Reading, raw: bytes) -> dict[str, object]:
    try:
        return parse_object(raw)[0]
    except UnreadableError:
        return {}
