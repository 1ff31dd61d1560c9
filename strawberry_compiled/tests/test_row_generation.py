"""Generated functions for rows: which of them plans share, and how many layouts a plan remembers."""

from itertools import combinations
from typing import Any

from row_schema import ROW_TYPES
from strawberry_compiled.leaves import Proof
from strawberry_compiled.row_generation import SHARED_TEXT, RowGenerator, Source
from strawberry_compiled.row_planning import MOST_LAYOUTS, Answer, Layout, RowField, RowPlanner
from strawberry_compiled.row_selections import Converted, Hole, RowSelection, Value

from strawberry_compiled import Rows


def source(number: int, *values: Value, type_name: str = "User") -> Source:
    """The only function of a selection, in a plan of its own."""
    names = {each if isinstance(each, str) else each.name for each in values if not isinstance(each, Hole)}
    keys = tuple(f"key{index}" for index in range(len(values)))
    rows = RowSelection(number=number, type_name=type_name, keys=keys, values=values, has_holes=Hole.BATCH in values)
    _, [made] = RowGenerator({}).functions(rows, Layout(frozenset(names), frozenset()), "")
    return made


def row_field(name: str) -> RowField:
    planned: Any = None
    layout = Layout(frozenset({name}), frozenset())
    return RowField(planned=planned, answer=Answer.KEYED, selection=None, prefix="", layout=layout)


def test_plans_share_short_functions_that_use_nothing_else() -> None:
    one, other = source(3, "id", "name", Hole.TYPE_NAME), source(4, "id", "name", Hole.TYPE_NAME)
    assert (one.name, one.is_shareable) == ("rows_3_User_1", True)
    assert other.name == "rows_4_User_1"
    shared = one.shared()
    assert shared is other.shared()
    assert shared.__code__.co_filename == "<plan of User>"
    assert shared(None, Rows([("i", "n")]), None) == [{"key0": "i", "key1": "n", "key2": "User"}]
    for different in (source(3, "id", "name"), source(3, "id", "name", Hole.TYPE_NAME, type_name="Team")):
        assert different.shared() is not shared


def test_functions_with_constants_and_long_ones_are_not_shared() -> None:
    assert not source(1, "id", Hole.BATCH).is_shareable
    assert not source(1, "id", Converted("mood", Proof(names={"a": "A"}))).is_shareable
    long = source(1, *["name"] * 40)
    assert len(long.text) > SHARED_TEXT
    assert not long.is_shareable


def test_a_plan_remembers_a_bounded_number_of_layouts() -> None:
    planner = RowPlanner(ROW_TYPES, {})
    fields = [row_field(f"name{index}") for index in range(12)]
    pairs = [planner.common(pair) for pair in combinations(fields, 2)]
    assert len(pairs) == 66 > MOST_LAYOUTS
    assert all(pairs[:MOST_LAYOUTS])
    assert pairs[MOST_LAYOUTS:] == [None, None]
    assert [planner.common(pair) for pair in combinations(fields, 2)] == pairs
    assert planner.common([fields[0], fields[0]]) is fields[0].layout
    assert planner.common([fields[0], None]) is None


def test_a_field_has_one_function_for_each_layout() -> None:
    field = row_field("id")
    layouts = [Layout(frozenset({name}), frozenset()) for name in ("a", "b", "c")]
    makers = [lambda *_: [], lambda *_: [], lambda *_: []]
    for number, (layout, maker) in enumerate(zip(layouts, makers, strict=True)):
        assert field.maker(layout) is None
        field.add_maker(layout, maker)
        assert [field.maker(each) for each in layouts] == [*makers[: number + 1], *[None] * (2 - number)]
