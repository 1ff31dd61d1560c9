"""The orders of a list that have an index, and the size up to which it can be sorted without one."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Generic

from sqlalchemy import ARRAY, Text, any_, bindparam, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from domain.shared.errors import ErrorCode, LimitExceeded
from domain.shared.pages import O, Sort
from infra.db.arrays import texts
from infra.db.keyset_statements import DISTINCT_STATEMENTS, PARENTS, Parts
from infra.db.read import AnySelect, ReadSession


class IndexedOrders(Generic[O]):
    """The orders of one list that have an index, each completed by the same key."""

    def __init__(self, orders: Sequence[tuple[O, ...]], completed_by: O) -> None:
        self._orders = orders
        self._completed_by = completed_by
        self._completed = {self._with_last(order) for order in orders}

    def include(self, sort: Sequence[Sort[O]]) -> bool:
        """Whether the sort is one of the orders, in one direction. The place of nulls does not matter."""
        if len(sort) == 1 and (sort[0].by,) in self._orders:  # the usual case, without a set
            return True
        is_one_way = len({key.direction for key in sort}) <= 1
        return is_one_way and self._with_last(tuple(key.by for key in sort)) in self._completed

    def refusal(self, most: int) -> LimitExceeded:
        names = {order.value.replace("_", ""): order.value for each in self._orders for order in each}
        orders = ", ".join(" and ".join(f"{{{by.value.replace('_', '')}}}" for by in each) for each in self._orders)
        message = (
            f"More than {most:,} items cannot be sorted like this. Sort by one of these, in one direction: "
            f"{orders}; each can be followed by {{other}}. Or add conditions to the filter."
        )
        named = {**names, "other": self._completed_by.value}
        return LimitExceeded(message, path=("sort",), code=ErrorCode.SORT_NOT_INDEXED, **named)

    def _with_last(self, by: tuple[O, ...]) -> tuple[O, ...]:
        return tuple(dict.fromkeys((*by, self._completed_by)))


async def holds_at_most(
    reads: ReadSession,
    most: int,
    rows: AnySelect,
    *,
    parts: Parts | None = None,
    parent: InstrumentedAttribute[str] | None = None,
    **params: Any,
) -> bool:
    """Whether there are at most that many rows, under all of the parents together."""
    found = await reads.fetch_aside(_size(rows, most, parts, parent), **params)
    size: int = found[0][0]
    return size <= most


@lru_cache(DISTINCT_STATEMENTS)
def _size(rows: AnySelect, most: int, parts: Parts | None, parent: InstrumentedAttribute[str] | None) -> AnySelect:
    if parts is not None:
        rows = rows.where(parts.column == any_(bindparam(parts.parameter, type_=ARRAY(Text))))
    if parent is not None:
        rows = rows.where(parent == any_(texts(PARENTS)))
    some = rows.with_only_columns(literal(1), maintain_column_froms=True).limit(most + 1).subquery("some")
    return select(func.count()).select_from(some)
