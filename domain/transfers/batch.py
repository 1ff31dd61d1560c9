"""A batch of an import: turns records into rows and events, set by set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.accounts.model import UserId
from domain.issues.commands import IssueDraft
from domain.issues.events import IssueCreated, updates
from domain.issues.model import MOST_ASSIGNEES, MOST_LABELS, Issue, IssueId
from domain.labels.model import Label
from domain.milestones.model import MilestoneId
from domain.projects.model import Project, State
from domain.shared.errors import Rejected
from domain.shared.events import FieldChange
from domain.shared.ids import IdFactory
from domain.shared.unset import UNSET
from domain.transfers.comments import write_comments
from domain.transfers.identities import ExternalRef, Recognition, Registry
from domain.transfers.milestones import Milestones, milestone_ref
from domain.transfers.model import ImportRun
from domain.transfers.people import NOBODY, known_people
from domain.transfers.placing import TWICE, PlacedIssue, Placing, issue_ref
from domain.transfers.ports import ImportUow, IssueLink, NamedParent, SourceRecord
from domain.transfers.projects import Projects
from domain.transfers.records import WHOLE, IssueRecord, Loss, LossCode
from domain.transfers.sites import Sites
from domain.transfers.tally import Tally
from domain.transfers.workflow import Workflow, label_names, state_ref
from domain.workspaces.model import Workspace

LARGEST_NUMBER = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Values shared by the issues of one batch and project."""

    project: Project
    states: Mapping[ExternalRef, State]
    labels: Mapping[str, Label]
    people: Mapping[str, str]
    milestones: Mapping[ExternalRef, MilestoneId]


