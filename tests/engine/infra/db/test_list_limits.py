from enum import StrEnum

import pytest

from domain.shared.errors import ErrorCode
from domain.shared.pages import Direction, Nulls, Sort
from infra.db.list_limits import IndexedOrders


class Order(StrEnum):
    CREATED_AT = "created_at"
    DUE_DATE = "due_date"
    RANK = "rank"


INDEXED = IndexedOrders(((Order.CREATED_AT,), (Order.RANK,), (Order.DUE_DATE, Order.RANK)), Order.CREATED_AT)
CREATED, DUE, RANK = (Sort(by=order) for order in Order)
RANK_DOWN, CREATED_DOWN = (Sort(by=order, direction=Direction.DESC) for order in (Order.RANK, Order.CREATED_AT))


@pytest.mark.parametrize(
    "sort",
    [
        [],
        [CREATED],
        [CREATED_DOWN],
        [RANK],
        [RANK, CREATED],
        [RANK_DOWN, CREATED_DOWN],
        [DUE, RANK],
        [DUE, RANK, CREATED],
        [Sort(by=Order.RANK, nulls=Nulls.FIRST)],
    ],
)
def test_an_order_in_one_direction_has_an_index(sort: list[Sort[Order]]):
    assert INDEXED.include(sort)


@pytest.mark.parametrize(
    "sort",
    [[DUE], [DUE, CREATED], [CREATED, RANK], [RANK, DUE], [RANK_DOWN, CREATED], [DUE, RANK, CREATED_DOWN]],
)
def test_other_orders_have_none(sort: list[Sort[Order]]):
    assert not INDEXED.include(sort)


def test_the_refusal_names_the_orders_that_have_an_index():
    refused = INDEXED.refusal(50_000)
    assert (refused.failure, refused.path) == (ErrorCode.SORT_NOT_INDEXED, ("sort",))
    assert refused.message_with(str.upper) == (
        "More than 50,000 items cannot be sorted like this. Sort by one of these, in one direction: CREATED_AT, RANK, "
        "DUE_DATE and RANK; each can be followed by CREATED_AT. Or add conditions to the filter."
    )
