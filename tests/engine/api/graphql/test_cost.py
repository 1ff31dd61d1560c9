"""The formula of a document's cost."""

import tracemalloc
from typing import Any

import pytest

from api.graphql.cost import MOST_POINTS, CostLimitExceeded, check_cost, cost_formula
from api.graphql.documents import DocumentCache
from api.graphql.limits import check_variables
from api.graphql.runner import graphql_schema
from api.shared.list_sizes import FREE_TYPES, ROOT_LISTS
from tests import api_defaults
from tests.costs import LIMITS, Costs, here
from tests.sample.application import SCHEMA
from tests.work import counted_calls

CORE = graphql_schema(SCHEMA)
COSTS = Costs(CORE)
formula, points = COSTS.formula, COSTS.points


CASES: dict[str, tuple[str, int]] = {
    "nothing": ("{ __typename }", 1),
    "an object": ("{ viewer { id name } }", 1),
    "the same object, asked for twice": ("{ viewer { id } viewer { name } }", 1),
    "two objects": ("{ a: viewer { id } b: viewer { name } }", 2),
    "what this costs": ("{ viewer { id } rateLimit { cost remaining } }", 1),
    "introspection": ("{ __schema { types { name fields { name } } } viewer { id } }", 101),
    "introspection twice": ('{ __schema { types { name } } __type(name: "User") { name } }', 200),
    "a root list": ("{ workspaces { nodes { id } } }", 51),
    "a list of the workspace": (here("books { nodes { id } }"), 1 + 1 + 50),
    "a list with a page": (here("books(first: 7) { nodes { id } pageInfo { endCursor } }"), 1 + 1 + 7),
    "a list from its end": (here("books(last: 7) { nodes { id } }"), 1 + 1 + 7),
    "no size": (here("books(first: null) { nodes { id } }"), 1 + 1 + 50),
    "an impossible size": (here("books(first: 1000000) { nodes { id } }"), 1 + 1 + 100),
    "edges": (here("books(first: 7) { edges { cursor node { id } } }"), 1 + 1 + 7),
    "edges and nodes": (here("books(first: 7) { edges { node { id } } nodes { title } }"), 1 + 1 + 7),
    "a total": (here("books(first: 1) { totalCount }"), 1 + 1 + 10 + 1),
    "relations": (here("books(first: 7) { nodes { shelf { id } author { id } } }"), 1 + 1 + 7 * 3),
    "a list under a list": (here("books(first: 7) { nodes { volumes { nodes { id } } } }"), 2 + 7 * (1 + 1 + 20)),
    "totals under a list": (here("books(first: 7) { nodes { volumes(first: 1) { totalCount } } }"), 2 + 7 * (1 + 12)),
    "a condition": (here("books(first: 7, filter: {pages: {gt: 3}}) { nodes { id } }"), 2 + 7 + 1),
    "conditions of one comparator": (
        here("books(first: 7, filter: {pages: {gt: 3, lt: 9}}) { nodes { id } }"),
        2 + 7 + 2,
    ),
    "a list of values": (here("books(first: 7, filter: {pages: {in: [3, 4]}}) { nodes { id } }"), 2 + 7 + 1),
    "a condition on null": (
        here("books(first: 7, filter: {dueOn: {eq: null, lt: null}}) { nodes { id } }"),
        2 + 7 + 1,
    ),
    "a part of a text": (here('books(first: 7, filter: {title: {contains: "a"}}) { nodes { id } }'), 2 + 7 + 10),
    "items of a list": (
        here('books(first: 7, filter: {tags: {some: {name: {eq: "a"}}, none: {}}}) { nodes { id } }'),
        2 + 7 + 10 + 1 + 10,
    ),
    "nested filters": (
        here(
            'books(first: 7, filter: {or: [{not: {title: {startsWith: "a"}}}, {author: {name: {eq: "b"}}}], and: []})'
            " { nodes { id } }"
        ),
        2 + 7 + 10 + 1,
    ),
    "an empty filter": (here("books(first: 7, filter: {}) { nodes { id } }"), 2 + 7),
    "conditions under a list": (
        here('shelves(first: 4) { nodes { books(first: 7, filter: {title: {contains: "a"}}) { nodes { id } } } }'),
        2 + 4 * (1 + 1 + 10 + 7),
    ),
    "a list without pages": (here("books(first: 7) { nodes { tags { id } } }"), 2 + 7 * (1 + 20)),
    "nodes by ids": ('{ nodes(ids: ["usr_1", "usr_2"]) { id } }', 2),
    "fragments on two kinds": (
        '{ node(id: "x") { ... on Book { tags { id } } ... on Shelf { workspace { id } } } }',
        1 + 20 + 1,
    ),
    "events": (here("changes(after: 0) { events { kind actor { id } } }"), 1 + 1 + 5 + 100),
    "events, some": (here("changes(after: 0, first: 3) { events { kind changes { field } } }"), 1 + 1 + 1),
    "events, of a variable": (
        'query ($n: Int = 500) { workspace(slug: "acme") { changes(after: 0, first: $n) { events { kind } } } }',
        1 + 1 + 25,
    ),
    "events, rounded up": (here("changes(after: 0, first: 21) { upTo events { kind } }"), 1 + 1 + 2),
    "events of a subscription": ('subscription { changes(workspace: "acme") { events { kind } } }', 1 + 25),
    "a mutation": ('mutation { bookArchive(input: {id: "x"}) { book { id } errors { message } } }', 10 + 2),
    "a subscription": ('subscription { changes(workspace: "acme") { upTo } }', 1),
}


