"""Lookup and creation of milestones during an import."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import partial

from domain.milestones.commands import MilestoneDraft
from domain.milestones.events import MilestoneCreated
from domain.milestones.model import Milestone, MilestoneId
from domain.projects.model import Project
from domain.shared.ids import IdFactory
from domain.shared.replacements import in_use
from domain.transfers.identities import ExternalRef, Registry
from domain.transfers.identity_ports import ObjectKind
from domain.transfers.ports import ImportUow
from domain.transfers.records import LONGEST_MILESTONE, IssueRecord, MilestoneRecord
from domain.transfers.replaced import existing_targets, with_replacements
from domain.transfers.sanitizing import clean_line


def milestone_ref(record: MilestoneRecord) -> ExternalRef:
    return ExternalRef(record.name, record.external_id)


class Milestones:
    """Finds or creates the milestones of one batch."""

    def __init__(self, uow: ImportUow, workspace_id: str, registry: Registry, *, ids: IdFactory, now: datetime) -> None:
        self._uow = uow
        self._workspace_id = workspace_id
        self._registry = registry
        self._ids = ids
        self._now = now

    async def load(self, projects: Iterable[Project], records: Sequence[IssueRecord]) -> None:
        """Reads the recorded identities of the records' milestones in these projects."""
        refs = {milestone_ref(milestone) for milestone in _named(records)}
        await self._registry.load(ObjectKind.MILESTONE, refs, scopes=[project.id for project in projects])

    async def ids_for(self, project: Project, records: Sequence[IssueRecord]) -> dict[ExternalRef, MilestoneId]:
        """The project's milestones by their names in the records: recorded by an import, matched by name, or new."""
        named = {milestone_ref(milestone): milestone for milestone in _named(records)}
        if not named:
            return {}
        names = {ref: clean_line(ref.key, longest=LONGEST_MILESTONE).text or "Unknown" for ref in named}
        objects = {ref: self._registry.get(ObjectKind.MILESTONE, ref, scope=project.id) for ref in named}
        targets = {ref: each.target_id for ref, each in objects.items() if each is not None}
        load = partial(self._by_ids, project)
        targets = await existing_targets(self._uow.identities, self._workspace_id, targets, load)
        existing = await self._uow.imports.milestones(project, set(names.values()), ids=set(targets.values()))
        by_id = await with_replacements(existing, load)
        by_name = {milestone.name: milestone for milestone in existing}
        found: dict[ExternalRef, MilestoneId] = {}
        new: list[Milestone] = []
        for ref, record in named.items():
            milestone = by_id.get(targets.get(ref, "")) or by_name.get(names[ref])
            milestone = None if milestone is None else in_use(milestone, by_id)
            if milestone is None:
                draft = MilestoneDraft(project_id=project.id, name=names[ref], due_date=record.due_date)
                milestone_id = MilestoneId(self._ids.new_in(project.workspace_id, Milestone.prefix))
                milestone = Milestone.drafted(draft, id=milestone_id, project=project, now=self._now)
                new.append(milestone)
                by_name[milestone.name] = milestone
            found[ref] = milestone.id
            self._registry.put(ObjectKind.MILESTONE, ref, milestone.id, scope=project.id)
        await self._uow.imports.add_milestones(new)
        for milestone in new:
            self._uow.record(MilestoneCreated.between(None, milestone))
        return found

    async def _by_ids(self, project: Project, ids: Collection[str]) -> list[Milestone]:
        return await self._uow.imports.milestones(project, (), ids=ids)


def _named(records: Sequence[IssueRecord]) -> Iterable[MilestoneRecord]:
    return (record.milestone for record in records if isinstance(record.milestone, MilestoneRecord))
