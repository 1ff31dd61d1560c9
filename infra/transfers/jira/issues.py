"""Issues of Jira's REST API: one per line, in a list, or in the answer to a search."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from domain.issues.priorities import Priority
from domain.projects.categories import StateCategory
from domain.shared.unset import UNSET, Unset
from domain.transfers.records import (
    LONGEST_MILESTONE,
    CommentRecord,
    IssueRecord,
    LabelRecord,
    Loss,
    LossCode,
    Mapping,
    MilestoneRecord,
    PersonRecord,
)
from infra.transfers.addresses import site_of
from infra.transfers.items import read_items
from infra.transfers.jira import members as kinds
from infra.transfers.jira.markup import plain_mention
from infra.transfers.jira.restrictions import is_restricted_comment, is_restricted_issue
from infra.transfers.jira.search import Search
from infra.transfers.jira.states import priority_of, state_of
from infra.transfers.jira.texts import JiraTexts
from infra.transfers.json_walk import Element
from infra.transfers.reading import (
    LARGEST_NUMBER,
    LONGEST_LABEL,
    LONGEST_STATE,
    Reading,
    UnreadableError,
    mapping,
    parse_object,
)
from infra.transfers.reasons import NO_FIELDS, NO_KEY, NO_PROJECT_OR_TIME, NOT_UTF_8, OTHER_TIME

_KEY = re.compile(r"([A-Z][A-Z0-9_]*)-([0-9]+)", re.ASCII)
_LEFT_OUT = "Restricted to some users in the other tracker. Set `includeRestricted` to import it."
_MADE_PUBLIC = "The restriction is not kept. Every user with access to the project can read the content."
_LABEL_KINDS = {"type": ("issuetype", kinds.TYPE), "component": ("components", kinds.COMPONENT)}


def read_jira(
    lines: Iterable[bytes],
    *,
    skip: int = 0,
    mention: Callable[[str], str] = plain_mention,
    include_restricted: bool = False,
) -> Iterator[IssueRecord | Loss | None]:
    """One item for each issue, in the file's order: the record, or the reason for a missing record.

    See `read_items`. `lines` are chunks of the file, of any size. `mention` turns the user's name in [~name] into
    Markdown. Issues and comments that Jira shows to some people only are losses unless `include_restricted`.
    """

    def read(element: Element) -> IssueRecord | Loss:
        return _read_line(Reading(line=element.line), element.raw, mention, include_restricted=include_restricted)

    return read_items(Search(read), lines, skip=skip)


def _read_line(
    reading: Reading, line: bytes, mention: Callable[[str], str], *, include_restricted: bool
) -> IssueRecord | Loss:
    try:
        top, replaced = parse_object(line)
    except UnreadableError as error:
        return reading.whole(str(error))
    if replaced:
        reading.lose("line", LossCode.REPLACED, NOT_UTF_8, count=replaced)
    key, fields = top.get("key"), top.get("fields")
    if not isinstance(key, str) or not (external_key := reading.name("key", key)):
        return reading.whole(NO_KEY, code=LossCode.MISSING)
    reading.key = external_key
    if not isinstance(fields, dict):
        return reading.whole(NO_FIELDS, code=LossCode.MISSING)
    if is_restricted_issue(fields):
        if not include_restricted:
            return reading.whole(_LEFT_OUT, code=LossCode.RESTRICTED)
        reading.lose("security", LossCode.NOT_KEPT, _MADE_PUBLIC)
    reading.note_unused(kinds.ISSUE, top)
    external_id = reading.identifier("id", top.get("id"))
    issue = _Issue(reading, fields, mention, include_restricted=include_restricted)
    record = issue.record(external_key)
    if isinstance(record, Loss):
        return record
    return replace(
        record,
        site=site_of(top.get("self")),
        external_id=external_id,
        project_id=issue.project_id,
        state_id=issue.state_id,
        parent_id=issue.parent_id,
    )


class _Issue:
    def __init__(
        self, reading: Reading, fields: dict[str, object], mention: Callable[[str], str], *, include_restricted: bool
    ) -> None:
        self.project_id: str | None = None
        self.state_id: str | None = None
        self.parent_id: str | None = None
        self._reading = reading
        self._include_restricted = include_restricted
        self._fields = fields
        self._texts = JiraTexts(reading, fields, mention)
        self._mappings: list[Mapping] = []

    def record(self, external_key: str) -> IssueRecord | Loss:
        reading, fields = self._reading, self._fields
        times = self._times()
        project_key, project_name, number = self._place(external_key)
        if times is None or not project_key:
            return reading.whole(NO_PROJECT_OR_TIME, code=LossCode.MISSING)
        state_name, state_category = self._state()
        description, source = self._description()
        priority = self._priority()
        labels, details = self._labels()
        reading.note_unused(kinds.FIELDS, fields)
        return IssueRecord(
            line=reading.line,
            external_key=external_key,
            number=number,
            project_key=project_key,
            project_name=project_name,
            title=self._title(external_key),
            description=description,
            source_text=source,
            state_name=state_name,
            state_category=state_category,
            priority=priority,
            labels=labels,
            label_details=details,
            milestone=self._milestone(),
            assignee_keys=self._assignees(),
            creator_key=self._creator(),
            parent_key=self._parent(),
            created_at=times[0],
            updated_at=times[1],
            completed_at=self._resolved() if state_category.is_closed else None,
            due_date=reading.day("duedate", fields.get("duedate")),
            comments=self._comments(times[0]),
            # last, because the fields above add people
            people=tuple(reading.people.values()),
            mappings=tuple(self._mappings),
            losses=reading.losses,
            unused=reading.unused,
        )

    def _resolved(self) -> datetime | None:
        return self._reading.instant("resolutiondate", self._fields.get("resolutiondate"))

    def _assignees(self) -> tuple[str, ...]:
        key = self._person("assignee", self._fields.get("assignee"))
        return (key,) if key else ()

    def _times(self) -> tuple[datetime, datetime] | None:
        """Times of creation and last change; one replaces the other if that is missing."""
        created = self._reading.instant("created", self._fields.get("created"))
        updated = self._reading.instant("updated", self._fields.get("updated")) or created
        if updated is None:
            return None
        if created is None:
            self._reading.lose("created", LossCode.MISSING, "The time of the last change is used instead.")
            created = updated
        return created, updated

    def _place(self, external_key: str) -> tuple[str, str, int | None]:
        """Key and name of the project, and the issue's number in it."""
        project = self._reading.fields("project", self._fields.get("project"), kinds.PROJECT)
        key = self._reading.name("project", project.get("key"))
        name = self._reading.name("project", project.get("name"))
        project_id = self._reading.identifier("project", project.get("id"))
        match = _KEY.fullmatch(external_key)
        # The id counts only if the issue's key names the same project.
        self.project_id = project_id if match is None or match[1] == key else None
        if match is None:
            self._reading.lose("number", LossCode.MISSING, "The key of the issue does not end in a number.")
            return key, name or key, None
        number = int(match[2]) if len(match[2]) <= len(str(LARGEST_NUMBER)) else 0
        if not 0 < number <= LARGEST_NUMBER:
            self._reading.lose("number", LossCode.OUT_OF_RANGE, "The number of the issue is out of range.")
            return match[1], name if key == match[1] and name else match[1], None
        return match[1], name if key == match[1] and name else match[1], number

    def _title(self, external_key: str) -> str:
        title = self._reading.name("summary", self._fields.get("summary"))
        if not title:
            self._reading.lose("summary", LossCode.MISSING, "The title is missing. The key is used instead.")
        return title or external_key

    def _description(self) -> tuple[str, str | None]:
        """Description and environment, which has no field of its own, as Markdown; and the originals if they differ."""
        converted, original = self._texts.converted("description", self._fields.get("description"))
        environment, environment_source = self._texts.converted("environment", self._fields.get("environment"))
        if environment.strip():
            gap = "\n\n" if original else ""
            converted += f"{gap}## Environment\n\n{environment}"
            original += f"{gap}h2. Environment\n\n{environment_source}"
        fitting = self._reading.fitting("description", converted)
        return fitting, (original if fitting != original else None)

    def _state(self) -> tuple[str, StateCategory]:
        """The state's name and category; sets `state_id` to the id of the status or resolution with that name."""
        reading = self._reading
        status = reading.fields("status", self._fields.get("status"), kinds.STATUS)
        name = reading.name("status", status.get("name"), longest=LONGEST_STATE)
        if not name:
            reading.lose("status", LossCode.MISSING, "The status is missing. The issue is imported as open.")
            name = "Open"
        found_category = reading.fields("status.statusCategory", status.get("statusCategory"), kinds.STATUS_CATEGORY)
        category = found_category.get("key")
        resolved = reading.fields("resolution", self._fields.get("resolution"), kinds.RESOLUTION)
        resolution = reading.name("resolution", resolved.get("name"), longest=LONGEST_STATE)
        state, found = state_of(name, category if isinstance(category, str) else "", resolution)
        self._mappings.append(
            mapping("status", f"{name} / {resolution}" if resolution else name, f"{state} ({found.value})")
        )
        if resolution and not found.is_closed:
            reading.lose("resolution", LossCode.NOT_KEPT, "The resolution is dropped because the issue is open.")
        ids = {"status": status.get("id"), "resolution": resolved.get("id")}
        sort = "status" if state == name else "resolution"
        state_id = reading.identifier(sort, ids[sort])
        self.state_id = state_id and f"{sort} {state_id}"
        return state, found

    def _priority(self) -> Priority:
        name = self._reading.named("priority", self._fields.get("priority"), kinds.PRIORITY, longest=LONGEST_STATE)
        priority = priority_of(name)
        if priority is None:
            self._reading.lose("priority", LossCode.NOT_KEPT, "Workgraph has no equivalent for this priority.")
            priority = Priority.NONE
        if name:
            self._mappings.append(mapping("priority", name, priority.name))
        return priority

    def _labels(self) -> tuple[tuple[str, ...], tuple[LabelRecord, ...]]:
        """Labels from Jira's labels, components and types; components and types have ids."""
        reading, fields = self._reading, self._fields
        names = [
            reading.name("labels", label, longest=LONGEST_LABEL)
            for label in reading.items("labels", fields.get("labels"))
        ]
        sorts = [("type", fields.get("issuetype"))]
        sorts += [("component", component) for component in reading.items("components", fields.get("components"))]
        details: dict[str, LabelRecord] = {}
        for sort, item in sorts:
            field, kind = _LABEL_KINDS[sort]
            found = reading.fields(field, item, kind)
            name = reading.name(field, found.get("name"))
            if name:
                label = reading.name(sort, f"{sort}: {name}", longest=LONGEST_LABEL)
                self._mappings.append(mapping("label", f"{sort} {name}", label))
                names.append(label)
                label_id = reading.identifier(field, found.get("id"))
                details[label] = _described(label, label_id and f"{sort} {label_id}")
        labels = reading.labels(names)
        return labels, tuple(details[label] for label in labels if label in details)

    def _milestone(self) -> MilestoneRecord | Unset | None:
        """The first fix version; an issue has one milestone."""
        reading = self._reading
        versions = self._fields.get("fixVersions", UNSET)
        if versions is UNSET:
            return UNSET
        first: MilestoneRecord | None = None
        for version in reading.each("fixVersions", versions, kinds.VERSION):
            name = reading.name("fixVersions", version.get("name"), longest=LONGEST_MILESTONE)
            if name and first is None:
                first = MilestoneRecord(
                    name=name,
                    external_id=reading.identifier("fixVersions.id", version.get("id")),
                    due_date=reading.day("fixVersions.releaseDate", version.get("releaseDate")),
                )
            elif name:
                reading.lose("fixVersions", LossCode.TOO_MANY, "Only the first version is kept, as the milestone.")
        return first

    def _parent(self) -> str | None:
        """The key of the parent, with `parent_id` as its id. The epic is the parent of an issue without another one."""
        reading = self._reading
        parents = [
            ("parent", reading.fields("parent", self._fields.get("parent"), kinds.PARENT)),
            ("epic", reading.fields("epic", self._fields.get("epic"), kinds.EPIC)),
        ]
        named = [
            (key, reading.identifier(field, above.get("id")))
            for field, above in parents
            if (key := reading.name(field, above.get("key")))
        ]
        if len({key for key, _ in named}) > 1:
            reading.lose("epic", LossCode.NOT_KEPT, "The issue already has a parent.")
        if not named:
            return None
        key, self.parent_id = named[0]
        return key

    def _creator(self) -> str | None:
        """Key of the reporter, whom Jira shows as the requester, or else of the creator."""
        reporter = self._person("reporter", self._fields.get("reporter"))
        creator = self._person("creator", self._fields.get("creator"))
        if reporter and creator and reporter != creator:
            self._reading.lose("creator", LossCode.NOT_KEPT, "The reporter is a different user and is kept.")
        return reporter or creator

    def _person(self, field: str, value: object) -> str | None:
        """Key of the person, the only value that distinguishes people."""
        reading = self._reading
        person = reading.fields(field, value, kinds.USER)
        if not person:
            return None
        known = person.get("key")
        if isinstance(known, str) and known in reading.people:
            return known
        key = next(
            (found for name in ("key", "accountId", "name") if (found := reading.name(field, person.get(name)))), ""
        )
        if not key:
            reading.lose(field, LossCode.MISSING, "The user has no key.")
            return None
        if key not in reading.people:
            name = reading.person(field, person.get("displayName"))
            reading.people[key] = PersonRecord(
                key=key,
                name=name or reading.person(field, key),
                email=reading.name(field, person.get("emailAddress")) or None,
                is_active=person.get("active") is not False,
            )
        return key

    def _comments(self, created: datetime) -> tuple[CommentRecord, ...]:
        reading = self._reading
        listing = reading.fields("comment", self._fields.get("comment"), kinds.COMMENTS)
        comments: dict[str, CommentRecord] = {}
        items = reading.items("comments", listing.get("comments"))
        for ordinal, item in enumerate(items, 1):
            comment = self._comment(item, ordinal, created)
            if comment is None:
                continue
            if comment.key in comments:
                reading.lose("comments", LossCode.DUPLICATE, "The issue already has a comment with this ID.")
                continue
            comments[comment.key] = comment
        total = listing.get("total")
        if isinstance(total, int) and total > len(items):
            reason = "The file contains fewer comments than it declares."
            reading.lose("comments", LossCode.INCOMPLETE, reason, count=total - len(items))
        return tuple(sorted(comments.values(), key=lambda comment: comment.created_at))

    def _comment(self, item: object, ordinal: int, issue_created: datetime) -> CommentRecord | None:
        reading = self._reading
        if not isinstance(item, dict):
            reading.lose("comments", LossCode.WRONG_TYPE, "The value is not an object.")
            return None
        if is_restricted_comment(item):
            if not self._include_restricted:
                reading.lose("comments", LossCode.RESTRICTED, _LEFT_OUT)
                return None
            reading.lose("comments", LossCode.NOT_KEPT, _MADE_PUBLIC)
        reading.note_unused(kinds.COMMENT, item)
        converted, text = self._texts.converted("comments.body", item.get("body"))
        body = reading.fitting("comments.body", converted)
        created = reading.instant("comments.created", item.get("created"))
        updated = reading.instant("comments.updated", item.get("updated"))
        if created is None:
            reading.lose("comments.created", LossCode.MISSING, OTHER_TIME)
            created = updated or issue_created
        key = reading.name("comments.id", item.get("id"))
        author = self._person("comments.author", item.get("author"))
        editor = self._person("comments.updateAuthor", item.get("updateAuthor"))
        if editor and author and editor != author:
            reading.lose("comments.updateAuthor", LossCode.NOT_KEPT, "The comment was last edited by a different user.")
        return CommentRecord(
            key=key or f"#{ordinal}",
            author_key=author or editor,
            body=body,
            created_at=created,
            updated_at=updated if updated != created else None,
            source_text=text if body != text else None,
        )


@lru_cache(maxsize=4096)
def _described(label: str, external_id: str | None) -> LabelRecord:
    return LabelRecord(name=label, color=None, description="", external_id=external_id)
