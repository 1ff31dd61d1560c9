"""Issues and pull requests out of a GitHub archive, as the IETF's working groups keep them: one JSON object."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from domain.issues.model import MOST_ASSIGNEES
from domain.issues.priorities import Priority
from domain.projects.categories import StateCategory
from domain.shared.checks import COLOR
from domain.transfers import github_members as kinds
from domain.transfers.addresses import github_ids, site_of
from domain.transfers.github_comments import comments_of
from domain.transfers.json_walk import BrokenDocumentError, Element, elements
from domain.transfers.reading import (
    LARGEST_NUMBER,
    LONGEST_LABEL,
    LONGEST_STATE,
    MOST_UNKNOWN_FIELDS,
    Reading,
    UnreadableError,
    mapping,
    parse_object,
)
from domain.transfers.records import UNUSED, IssueRecord, LabelRecord, Loss, LossCode
from domain.transfers.sanitising import clean_line

PULL_LABEL = "pull request"
MOST_DESCRIBED_LABELS = 10_000  # of more, only the names are kept
_ISSUE_MEMBERS = ("issues", "pulls")
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
) -> Iterator[IssueRecord | Loss]:
    """One item for each issue and pull request, in the file's order: the record, or why there is none.

    The first `skip` items are passed over unread. At the end follow what the archive
    has beside them that Workgraph has no place for, and where it breaks off if it does.
    """
    archive = _Archive()
    try:
        for element in elements(lines):
            if element.member not in _ISSUE_MEMBERS or not element.is_of_list:
                archive.note(element)
                continue
            archive.issues += 1
            if archive.issues > skip:
                yield archive.issue(element)
    except BrokenDocumentError as error:
        archive.breaks_off(error)
    yield from archive.losses()[max(skip - archive.issues, 0) :]


class _Archive:
    """What the archive says before and beside its issues."""

    def __init__(self) -> None:
        self.issues = 0
        self._repository = ""
        self._labels: dict[str, LabelRecord] = {}
        self._unknown: Counter[str] = Counter()
        self._unused: Counter[str] = Counter()
        self._end: Loss | None = None

    def note(self, element: Element) -> None:
        if element.member == "labels" and element.is_of_list and len(self._labels) < MOST_DESCRIBED_LABELS:
            self._note_label(element)
        elif element.member == "repo":
            # In an object of its own it is parsed as carefully as everything else.
            found = _parsed(Reading(line=element.line), b'{"repo":' + element.raw + b"}")
            self._repository = Reading(line=element.line).name("repo", found.get("repo"))
        elif element.member in kinds.ARCHIVE.formal:
            self._unused[f"archive.{element.member}"] += 1
        elif element.member not in kinds.ARCHIVE.used and len(self._unknown) < MOST_UNKNOWN_FIELDS:
            self._unknown[clean_line(element.member, longest=LONGEST_LABEL).text] += 1

    def breaks_off(self, error: BrokenDocumentError) -> None:
        self._end = _loss(error.line, "archive", LossCode.UNREADABLE, f"It breaks off here: {error.reason}")

    def losses(self) -> list[Loss]:
        """What is to be reported of the archive itself."""
        found = [
            _loss(1, name, LossCode.NOT_KEPT, "Workgraph has no place for it.", count)
            for name, count in self._unknown.items()
        ]
        found += [_loss(1, member, LossCode.UNUSED, UNUSED, count) for member, count in self._unused.items()]
        if self._end is not None:
            found.append(self._end)
        elif not self.issues and not self._repository:
            found.append(_loss(1, "archive", LossCode.MISSING, "It has no repository, no issues and no pull requests."))
        return found

    def issue(self, element: Element) -> IssueRecord | Loss:
        reading = Reading(line=element.line)
        try:
            fields, replaced = parse_object(element.raw)
        except UnreadableError as error:
            return reading.whole(str(error))
        if replaced:
            reading.lose("issue", LossCode.REPLACED, "Bytes that are not UTF-8 became U+FFFD.", count=replaced)
        number = fields.get("number")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= LARGEST_NUMBER:
            return reading.whole("It has no number.", code=LossCode.MISSING)
        repository = self._repository or _repository_of(reading, fields)
        reading.key = f"{repository}#{number}"
        created = reading.instant("createdAt", fields.get("createdAt"))
        if created is None:
            return reading.whole("It does not say when it was created.", code=LossCode.MISSING)
        external_id, repository_id = github_ids(fields.get("id"))
        record = _Issue(reading, fields, element.member).record(repository, number, created, self._labels)
        return replace(record, site=site_of(fields.get("url")), external_id=external_id, project_id=repository_id)

    def _note_label(self, element: Element) -> None:
        reading = Reading(line=element.line)
        found = _parsed(reading, element.raw)
        reading.note_unused(kinds.LABEL, found)
        self._unused.update(dict(reading.unused))
        name = reading.name("labels", found.get("name"), longest=LONGEST_LABEL)
        color = "#" + reading.name("labels.color", found.get("color")).lower()
        self._labels[name] = LabelRecord(
            name=name,
            color=color if COLOR.fullmatch(color) else None,
            description=reading.name("labels.description", found.get("description")),
        )


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
            # Last, because everything above adds to them.
            people=tuple(reading.people.values()),
            losses=reading.losses,
            unused=reading.unused,
        )

    def _title(self, number: int) -> str:
        title = self._reading.name("title", self._fields.get("title"))
        if not title:
            self._reading.lose("title", LossCode.MISSING, "The number stands in.")
        return title or f"#{number}"

    def _state_key(self) -> str:
        state = self._reading.name("state", self._fields.get("state"), longest=LONGEST_STATE)
        reason = self._reading.name("stateReason", self._fields.get("stateReason"), longest=LONGEST_STATE)
        return f"{state} {reason}".strip().upper()

    def _state(self) -> tuple[str, StateCategory]:
        key = self._state_key()
        found = _STATES.get((self._member, key)) or _STATES.get((self._member, key.partition(" ")[0]))
        if found is None:
            self._reading.lose("state", LossCode.MISSING, "The issue counts as open.")
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
            reason = f"An issue has at most {MOST_ASSIGNEES}."
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


def _loss(line: int, field: str, code: LossCode, reason: str, count: int = 1) -> Loss:
    return Loss(line=line, key=None, field=field, code=code, reason=reason, count=count)