class Batch:
    """Writes records in one Unit of Work and reports the results to `tally`.

    `site_id` and `project_id` are the site and the project chosen for the run.
    """

    def __init__(self, uow: ImportUow, run: ImportRun, workspace: Workspace, *, ids: IdFactory, now: datetime) -> None:
        self.tally = Tally()
        self.site_id = run.site_id
        self.project_id = run.project_id
        self._uow = uow
        self._run = run
        self._workspace = workspace
        self._ids = ids
        self._now = now

    async def write(self, items: Sequence[IssueRecord | Loss]) -> None:
        """Raises Unstorable if the database refuses any of it, Conflict if a project is archived."""
        await self._uow.imports.lock(self._workspace.id)
        records = self._unique(items)
        sites = Sites(self._uow, self._run, self._workspace, self.tally, ids=self._ids, now=self._now)
        for site_id, group in (await sites.sort(records)).items():
            await self._write_site(site_id, group)
        self.site_id = sites.default_id

    async def _write_site(self, site_id: str, records: Sequence[IssueRecord]) -> None:
        registry = Registry(self._uow, self._workspace.id, site_id, ids=self._ids)
        place = (self._uow, self._run, self._workspace, registry)
        targets = Projects(*place, ids=self._ids, now=self._now, asked_id=self.project_id)
        placing = Placing(*place, self.tally, targets)
        placed = await placing.place(records)
        self.project_id = targets.asked_id
        written = [each for each in placed if each.has_news]
        records = [each.record for each in placed]
        people, created = await known_people(self._uow, self._run, registry, records, ids=self._ids, now=self._now)
        self.tally.count("people_created", created)
        workflow = Workflow(self._uow, self._workspace, registry, self.tally, ids=self._ids, now=self._now)
        milestones = Milestones(self._uow, self._workspace.id, registry, ids=self._ids, now=self._now)
        labels = await workflow.labels_for([each.record for each in written])
        by_project: dict[str, list[PlacedIssue]] = {}
        for each in placed:
            by_project.setdefault(each.project.id, []).append(each)
        projects = {each.project.id: each.project for each in written}
        await workflow.load_states(projects.values(), [each.record for each in written])
        await milestones.load(projects.values(), [each.record for each in written])
        for group in by_project.values():
            project, news = group[0].project, [each.record for each in group if each.has_news]
            states = await workflow.states_for(project, news) if news else {}
            planned = await milestones.ids_for(project, news)
            setting = Setting(project=project, states=states, labels=labels, people=people, milestones=planned)
            await self._write_project(setting, placing, group)
        await registry.save()
        await placing.save()

    def _unique(self, items: Sequence[IssueRecord | Loss]) -> list[IssueRecord]:
        """The records without repeated issues; reports of the reader go to the tally."""
        records: list[IssueRecord] = []
        seen: dict[str | None, Recognition[ExternalRef]] = {}
        for item in items:
            if isinstance(item, Loss):
                self.tally.note(item)
                self.tally.count("issues_read", int(item.field == WHOLE))
                continue
            self.tally.count("issues_read")
            self.tally.count("comments_read", len(item.comments))
            of_site, ref = seen.setdefault(item.site, Recognition()), issue_ref(item)
            if of_site.get(ref) is not None:
                self.tally.lose(item, WHOLE, LossCode.DUPLICATE, TWICE)
                continue
            self.tally.note_all(item)
            of_site.add(ref)
            records.append(item)
        return records

    async def _write_project(self, setting: Setting, placing: Placing, placed: Sequence[PlacedIssue]) -> None:
        store = self._uow.imports
        numbers = await self._numbers(setting.project, [each for each in placed if each.needs_number])
        written: list[tuple[PlacedIssue, Issue]] = []
        for each in placed:
            try:
                issue = self._built(setting, each, numbers)
            except Rejected as rejected:
                self.tally.lose(each.record, WHOLE, LossCode.UNREADABLE, str(rejected))
                continue
            written.append((each, issue))
            placing.keep(each, issue)
            self._map(setting, each)
        sources = await self._write_issues(setting, written)
        pairs = [(each.record, issue) for each, issue in written]
        context = (self._uow, self.tally, setting.people)
        stored = frozenset(issue.id for each, issue in written if each.stored is not None)
        comment_sources = await write_comments(*context, pairs, ids=self._ids, stored_issues=stored)
        await store.keep_sources(self._run, sources, comment_sources, is_first_time=not stored)
        news = {source.id for source in sources}
        await store.mark_seen(self._run, [issue.id for _, issue in written if issue.id not in news])
        await store.name_parents(self._run, _named_parents(placing.site_id, written))

    async def _numbers(self, project: Project, placed: Sequence[PlacedIssue]) -> dict[ExternalRef, int]:
        """A free number for every issue new in the project: its original number if free, otherwise the next number."""
        if not placed:
            return {}
        records = [each.record for each in placed]
        highest = await self._uow.imports.highest_number(project)
        wanted = {number for record in records if (number := record.number) and 0 < number <= LARGEST_NUMBER}
        holders = await self._uow.imports.taken_numbers(project, wanted)
        own = {each.record.number: each.stored.issue.id for each in placed if each.stored is not None}
        taken = {number for number, issue_id in holders.items() if own.get(number) != issue_id}
        highest = max(highest, *wanted, 0)
        numbers: dict[ExternalRef, int] = {}
        for record in records:
            number = record.number
            if number is None or number not in wanted or number in taken:
                highest += 1
                if number is not None:
                    reason = f"The number {number} is taken or out of range. The issue gets the number {highest}."
                    self.tally.lose(record, "number", LossCode.NOT_KEPT, reason)
                number = highest
            taken.add(number)
            numbers[issue_ref(record)] = number
        await self._uow.imports.raise_number(project, highest)
        return numbers

    def _built(self, setting: Setting, placed: PlacedIssue, numbers: Mapping[ExternalRef, int]) -> Issue:
        """The issue built from the file; of an existing issue, only fields that the file contains are replaced."""
        record = placed.record
        issue = placed.in_place(numbers.get(placed.ref))
        if issue is not None and not placed.has_news:
            return issue
        state = setting.states[state_ref(record)]
        issue = issue or self._drafted(setting, record, numbers[placed.ref])
        return replace(
            issue,
            title=record.title,
            description=record.description,
            state_id=state.id,
            priority=record.priority,
            creator_id=UserId(setting.people[record.creator_key or NOBODY]),
            due_date=record.due_date,
            milestone_id=_milestone_id(setting, record, issue),
            completed_at=record.completed_at if state.category.is_closed else None,
            created_at=record.created_at,
            updated_at=record.updated_at,
        ).checked()

    def _drafted(self, setting: Setting, record: IssueRecord, number: int) -> Issue:
        """A new issue with the values that later imports never change."""
        issue = Issue.drafted(
            IssueDraft(title=record.title),
            id=IssueId(self._ids.new_in(setting.project.workspace_id, Issue.prefix)),
            project=setting.project,
            state=setting.states[state_ref(record)],
            number=number,
            creator_id=UserId(setting.people[record.creator_key or NOBODY]),
            now=record.created_at,
        )
        return replace(
            issue,
            external_source=self._run.format.source,
            external_key=record.external_key,
            comment_count=len({comment.key for comment in record.comments}),
        )

    async def _write_issues(self, setting: Setting, written: Sequence[tuple[PlacedIssue, Issue]]) -> list[SourceRecord]:
        new: list[Issue] = []
        changed: list[tuple[Issue, Issue]] = []
        sources: list[SourceRecord] = []
        assignees, labels = _LinkChanges(), _LinkChanges()
        for placed, issue in written:
            record, stored, further = placed.record, placed.stored, dict[str, FieldChange | None]()
            if placed.has_news:
                sources.append(SourceRecord(id=issue.id, digest=placed.digest, source=record.source_text))
                before = (stored.assignee_ids, stored.label_ids) if stored is not None else (None, None)
                further["assignees"] = assignees.change(issue, before[0], _assignee_ids(setting, record))
                further["labels"] = labels.change(issue, before[1], _label_ids(setting, record))
            links = {name: change for name, change in further.items() if change is not None}
            if stored is None:
                new.append(issue)
                self._uow.record(IssueCreated.between(None, issue, **links))
            elif links or issue != stored.issue:
                changed.append((stored.issue, issue))
                for event in updates(stored.issue, issue, **links):
                    self._uow.record(event)
            else:
                self.tally.count("issues_unchanged")
        self.tally.count("issues_created", len(new))
        self.tally.count("issues_changed", len(changed))
        store = self._uow.imports
        await store.add_issues(new)
        await store.save_issues(changed, now=self._now)
        await store.move_comments([issue for placed, issue in written if placed.moves])
        await store.link_assignees(self._workspace.id, add=assignees.added, remove=assignees.removed)
        await store.link_labels(self._workspace.id, add=labels.added, remove=labels.removed)
        return sources

    def _map(self, setting: Setting, placed: PlacedIssue) -> None:
        record = placed.record
        if placed.has_news:
            state = setting.states[state_ref(record)]
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


