"""The read side of one table: entities by id, and lists of them under a parent."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import Boolean, Text

from domain.shared.actor import Actor
from domain.shared.pages import DEFAULT, O, Page, PageRequest, Sort
from infra.db.arrays import among
from infra.db.base import Base
from infra.db.entities import builder_of, columns_of
from infra.db.filters import Filters
from infra.db.keyset import Keyset
from infra.db.lookups import looked_up
from infra.db.read import AnySelect, Reads

E = TypeVar("E")

DISTINCT_FILTERS = 128


def among_ids(column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return among(column, "ids")


def visible(workspace_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Rows of the actor's own workspaces; to be run with `**visibility(actor)`."""
    own = workspace_id == any_(bindparam("own_workspaces", type_=ARRAY(Text)))
    return or_(bindparam("sees_all", type_=Boolean), own)


def visibility(actor: Actor) -> dict[str, Any]:
    return {"own_workspaces": list(actor.roles), "sees_all": actor.is_system}


@lru_cache(DISTINCT_FILTERS)
def _filtered(rows: AnySelect, filters: Filters, filter: Any) -> AnySelect:
    return rows.where(filters.where(filter))


class EntityTable(Generic[E, O]):
    """What one kind of entity is selected from, ordered by and filtered with; built once, at import."""

    def __init__(
        self,
        table: type[Base],
        entity: type[E],
        *,
        orders: type[O],
        columns: dict[O, InstrumentedAttribute[Any]],
        filters: Filters,
        visible_by: InstrumentedAttribute[Any],
    ) -> None:
        self.build: Callable[[Sequence[Any]], E] = builder_of(entity)
        self.id: InstrumentedAttribute[str] = table.id  # type: ignore[attr-defined]  # every entity's table has one
        self.select: AnySelect = select(*columns_of(table, entity))
        self._by_ids = self.select.where(among_ids(self.id), visible(visible_by))
        self.keyset = Keyset(orders, columns, id_column=self.id)
        self.filters = filters

    async def by_ids(self, reads: Reads, actor: Actor, ids: Sequence[str]) -> dict[str, E]:
        rows = await reads.fetch(self._by_ids, ids=list(ids), **visibility(actor))
        return {row[0]: self.build(row) for row in rows}

    def under(
        self, parent: InstrumentedAttribute[Any], *conditions: ColumnElement[bool], name: str, default: int
    ) -> "EntityList[E, O]":
        """The list of what has that parent and meets the conditions; `name` tells its cursors from other lists'."""
        return EntityList(self, parent, self.select.where(*conditions), name, default)


class EntityList(Generic[E, O]):
    """One list that hangs on parents of one kind; built once, at import, so that it is compiled once."""

    def __init__(
        self,
        entities: EntityTable[E, O],
        parent: InstrumentedAttribute[Any],
        rows: AnySelect,
        name: str,
        default: int,
    ) -> None:
        self._entities = entities
        self._parent = parent
        self._is_of_workspace = parent.key == "workspace_id"
        self._rows = rows
        self._own_rows = rows.where(parent == bindparam("parent_id"))
        self._name = name
        self._default = default

    async def pages(
        self, reads: Reads, parent_ids: Sequence[str], *, filter: Any, sort: Sequence[Sort[O]], request: PageRequest
    ) -> Sequence[Page[E]]:
        """One page for each parent, in the order of the ids."""
        keyset, filters, build = self._entities.keyset, self._entities.filters, self._entities.build
        plan = keyset.plan(sort, request, default=self._default, scope=(self._name, filter))
        # The busiest lists are those at the root, where one parent needs no LATERAL join.
        is_single = self._default == DEFAULT and len(parent_ids) == 1
        rows = self._own_rows if is_single else self._rows
        if filter != type(filter)():
            is_known = is_single and self._is_of_workspace
            by_ids = await looked_up(reads, filters, filter, workspace_id=parent_ids[0]) if is_known else filter
            rows = _filtered(rows, filters, by_ids)
        if is_single:
            return [await plan.page(reads, rows, build, parent_id=parent_ids[0])]
        return await plan.pages(reads, rows, build, parent=self._parent, parents=parent_ids)
