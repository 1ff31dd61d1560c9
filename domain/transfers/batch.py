"""One batch of an import: records in, rows and events out, set by set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.accounts.model import UserId
from domain.issues.commands import IssueDraft
from domain.issues.events import IssueCreated, IssueUpdated
from domain.issues.model import MOST_ASSIGNEES, MOST_LABELS, Issue, IssueId
from domain.labels.model import Label
from domain.projects.model import Project, State
from domain.shared.errors import Rejected
from domain.shared.events import FieldChange
from domain.shared.ids import IdFactory
from domain.transfers.comments import write_comments
from domain.transfers.digests import digest_of_texts, iso_text
from domain.transfers.model import ImportRun
from domain.transfers.people import NOBODY, known_people
from domain.transfers.ports import ImportUow, IssueLink, NamedParent, Origin, StoredIssue
from domain.transfers.records import IssueRecord, Loss, LossCode
from domain.transfers.tally import Tally
from domain.transfers.workflow import Workflow, label_names
from domain.workspaces.model import Workspace

LARGEST_NUMBER = 2_000_000_000
WHOLE = "issue"  # the field of a loss that is an issue from beginning to end
TWICE = "The file has an issue with this key already."


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the issues of one batch and project are built with."""

    project: Project
    states: Mapping[str, State]
    labels: Mapping[str, Label]
    people: Mapping[str, str]


class Batch:
    """Writes records in one Unit of Work; what became of them is in `tally`."""

    def __init__(self, uow: ImportUow, run: ImportRun, workspace: Workspace, *, ids: IdFactory, now: datetime) -> None:
        self.tally = Tally()
        self._uow = uow
        self._run = run
        self._workspace = workspace
        self._ids = ids
        self._now = now
        self._workflow = Workflow(uow, run, workspace, self.tally, ids=ids, now=now)

    async def write(self, items: Sequence[IssueRecord | Loss]) -> None:
        """Raises Unstorable if the database refuses any of it, Conflict if a project is archived."""
        await self._uow.imports.lock(self._workspace.id)
        records = self._unique(items)
        people, created = await known_people(self._uow, self._run, records, ids=self._ids, now=self._now)
        self.tally.count("people_created", created)
        labels = await self._workflow.labels_for(records)
        by_project: dict[str, list[IssueRecord]] = {}
        for record in records:
            by_project.setdefault(record.project_key, []).append(record)
        for project_key, group in by_project.items():
            project = await self._workflow.project_for(group[0])
            self.tally.map("project", project_key, project.key, len(group))
            states = await self._workflow.states_for(project, group)
            setting = Setting(project=project, states=states, labels=labels, people=people)
            await self._write_project(setting, group)

    def _unique(self, items: Sequence[IssueRecord | Loss]) -> list[IssueRecord]:
        """The records, each key once; what the reader has to report goes to the tally."""
        records: dict[tuple[str, str], IssueRecord] = {}
        for item in items:
            if isinstance(item, Loss):
                self.tally.note(item)
                self.tally.count("issues_read", int(item.field == WHOLE))
                continue
            self.tally.count("issues_read")
            self.tally.count("comments_read", len(item.comments))
            key = (item.project_key, item.external_key)
            if key in records:
                self.tally.lose(item, WHOLE, LossCode.DUPLICATE, TWICE)
                continue
            self.tally.note_all(item)
            records[key] = item
        return list(records.values())

    async def _write_project(self, setting: Setting, records: Sequence[IssueRecord]) -> None:
        store, source = self._uow.imports, self._run.format.source
        existing = await store.issues(setting.project.id, source, [record.external_key for record in records])
        numbers = await self._numbers(setting, [record for record in records if record.external_key not in existing])
        written: list[tuple[IssueRecord, Issue, StoredIssue | None]] = []
        for record in records:
            stored = existing.get(record.external_key)
            if stored is not None and stored.run_id == self._run.id:
                self.tally.lose(record, WHOLE, LossCode.DUPLICATE, TWICE)
                continue
            try:
                issue = self._built(setting, record, stored, numbers)
            except Rejected as rejected:
                self.tally.lose(record, WHOLE, LossCode.UNREADABLE, str(rejected))
                continue
            written.append((record, issue, stored))
            self._map(setting, record)
        origins = await self._write_issues(setting, written)
        pairs = [(record, issue) for record, issue, _ in written]
        context = (self._uow, self.tally, setting.people)
        has_stored = any(stored for _, _, stored in written)
        comment_origins = await write_comments(*context, pairs, ids=self._ids, is_first_time=not has_stored)
        await store.keep_origins(self._run.id, origins, comment_origins, is_first_time=not has_stored)
        news = {origin.id for origin in origins}
        await store.mark_seen(self._run.id, [issue.id for _, issue, _ in written if issue.id not in news])
        await store.name_parents(self._run.id, _named_parents(written))

    async def _numbers(self, setting: Setting, records: Sequence[IssueRecord]) -> dict[str, int]:
        """A free number for every new issue: its own if nothing else has it, otherwise one behind the last."""
        if not records:
            return {}
        project_id = setting.project.id
        highest = await self._uow.imports.highest_number(project_id)
        wanted = {number for record in records if (number := record.number) and 0 < number <= LARGEST_NUMBER}
        taken = set(await self._uow.imports.taken_numbers(project_id, wanted))
        highest = max(highest, *wanted, 0)
        numbers: dict[str, int] = {}
        for record in records:
            number = record.number
            if number is None or number not in wanted or number in taken:
                highest += 1
                if number is not None:
                    reason = f"The number {number} is taken or cannot be one; the issue became {highest}."
                    self.tally.lose(record, "number", LossCode.NOT_KEPT, reason)
                number = highest
            taken.add(number)
            numbers[record.external_key] = number
        await self._uow.imports.raise_number(project_id, highest)
        return numbers

    def _built(
        self, setting: Setting, record: IssueRecord, stored: StoredIssue | None, numbers: Mapping[str, int]
    ) -> Issue:
        """The issue as the file says; of one that is there already, only what a file can say is replaced."""
        state = setting.states[record.state_name]
        issue = stored.issue if stored else self._drafted(setting, record, numbers[record.external_key])
        return replace(
            issue,
            title=record.title,
            description=record.description,
            state_id=state.id,
            priority=record.priority,
            creator_id=UserId(setting.people[record.creator_key or NOBODY]),
            due_date=record.due_date,
            completed_at=(record.completed_at or record.updated_at) if state.category.is_closed else None,
            created_at=record.created_at,
            updated_at=record.updated_at,
        ).checked()

    def _drafted(self, setting: Setting, record: IssueRecord, number: int) -> Issue:
        """A new issue with what never changes again."""
        issue = Issue.drafted(
            IssueDraft(project_id=setting.project.id, title=record.title),
            id=IssueId(self._ids.new(Issue.prefix)),
            project=setting.project,
            state=setting.states[record.state_name],
            number=number,
            creator_id=UserId(setting.people[record.creator_key or NOBODY]),
            now=record.created_at,
        )
        return replace(issue, external_source=self._run.format.source, external_key=record.external_key)

    async def _write_issues(
        self, setting: Setting, written: Sequence[tuple[IssueRecord, Issue, StoredIssue | None]]
    ) -> list[Origin]:
        new: list[Issue] = []
        changed: list[Issue] = []
        origins: list[Origin] = []
        assignees, labels = _LinkChanges(), _LinkChanges()
        for record, issue, stored in written:
            digest = digest_of(record)
            if stored is not None and stored.digest == digest:
                self.tally.count("issues_unchanged")
                continue
            origins.append(Origin(id=issue.id, digest=digest, source=record.source_text))
            further = {
                "assignees": assignees.change(
                    issue, stored.assignee_ids if stored else None, _assignee_ids(setting, record)
                ),
                "labels": labels.change(issue, stored.label_ids if stored else None, _label_ids(setting, record)),
            }
            links = {name: change for name, change in further.items() if change is not None}
            if stored is None:
                new.append(issue)
                self._uow.record(IssueCreated.between(None, issue, **links))
            elif links or issue != stored.issue:
                changed.append(issue)
                self._uow.record(IssueUpdated.between(stored.issue, issue, **links))
            else:
                self.tally.count("issues_unchanged")
        self.tally.count("issues_created", len(new))
        self.tally.count("issues_changed", len(changed))
        await self._uow.imports.add_issues(new)
        await self._uow.imports.save_issues(changed)
        await self._uow.imports.link_assignees(add=assignees.added, remove=assignees.removed)
        await self._uow.imports.link_labels(add=labels.added, remove=labels.removed)
        return origins

    def _map(self, setting: Setting, record: IssueRecord) -> None:
        state = setting.states[record.state_name]
        if (state.name, state.category) != (record.state_name, record.state_category):
            self.tally.map("state", record.state_name, f"{state.name} ({state.category})")
        for mapping in record.mappings:
            self.tally.map(mapping.kind, mapping.source, mapping.target)


