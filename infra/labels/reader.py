from collections.abc import Mapping, Sequence

from domain.labels.model import Label
from domain.labels.queries import LabelOrder, LabelQuery
from domain.shared.actor import Actor
from domain.shared.pages import DEFAULT, Page, PageRequest
from domain.shared.projections import Projection
from domain.workspaces.model import Workspace
from infra.db.read import ReadSession
from infra.db.reader import EntityTable
from infra.labels.filters import LABEL_FILTERS
from infra.labels.tables import LabelRow

_LABELS = EntityTable(
    LabelRow,
    Label,
    orders=LabelOrder,
    columns={LabelOrder.NAME: LabelRow.name, LabelOrder.CREATED_AT: LabelRow.created_at},
    filters=LABEL_FILTERS,
    visible_by=LabelRow.workspace_id,
)
_LABELS_OF = _LABELS.children_of(LabelRow.workspace_id, name="labels", default=DEFAULT)


class SqlLabelReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Label]:
        return await _LABELS.by_ids(self._reads, actor, ids, projection)

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: LabelQuery, request: PageRequest
    ) -> Sequence[Page[Label]]:
        return await _LABELS_OF.pages(
            self._reads, actor, workspaces, filter=query.filter, sort=query.sort, request=request
        )
