"""The read side of one table: entities by id, and lists of them under a parent."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import Boolean, Text

from domain.shared.actor import Actor
from domain.shared.pages import DEFAULT, DEFAULT_NESTED, O, Page, PageRequest, Sort
from infra.db.base import Base
from infra.db.filters import Filters
from infra.db.keyset import Keyset
from infra.db.read import Reads
from infra.db.repository import builder_of, columns_of

E = TypeVar("E")
Sorts = Sequence[Sort[O]]

_IDS = bindparam("ids", type_=ARRAY(Text))


def among_ids(column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """`= ANY(:ids)`: one statement, and one plan, whatever the number of ids."""
    return column == any_(_IDS)


def visible(workspace_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Rows of the actor's own workspaces; to be run with `**visibility(actor)`."""
    own = workspace_id == any_(bindparam("own_workspaces", type_=ARRAY(Text)))
    return or_(bindparam("sees_all", type_=Boolean), own)


def visibility(actor: Actor) -> dict[str, Any]:
    return {"own_workspaces": list(actor.roles), "sees_all": actor.is_system}


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
        self.select: Select[Any] = select(*columns_of(table, entity))
        self._by_ids = self.select.where(among_ids(self.id), visible(visible_by))
        self._keyset = Keyset(orders, columns, id_column=self.id)
        self._filters = filters

    async def by_ids(self, reads: Reads, actor: Actor, ids: Sequence[str]) -> dict[str, E]:
        rows = await reads.fetch(self._by_ids, ids=list(ids), **visibility(actor))
        return {row.id: self.build(row) for row in rows}

    async def pages(  # every part of a list that differs from one entity to the next
        self,
        reads: Reads,
        parent: InstrumentedAttribute[Any],
        parent_ids: Sequence[str],
        *conditions: ColumnElement[bool],
        filter: Any,
        sort: Sorts[O],
        request: PageRequest,
        is_root: bool = False,
    ) -> Sequence[Page[E]]:
        """One page for each parent, in the order of the ids; a list at the root is longer by default."""
        scope = (parent.key, filter, tuple(str(condition) for condition in conditions))
        plan = self._keyset.plan(sort, request, default=DEFAULT if is_root else DEFAULT_NESTED, scope=scope)
        rows = self.select.where(*conditions, self._filters.where(filter))
        if is_root and len(parent_ids) == 1:
            # The busiest lists need no LATERAL join, and the planner may use what it knows of this parent.
            own = rows.where(parent == bindparam("parent_id"))
            return [await plan.page(reads, own, self.build, parent_id=parent_ids[0])]
        return await plan.pages(reads, rows, self.build, parent=parent, parents=parent_ids)