@pytest.mark.parametrize("name", CASES)
def test_what_an_operation_costs(name: str) -> None:
    text, expected = CASES[name]
    assert points(text) == expected


def test_sizes_come_from_variables_and_their_defaults() -> None:
    text = here("books(first: $n) { nodes { volumes(first: $m) { nodes { id } } } }", "($n: Int = 5, $m: Int)")
    assert points(text) == 2 + 5 * (2 + 20)
    assert points(text, n=3) == 2 + 3 * (2 + 20)
    assert points(text, n=3, m=2) == 2 + 3 * (2 + 2)
    assert points(text, n=None, m=2) == 2 + 50 * (2 + 2)
    assert points(text, n="wrong", m=-1) == 2 + 100 * (2 + 1)
    ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert (points(ids, ids=["a", "b", "c"]), points(ids, ids="a"), points(ids)) == (3, 100, 100)


FILTERED = here(
    "books(first: 7, filter: $f) { nodes { id } } shelves(first: $n) { nodes { books(first: 3, filter: $f)"
    " { nodes { id } } } }",
    "($f: BookFilter, $n: Int)",
)


@pytest.mark.parametrize(
    ("filter", "price"),
    [
        (None, 0),
        ({}, 0),
        ({"pages": {"gt": 3, "lt": 9}}, 2),
        ({"pages": {"in": [3, 4]}}, 1),
        ({"dueOn": {"eq": None, "lt": None}}, 1),
        ({"title": {"contains": "a", "startsWith": "b"}}, 20),
        ({"tags": {"some": {"name": {"eq": "a"}}, "none": {}}}, 21),
        ({"or": [{"not": {"title": {"startsWith": "a"}}}, {"author": {"name": {"eq": "b"}}}], "and": []}, 11),
        ({"or": {"title": {"contains": "a"}}}, 10),  # an item instead of a list
        ("wrong", 0),
    ],
)
def test_conditions_in_variables_cost_what_they_cost_in_the_document(filter: Any, price: int) -> None:
    found = formula(FILTERED).price({"f": filter, "n": 4})
    assert found == (1 + 8 + 1 + 4 * (1 + 1 + 3) + (1 + 4) * price, (1 + 4) * price)


def test_parts_of_a_filter_can_be_variables() -> None:
    text = here(
        "books(first: 7, filter: {title: {contains: $a, eq: $b}, or: [$c], pages: {in: [$d, 3]}, tags: $e})"
        " { nodes { id } }",
        '($a: String, $b: String = "b", $c: BookFilter!, $d: Int!, $e: TagFilterListFilter)',
    )
    fixed = 1  # `in`
    assert formula(text).price({"c": {}, "d": 4}) == (9 + fixed + 1, fixed + 1)
    given = {"a": "a", "b": None, "c": {"title": {"contains": "a"}}, "d": 4, "e": {"every": {"name": {"neq": None}}}}
    assert formula(text).price(given) == (9 + fixed + 10 + 1 + 10 + 11, fixed + 10 + 1 + 10 + 11)


