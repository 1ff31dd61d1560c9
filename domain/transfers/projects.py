"""Target projects for the records of one batch."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count, islice

from domain.projects.commands import ProjectDraft
from domain.projects.events import ProjectCreated
from domain.projects.model import KEY, Project, ProjectId
from domain.shared.errors import Conflict
from domain.shared.ids import IdFactory
from domain.transfers.identities import ExternalRef, Registry
from domain.transfers.identity_ports import ExternalIssue, ExternalObject, ObjectKind
from domain.transfers.model import ImportRun
from domain.transfers.ports import ImportUow
from domain.transfers.records import IssueRecord
from domain.transfers.sanitizing import clean_line
from domain.workspaces.model import Workspace

LONGEST_PROJECT_NAME = 80
_LONGEST_KEY = 10
_KEYS_AT_ONCE = 50


def project_key_of(text: str) -> str:
    """A valid project key from the text, or from its last part if the text is a path."""
    name = text.rpartition("/")[2]
    if KEY.fullmatch(name):
        return name
    kept = re.sub(r"[^A-Z0-9]", "", name.upper(), flags=re.ASCII).lstrip("0123456789")
    return kept[:_LONGEST_KEY] or "IMPORT"


class Projects:
    """Finds projects by the records of earlier imports, or creates them. Two projects of a file never become one."""

    def __init__(
        self,
        uow: ImportUow,
        run: ImportRun,
        workspace: Workspace,
        registry: Registry,
        *,
        ids: IdFactory,
        now: datetime,
        asked_id: str | None,
    ) -> None:
        self.asked_id = asked_id
        self._uow = uow
        self._run = run
        self._workspace = workspace
        self._registry = registry
        self._ids = ids
        self._now = now
        self._projects: dict[str, Project] = {}

    async def load(self, records: Sequence[IssueRecord], known: Mapping[ExternalRef, ExternalIssue]) -> None:
        """Reads and locks the projects of the records and of their known issues."""
        refs = {project_ref(record) for record in records}
        earlier = set[ExternalRef]()
        if not self._run.format.moves_issues:
            earlier = {ExternalRef(_repository_of(issue.key)) for issue in known.values()}
        await self._registry.load(ObjectKind.PROJECT, refs | earlier)
        sources = (self._registry.get(ObjectKind.PROJECT, ref) for ref in refs)
        wanted = {source.target_id for source in sources if source is not None}
        wanted |= {issue.project_id for issue in known.values()}
        asked = await self._asked_ids()
        self._projects = await self._uow.identities.projects(self._workspace.id, wanted.union(asked))
        self.asked_id = next((project_id for project_id in asked if project_id in self._projects), None)

    def source_of(self, record: IssueRecord, known: ExternalIssue | None) -> ExternalObject | None:
        """The recorded identity of the record's project.

        GitHub's issues stay in their repository, so a known issue identifies the repository even after a rename.
        """
        ref = project_ref(record)
        found = self._registry.get(ObjectKind.PROJECT, ref)
        if found is None and known is not None and not self._run.format.moves_issues:
            earlier = self._registry.get(ObjectKind.PROJECT, ExternalRef(_repository_of(known.key)))
            if earlier is not None and earlier.id == known.source_id:
                return self._registry.rename(earlier, ref)
        return found

    async def target_for(self, record: IssueRecord, source: ExternalObject | None) -> Project:
        """The project for an issue that is new or has moved in the other tracker; created if missing."""
        if self._run.project_key is not None:
            return await self._asked(self._run.project_key, record)
        project = self._projects.get(source.target_id) if source is not None else None
        return project or await self._new(project_key_of(record.project_key), record)

    def existing(self, project_id: str) -> Project | None:
        return self._projects.get(project_id)

    async def _asked_ids(self) -> list[str]:
        """Candidate ids of the requested project: chosen at the start, by its current key, or by an earlier import."""
        if self._run.project_key is None:
            return []
        ref = ExternalRef(self._run.project_key)
        await self._registry.load(ObjectKind.ASKED_PROJECT, [ref])
        recorded = self._registry.get(ObjectKind.ASKED_PROJECT, ref)
        by_key = await self._uow.identities.project_id(self._workspace.id, ref.key) if not self.asked_id else None
        return [each for each in (self.asked_id, by_key, recorded and recorded.target_id) if each]

    async def _asked(self, key: str, record: IssueRecord) -> Project:
        project = self._projects[self.asked_id] if self.asked_id is not None else await self._new(key, record)
        self.asked_id = project.id
        self._registry.put(ObjectKind.ASKED_PROJECT, ExternalRef(key), project.id)
        return project

    async def _new(self, key: str, record: IssueRecord) -> Project:
        """A new project with that key, with the smallest free number from 2 appended if the key is taken."""
        keys = _numbered(key)
        while True:
            some = list(islice(keys, _KEYS_AT_ONCE))
            taken = await self._uow.identities.taken_keys(self._workspace.id, some)
            for free in (each for each in some if each not in taken):
                name = clean_line(record.project_name, longest=LONGEST_PROJECT_NAME).text or free
                project = Project.drafted(
                    ProjectDraft(workspace_id=self._workspace.id, key=free, name=name),
                    id=ProjectId(self._ids.new_in(self._workspace.id, Project.prefix)),
                    workspace=self._workspace,
                    now=self._now,
                )
                if await self._uow.identities.add_project(project):
                    self._uow.record(ProjectCreated.between(None, project))
                    self._projects[project.id] = project
                    return project


def project_ref(record: IssueRecord) -> ExternalRef:
    return ExternalRef(record.project_key, record.project_id)


def require_open(project: Project) -> None:
    """Raises Conflict if the project is archived or being deleted."""
    project.check_usable(("project_key",))
    if project.archived_at is not None:
        raise Conflict(f"The project {project.key} is archived. Restore it first.", path=("project_key",))


def _repository_of(issue_key: str) -> str:
    return issue_key.rpartition("#")[0]


def _numbered(key: str) -> Iterator[str]:
    yield key
    for number in count(2):
        yield f"{key[: _LONGEST_KEY - len(str(number))]}{number}"
