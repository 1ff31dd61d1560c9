"""Assignment of a batch's records to stored issues and to projects."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from domain.issues.model import Issue
from domain.projects.model import Project
from domain.transfers.digests import digest_of
from domain.transfers.identities import ExternalRef, Recognition, Registry
from domain.transfers.identity_ports import ExternalIssue, ExternalObject, ObjectKind
from domain.transfers.model import ImportRun
from domain.transfers.ports import ImportUow, StoredIssue
from domain.transfers.projects import Projects, project_ref, require_open
from domain.transfers.records import WHOLE, IssueRecord, LossCode
from domain.transfers.tally import Tally
from domain.workspaces.model import Workspace

TWICE = "The file contains this issue more than once."
DELETED = "The issue was permanently deleted in Workgraph and is not imported again."
_NUMBER = re.compile(r"[0-9]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedIssue:
    """A record with its project. `known` and `stored` are null if the issue is new; `source` is the original project.

    `moves` is true if the stored issue is in another project.
    """

    record: IssueRecord
    digest: str
    source: ExternalObject
    project: Project
    known: ExternalIssue | None
    stored: StoredIssue | None
    moves: bool

    @property
    def ref(self) -> ExternalRef:
        return issue_ref(self.record)

    @property
    def has_news(self) -> bool:
        """Whether the file changes fields of the issue."""
        return self.stored is None or self.moves or self.stored.digest != self.digest

    @property
    def needs_number(self) -> bool:
        """Whether the issue is new in its project, or its number in the other tracker has changed."""
        if self.known is None or self.moves:
            return True
        before = _NUMBER.search(self.known.key)
        return self.record.number is not None and before is not None and int(before[0]) != self.record.number

    def in_place(self, number: int | None) -> Issue | None:
        """The stored issue with the current key of the record, and `number` if given; None if the issue is new."""
        if self.stored is None:
            return None
        issue = replace(self.stored.issue, external_key=self.record.external_key)
        if number is None:
            return issue
        return replace(
            issue,
            project_id=self.project.id,
            number=number,
            milestone_id=None if self.moves else issue.milestone_id,
        )


class Placing:
    """Places the records of one batch and site in `projects`."""

    def __init__(
        self,
        uow: ImportUow,
        run: ImportRun,
        workspace: Workspace,
        registry: Registry,
        tally: Tally,
        projects: Projects,
    ) -> None:
        self._uow = uow
        self._run = run
        self._workspace = workspace
        self._registry = registry
        self._tally = tally
        self._projects = projects
        self._new: list[ExternalIssue] = []
        self._changed: list[ExternalIssue] = []
        self._gone: list[ExternalIssue] = []

    @property
    def site_id(self) -> str:
        return self._registry.site_id

    async def place(self, records: Sequence[IssueRecord]) -> list[PlacedIssue]:
        """The records to write; all other records are reported. Raises Conflict if a project is archived."""
        known = await self._known(records)
        # Projects are locked before issues, as everywhere.
        await self._projects.load(records, known)
        there = [issue.issue_id for issue in known.values() if issue.created_at is not None]
        stored = await self._uow.imports.issues(self._workspace.id, there) if there else {}
        placed = []
        for record in records:
            before = known.get(issue_ref(record))
            each = await self._placed(record, before, stored.get(before.issue_id) if before is not None else None)
            if each is not None:
                placed.append(each)
        return placed

    def keep(self, placed: PlacedIssue, issue: Issue) -> None:
        """Notes the issue of the record, to be stored by `save`."""
        known = placed.known
        after = ExternalIssue(
            issue_id=issue.id,
            workspace_id=issue.workspace_id,
            site_id=self.site_id,
            key=placed.record.external_key,
            external_id=placed.record.external_id or (known.external_id if known is not None else None),
            source_id=placed.source.id,
            project_id=issue.project_id,
            created_at=known.created_at if known is not None else issue.created_at,
        )
        if known is None:
            self._new.append(after)
        elif after != known:
            self._changed.append(after)

    async def save(self) -> None:
        await self._uow.identities.keep_issues(new=self._new, changed=self._changed, gone=self._gone)

    async def _known(self, records: Sequence[IssueRecord]) -> Mapping[ExternalRef, ExternalIssue]:
        if not records:
            return {}
        found = await self._uow.identities.issues(
            self._workspace.id,
            [self.site_id],
            external_ids={record.external_id for record in records if record.external_id is not None},
            keys={record.external_key for record in records},
        )
        recognition = Recognition(found)
        return {ref: issue for record in records if (issue := recognition.get(ref := issue_ref(record)))}

    async def _placed(
        self, record: IssueRecord, known: ExternalIssue | None, stored: StoredIssue | None
    ) -> PlacedIssue | None:
        if stored is not None and stored.run_id == self._run.id:
            self._tally.lose(record, WHOLE, LossCode.DUPLICATE, TWICE)
            return None
        source = self._projects.source_of(record, known)
        if known is not None and stored is None:
            if self._projects.existing(known.project_id) is not None:
                self._tally.lose(record, WHOLE, LossCode.NOT_KEPT, DELETED)
                return None
            # The whole project was deleted: a new import after that is meant to bring all issues back.
            self._gone.append(known)
            known = None
        project = self._project_of(known, stored, source)
        if project is None:
            project = await self._projects.target_for(record, source)
        elif self._run.project_key is not None and project.id != self._projects.asked_id:
            reason = f"The issue remains in the project {project.key}, which an earlier import assigned."
            self._tally.lose(record, "project", LossCode.NOT_KEPT, reason)
        require_open(project)
        self._tally.map("project", record.project_key, project.key)
        return PlacedIssue(
            record=record,
            digest=digest_of(record),
            source=self._recorded(record, source, project),
            project=project,
            known=known,
            stored=stored,
            moves=stored is not None and stored.issue.project_id != project.id,
        )

    def _project_of(
        self, known: ExternalIssue | None, stored: StoredIssue | None, source: ExternalObject | None
    ) -> Project | None:
        """The project of a stored issue; None for a new issue and for an issue moved in the other tracker."""
        if known is None or stored is None or known.source_id != (source.id if source is not None else None):
            return None
        return self._projects.existing(stored.issue.project_id)

    def _recorded(self, record: IssueRecord, source: ExternalObject | None, project: Project) -> ExternalObject:
        ref = project_ref(record)
        if source is None or self._projects.existing(source.target_id) is None:
            return self._registry.put(ObjectKind.PROJECT, ref, project.id)
        return self._registry.rename(source, ref)


def issue_ref(record: IssueRecord) -> ExternalRef:
    return ExternalRef(record.external_key, record.external_id)