def _milestone_id(setting: Setting, record: IssueRecord, issue: Issue) -> MilestoneId | None:
    """The milestone from the file, or the stored milestone if the file has no milestones."""
    if record.milestone is UNSET:
        return issue.milestone_id
    return setting.milestones[milestone_ref(record.milestone)] if record.milestone else None


def _assignee_ids(setting: Setting, record: IssueRecord) -> frozenset[str]:
    return frozenset(setting.people[key] for key in record.assignee_keys[:MOST_ASSIGNEES])


def _label_ids(setting: Setting, record: IssueRecord) -> frozenset[str]:
    names = [name for name in label_names(record) if name in setting.labels]  # without those that are being deleted
    return frozenset(setting.labels[name].id for name in names[:MOST_LABELS])


def _named_parents(site_id: str, written: Sequence[tuple[PlacedIssue, Issue]]) -> list[NamedParent]:
    """Parents to resolve: those that the file changed, and those not found so far."""
    return [
        NamedParent(
            issue_id=issue.id,
            site_id=site_id,
            parent_key=each.record.parent_key,
            parent_id=each.record.parent_id,
            line=each.record.line,
        )
        for each, issue in written
        if each.record.parent_key is not None
        and (each.stored is None or each.stored.issue.parent_id is None or each.has_news)
    ]