class _LinkChanges:
    """Collects what links of many issues to add and to remove."""

    def __init__(self) -> None:
        self.added: list[IssueLink] = []
        self.removed: list[IssueLink] = []

    def change(self, issue: Issue, before: frozenset[str] | None, after: frozenset[str]) -> FieldChange | None:
        before = before or frozenset()
        if before == after:
            return None
        self.added += [IssueLink(issue_id=issue.id, other_id=other) for other in sorted(after - before)]
        self.removed += [IssueLink(issue_id=issue.id, other_id=other) for other in sorted(before - after)]
        return FieldChange(before=sorted(before), after=sorted(after))


def digest_of(record: IssueRecord) -> str:
    """What the file says of the issue itself, in 128 bits; parents, comments and people have their own ways."""
    return digest_of_texts(
        record.title,
        record.description,
        record.state_name,
        record.state_category,
        record.priority.name,
        repr(record.labels),
        repr(record.assignee_keys),
        record.creator_key,
        record.created_at.isoformat(),
        record.updated_at.isoformat(),
        iso_text(record.completed_at),
        iso_text(record.due_date),
    )


def _assignee_ids(setting: Setting, record: IssueRecord) -> frozenset[str]:
    return frozenset(setting.people[key] for key in record.assignee_keys[:MOST_ASSIGNEES])


def _label_ids(setting: Setting, record: IssueRecord) -> frozenset[str]:
    return frozenset(setting.labels[name].id for name in label_names(record)[:MOST_LABELS])


def _named_parents(written: Sequence[tuple[IssueRecord, Issue, StoredIssue | None]]) -> list[NamedParent]:
    """Parents to look for: where the file says anything new, and where none has been found so far."""
    return [
        NamedParent(issue_id=issue.id, parent_key=record.parent_key, line=record.line)
        for record, issue, stored in written
        if record.parent_key is not None
        and (stored is None or stored.issue.parent_id is None or stored.digest != digest_of(record))
    ]
