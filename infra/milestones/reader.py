from collections.abc import Mapping, Sequence

from domain.milestones.model import Milestone
from domain.milestones.queries import MilestoneOrder, MilestoneQuery
from domain.projects.model import Project
from domain.shared.actor import Actor
from domain.shared.pages import DEFAULT_NESTED, Page, PageRequest
from domain.shared.projections import Projection
from infra.db.read import ReadSession
from infra.db.reader import EntityTable
from infra.db.visibility import GuestRule
from infra.milestones.filters import MILESTONE_FILTERS
from infra.milestones.tables import MilestoneRow

_MILESTONES = EntityTable(
    MilestoneRow,
    Milestone,
    orders=MilestoneOrder,
    columns={order: getattr(MilestoneRow, order.value) for order in MilestoneOrder},
    filters=MILESTONE_FILTERS,
    visible_by=MilestoneRow.workspace_id,
    guests=GuestRule.of_areas(MilestoneRow.workspace_id, MilestoneRow.project_id),
)
_MILESTONES_OF = _MILESTONES.children_of(MilestoneRow.project_id, name="milestones", default=DEFAULT_NESTED)


class SqlMilestoneReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Milestone]:
        return await _MILESTONES.by_ids(self._reads, actor, ids, projection)

    async def of_projects(
        self, actor: Actor, projects: Sequence[Project], query: MilestoneQuery, request: PageRequest
    ) -> Sequence[Page[Milestone]]:
        return await _MILESTONES_OF.pages(
            self._reads, actor, projects, filter=query.filter, sort=query.sort, request=request
        )