def test_conditions_are_refused_like_rows() -> None:
    text = here(
        'shelves(first: 100) { nodes { books(first: 1, filter: {title: {contains: "a", startsWith: "b"}}) {'
        " nodes { id } } } }"
    )
    assert "`first: 88` on `shelves`" in excess(text, limit=2_030)


def test_a_filter_is_priced_in_a_few_calls() -> None:
    cost = formula(here("books(filter: $f) { nodes { id } }", "($f: BookFilter)"))
    with counted_calls() as calls:
        cost.price({"f": {"shelf": {"name": {"in": ["A"]}}, "tags": {"some": {"name": {"eq": "a"}}}}})
    assert calls.count <= 40


def test_fragments_cost_what_they_select_where_they_are() -> None:
    text = (
        here("books(first: 10) { ...Page } more: books(first: 20) { ...Page nodes { title author { id } } }")
        + "fragment Page on BookConnection { nodes { ...Line } } fragment Line on Book { author { name } }"
    )
    assert points(text) == 1 + (1 + 10 * 2) + (1 + 20 * 2)


def test_every_condition_is_priced() -> None:
    COSTS.require_priced_filters()


def test_every_list_has_a_size_that_its_description_tells() -> None:
    assert COSTS.require_sizes() == {
        "Book.tags",
        "BookBatchPayload.plannedEvents",
        "BookBatchPayload.results",
        "BookBatchResult.changes",
        "ChangeBatch.events",
        "ChangeSet.reasons",
        "ChangeSetUndoPayload.plannedEvents",
        "ChangeSetUndoPayload.results",
        "ChangeSetUndoResult.changes",
        "ConflictError.conflicts",
        "Event.changes",
        "PlannedEvent.changes",
        "Query.nodes",
        "User.apiKeys",
    }
    assert CORE.type_map.keys() >= FREE_TYPES | ROOT_LISTS


def test_results_of_batches_and_planned_events_are_read_with_their_payload() -> None:
    assert COSTS.read_with_parent() == {"BookBatchResult", "ChangeSetUndoResult", "PlannedEvent"}


def excess(text: str, limit: int = LIMITS.cost, **variables: Any) -> str:
    with pytest.raises(CostLimitExceeded) as refusal:
        check_cost(formula(text), variables, limit=limit)
    assert refusal.value.extensions is not None
    assert refusal.value.extensions["code"] == "COST_LIMIT"
    assert refusal.value.extensions["limit"] == limit
    return refusal.value.message


def test_a_refusal_names_the_costliest_path_and_what_would_fit() -> None:
    text = here("books(first: 100) { nodes { author { id } volumes(first: 100) { nodes { id } } } }")
    message = excess(text)
    assert "workspace > books(first: 100) > volumes(first: 100) costs 10,302" in message
    assert "`first: 96` on `volumes`" in message
    assert points(text.replace("volumes(first: 100)", "volumes(first: 96)")) <= LIMITS.cost
    assert points(text.replace("volumes(first: 100)", "volumes(first: 97)")) > LIMITS.cost


def test_the_size_that_fits_is_suggested_for_an_outer_list_too() -> None:
    tags = "a: tags { id } b: tags { id } c: tags { id }"
    text = here(f"books(first: $n) {{ nodes {{ {tags} volumes(first: 5) {{ nodes {{ {tags} }} }} }} }}", "($n: Int)")
    assert excess(text, n=100).count("`first: 27` on `books`") == 1
    assert points(text, n=27) <= LIMITS.cost < points(text, n=28)
    assert "first:" not in excess("{ a: viewer { id } b: viewer { id } }", limit=1)


def test_doubled_fields_and_fragments_never_overflow() -> None:
    nested = "{ nodes { id } }"
    for _ in range(30):
        nested = f"{{ nodes {{ volumes(first: 100) {nested} parent {{ volumes(first: 100) {{ nodes {{ id }} }} }} }} }}"
    text = here(f"books(first: 100) {nested}")
    loose = api_defaults.limits(depth=1000, tokens=20_000, document_bytes=1_000_000)
    document = DocumentCache(CORE, loose).prepare(text)
    assert document.operation(None).cost.points({}) == MOST_POINTS


