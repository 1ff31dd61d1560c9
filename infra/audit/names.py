"""Names of objects by ID, of all kinds that changes name, in one statement."""

from collections.abc import Sequence

from sqlalchemy import or_, select, union_all

from domain.shared.actor import Actor
from infra.db.named_rows import NamedRows
from infra.db.read import ReadSession
from infra.db.rows_by_ids import RowsByIds
from infra.db.visibility import GuestRule, in_guest_areas


class SqlNameReader:
    """Reads the names of objects; guests read names in their areas and names outside of areas."""

    def __init__(self, reads: ReadSession, named: Sequence[NamedRows]) -> None:
        self._reads = reads
        self._names: RowsByIds | None = None
        if not named:
            return
        rows = union_all(*(each.rows for each in named)).subquery("named").c
        guests = GuestRule(rows.workspace_id, or_(rows.area_id.is_(None), in_guest_areas(rows.area_id)))
        self._names = RowsByIds(select(rows.id, rows.name), rows.id, rows.workspace_id, guests)

    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, str]:
        if self._names is None:
            return {}
        return {row[0]: row[1] for row in await self._names.fetch(self._reads, actor, ids)}
