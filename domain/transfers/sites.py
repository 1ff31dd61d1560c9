"""Assignment of records to the tracker installation (site) that they come from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.shared.ids import IdFactory
from domain.transfers.identities import ExternalRef, Recognition
from domain.transfers.identity_ports import ExternalIssue, ExternalObject, ExternalSite, ObjectKind
from domain.transfers.model import ImportRun
from domain.transfers.ports import ImportUow
from domain.transfers.records import IssueRecord
from domain.transfers.tally import Tally
from domain.workspaces.model import Workspace

SITE_PREFIX = "ste"
NOT_IN_FILE = "not in the file"
UNNAMED = "unnamed"


class Sites:
    """Groups the records of one batch by site, and stores new sites."""

    def __init__(
        self, uow: ImportUow, run: ImportRun, workspace: Workspace, tally: Tally, *, ids: IdFactory, now: datetime
    ) -> None:
        self.default_id = run.site_id
        self._uow = uow
        self._run = run
        self._workspace = workspace
        self._tally = tally
        self._ids = ids
        self._now = now
        self._known: dict[str, ExternalSite] = {}

    async def sort(self, records: Sequence[IssueRecord]) -> dict[str, list[IssueRecord]]:
        """The records by the id of their site.

        Records without a host belong to the first site of the run, `default_id`.
        """
        if not records:
            return {}
        known = await self._uow.identities.sites(self._workspace.id, self._run.format.source)
        self._known = {site.id: site for site in known}
        by_host: dict[str | None, list[IssueRecord]] = {}
        for record in records:
            by_host.setdefault(record.site, []).append(record)
        if self.default_id is None:
            self.default_id = (await self._site(self._run.site or records[0].site, records)).id
        found: dict[str, list[IssueRecord]] = {}
        for host, group in by_host.items():
            is_default = self._run.site is not None or host is None
            site_id = self.default_id if is_default else (await self._site(host, group)).id
            found.setdefault(site_id, []).extend(group)
            self._tally.map("site", host or NOT_IN_FILE, self._known[site_id].name or UNNAMED, len(group))
        return found

    async def _site(self, name: str | None, records: Sequence[IssueRecord]) -> ExternalSite:
        """The site with that name; a matching unnamed site receives the name."""
        if name is not None:
            named = next((site for site in self._known.values() if site.name == name), None)
            if named is not None:
                return named
        candidates = [site for site in self._known.values() if name is None or site.name is None]
        site = await self._evident(candidates, records)
        if site is None:
            site = ExternalSite(
                id=self._ids.new_in(self._workspace.id, SITE_PREFIX),
                workspace_id=self._workspace.id,
                source=self._run.format.source,
                name=name,
                created_at=self._now,
            )
            await self._uow.identities.add_site(site)
        elif name is not None:
            site = replace(site, name=name)
            await self._uow.identities.name_site(site)
        self._known[site.id] = site
        return site

    async def _evident(self, candidates: Sequence[ExternalSite], records: Sequence[IssueRecord]) -> ExternalSite | None:
        """The site with some of the records' issues, or otherwise with some of their projects.

        Ids are no proof because every new Jira starts with the same ids, so creation times distinguish sites.
        """
        if not candidates:
            return None
        site_ids = [site.id for site in candidates]
        issues = await self._uow.identities.issues(
            self._workspace.id,
            site_ids,
            external_ids={record.external_id for record in records if record.external_id is not None},
            keys={record.external_key for record in records},
        )
        refs = {ExternalRef(record.project_key, record.project_id) for record in records}
        projects = await self._uow.identities.objects(
            self._workspace.id,
            site_ids,
            ObjectKind.PROJECT,
            scopes=("",),
            external_ids={ref.id for ref in refs if ref.id is not None},
            keys={ref.key for ref in refs},
        )
        evidence = {site.id: _Evidence.of(site.id, records, issues, projects) for site in candidates}
        best = max(candidates, key=lambda site: evidence[site.id].weight)
        return best if evidence[best.id].is_enough else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """Numbers of issues that match the records, of issues that contradict them, and of matching projects."""

    agreeing: int
    contrary: int
    projects: int

    @property
    def weight(self) -> tuple[int, int, int]:
        return self.agreeing, -self.contrary, self.projects

    @property
    def is_enough(self) -> bool:
        return self.agreeing > 0 or (self.contrary == 0 and self.projects > 0)

    @classmethod
    def of(
        cls,
        site_id: str,
        records: Sequence[IssueRecord],
        issues: Sequence[ExternalIssue],
        projects: Sequence[ExternalObject],
    ) -> "_Evidence":
        here = [issue for issue in issues if issue.site_id == site_id]
        known, keys = Recognition(here), {issue.key for issue in here}
        agreeing = contrary = 0
        for record in records:
            issue = known.get(ExternalRef(record.external_key, record.external_id))
            if issue is None:
                contrary += record.external_key in keys
            elif issue.created_at is not None:
                agreeing += issue.created_at == record.created_at
                contrary += issue.created_at != record.created_at
        refs = {ExternalRef(record.project_key, record.project_id) for record in records}
        same = sum(each.site_id == site_id and ExternalRef(each.key, each.external_id) in refs for each in projects)
        return cls(agreeing=agreeing, contrary=contrary, projects=same)