@pytest.mark.parametrize("levels", [10, 20, 40, 60])
def test_documents_that_double_at_each_level_are_refused_at_once(levels: int) -> None:
    fragments = "".join(
        f"fragment F{n} on Book {{ a: parent {{ ...F{n + 1} }} b: parent {{ ...F{n + 1} }} }}" for n in range(levels)
    )
    text = '{ node(id: "x") { ...F0 } }' + fragments + f"fragment F{levels} on Book {{ id }}"
    tracemalloc.start()
    with counted_calls() as calls, pytest.raises(Exception, match="at most"):
        DocumentCache(CORE, LIMITS).prepare(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert calls.count < 1_000 * levels
    assert peak < 4_000_000


def test_a_formula_stays_small_however_often_fragments_are_spread() -> None:
    """Within the limits, what is expanded is bounded by the number of fields."""
    inner = "".join(f"a{n}: author {{ id }} " for n in range(28))
    text = here("books(first: 1) { nodes { ...F } }") + f"fragment F on Book {{ {inner} }}"
    document = DocumentCache(CORE, LIMITS).prepare(text)
    node = document.operation(None).node
    assert document.operation(None).cost.points({}) == 2 + 1 + 28
    assert cost_formula(CORE, document.document, node, most_fields=10).points({}) < 2 + 1 + 28


def test_the_cost_of_a_list_is_counted_in_a_few_calls() -> None:
    document = DocumentCache(CORE, LIMITS).prepare(
        here(
            "books(first: $n) { nodes { id shelf { id } parent { id } tags { id }"
            " volumes(first: $m) { totalCount nodes { id author { id } } } } }",
            "($n: Int, $m: Int)",
        )
    )
    cost = document.operation(None).cost
    with counted_calls() as calls:
        check_cost(cost, {"n": 50, "m": 3}, limit=LIMITS.cost)
    assert calls.count <= 40


BATCH = """mutation ($input: BookBatchCreateInput!, $books: [BookDraftInput!]!) {
  all: bookBatchCreate(input: $input) { %s }
  some: bookBatchCreate(input: {shelfId: "s", books: $books}) { changedCount }
  two: bookBatchCreate(input: {shelfId: "s", books: [{title: "a"}, {title: "b"}]}) { results { book { id } } } }"""
ROW = {"title": "a"}


def test_a_batch_costs_a_point_for_each_object() -> None:
    given = {"input": {"shelfId": "s", "books": [ROW] * 7}, "books": [ROW] * 30}
    fixed = (10 + 7) + (10 + 30) + (10 + 2 + 2)
    assert points(BATCH % "changedCount plannedEvents { kind }", **given) == fixed
    assert points(BATCH % "results { index bookId changes { field } }", **given) == fixed
    assert points(BATCH % "results { errors { code } }", **given) == fixed + 7
    assert points(BATCH % "results { book { id shelf { id } } }", **given) == fixed + 7 * 2
    # What is changed is charged whatever is read; only what is read can be refunded.
    assert formula(BATCH % "results { book { id } }").price(given).lasting == fixed - 2
    unknown = {"input": {"shelfId": "s"}, "books": None}
    assert points(BATCH % "changedCount", **unknown) == (10 + 1_000) * 2 + 10 + 2 + 2


@pytest.mark.parametrize("count", [1_000, 1_001])
def test_lists_of_batches_can_be_longer_than_others(count: int) -> None:
    documents = DocumentCache(CORE, LIMITS)
    batch = documents.prepare(BATCH % "changedCount").operation(None)
    other = documents.prepare("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }").operation(None)
    assert (check_variables({"books": [ROW] * count}, batch.limits) is None) == (count == 1_000)
    assert check_variables({"ids": ["a"] * count}, other.limits) is not None


def test_every_mutation_of_many_objects_is_priced_by_these() -> None:
    assert COSTS.require_priced_batches() == {"bookBatchCreate"}
