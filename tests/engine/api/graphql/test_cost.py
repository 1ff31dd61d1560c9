"""The formula of a document's cost, on Workgraph's own schema."""

import tracemalloc
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_leaf_type,
)

from api import slices
from api.graphql.batch_rows import batch_fields
from api.graphql.conditions import DEAR, FILTER_ARGUMENT, LISTS_OF_FILTERS
from api.graphql.cost import MOST_POINTS, CostFormula, CostLimitExceeded, check_cost, cost_formula
from api.graphql.documents import DocumentCache, DocumentRefused
from api.graphql.limits import check_variables
from api.graphql.runner import graphql_schema
from api.schema import build_schema, schema
from api.shared.list_sizes import FREE_TYPES, ROOT_LISTS, is_read_with_parent, rows_of, size_of
from benchmarks.operations import REFERENCE_TEXT
from tests import api_defaults
from tests.work import counted_calls

CORE = graphql_schema(schema)
LIMITS = api_defaults.limits()


def formula(text: str) -> CostFormula:
    return DocumentCache(CORE, LIMITS).prepare(text).operation(None).cost


def points(text: str, **variables: Any) -> int:
    return formula(text).points(variables)


def here(selection: str, arguments: str = "") -> str:
    return f'query{arguments} {{ workspace(slug: "acme") {{ {selection} }} }}'


def history(selection: str) -> str:
    return f'{{ node(id: "x") {{ ... on Issue {{ history(first: 7) {{ nodes {{ changes {{ {selection} }} }} }} }} }} }}'


CASES: dict[str, tuple[str, int]] = {
    "nothing": ("{ __typename }", 1),
    "an object": ("{ viewer { id name } }", 1),
    "the same object, asked for twice": ("{ viewer { id } viewer { name } }", 1),
    "two objects": ("{ a: viewer { id } b: viewer { name } }", 2),
    "what this costs": ("{ viewer { id } rateLimit { cost remaining } }", 1),
    "introspection": ("{ __schema { types { name fields { name } } } viewer { id } }", 101),
    "introspection twice": ('{ __schema { types { name } } __type(name: "User") { name } }', 200),
    "a root list": ("{ workspaces { nodes { id } } }", 51),
    "a list of the workspace": (here("issues { nodes { id } }"), 1 + 1 + 50),
    "a list with a page": (here("issues(first: 7) { nodes { id } pageInfo { endCursor } }"), 1 + 1 + 7),
    "a list from its end": (here("issues(last: 7) { nodes { id } }"), 1 + 1 + 7),
    "no size": (here("issues(first: null) { nodes { id } }"), 1 + 1 + 50),
    "an impossible size": (here("issues(first: 1000000) { nodes { id } }"), 1 + 1 + 100),
    "edges": (here("issues(first: 7) { edges { cursor node { id } } }"), 1 + 1 + 7),
    "edges and nodes": (here("issues(first: 7) { edges { node { id } } nodes { title } }"), 1 + 1 + 7),
    "a total": (here("issues(first: 1) { totalCount }"), 1 + 1 + 10 + 1),
    "relations": (here("issues(first: 7) { nodes { state { id } creator { id } } }"), 1 + 1 + 7 * 3),
    "a list under a list": (here("issues(first: 7) { nodes { comments { nodes { id } } } }"), 2 + 7 * (1 + 1 + 20)),
    "totals under a list": (here("issues(first: 7) { nodes { comments(first: 1) { totalCount } } }"), 2 + 7 * (1 + 12)),
    "a condition": (here("issues(first: 7, filter: {number: {gt: 3}}) { nodes { id } }"), 2 + 7 + 1),
    "conditions of one comparator": (
        here("issues(first: 7, filter: {number: {gt: 3, lt: 9}}) { nodes { id } }"),
        2 + 7 + 2,
    ),
    "a list of values": (here("issues(first: 7, filter: {number: {in: [3, 4]}}) { nodes { id } }"), 2 + 7 + 1),
    "a condition on null": (
        here("issues(first: 7, filter: {dueDate: {eq: null, lt: null}}) { nodes { id } }"),
        2 + 7 + 1,
    ),
    "a part of a text": (here('issues(first: 7, filter: {title: {contains: "a"}}) { nodes { id } }'), 2 + 7 + 10),
    "a search": (here('issues(first: 7, filter: {text: "a"}) { nodes { id } }'), 2 + 7 + 10),
    "items of a list": (
        here('issues(first: 7, filter: {labels: {some: {name: {eq: "a"}}, none: {}}}) { nodes { id } }'),
        2 + 7 + 10 + 1 + 10,
    ),
    "nested filters": (
        here(
            'issues(first: 7, filter: {or: [{not: {title: {startsWith: "a"}}}, {creator: {name: {eq: "b"}}}], and: []})'
            " { nodes { id } }"
        ),
        2 + 7 + 10 + 1,
    ),
    "an empty filter": (here("issues(first: 7, filter: {}) { nodes { id } }"), 2 + 7),
    "conditions under a list": (
        here('projects(first: 4) { nodes { issues(first: 7, filter: {text: "a"}) { nodes { id } } } }'),
        2 + 4 * (1 + 1 + 10 + 7),
    ),
    "people": (here("issues(first: 7) { nodes { assignees { id } } }"), 2 + 7 * (1 + 20)),
    "labels": (here("issues(first: 7) { nodes { labels { id } } }"), 2 + 7 * (1 + 50)),
    "nodes by ids": ('{ nodes(ids: ["usr_1", "usr_2"]) { id } }', 2),
    "fragments on two kinds": (
        '{ node(id: "x") { ... on Issue { labels { id } } ... on Project { states { id } } } }',
        101,
    ),
    "events": (here("changes(after: 0) { events { kind actor { id } } }"), 1 + 1 + 5 + 100),
    "events, some": (here("changes(after: 0, first: 3) { events { kind changes { field } } }"), 1 + 1 + 1),
    "events, of a variable": (
        'query ($n: Int = 500) { workspace(slug: "acme") { changes(after: 0, first: $n) { events { kind } } } }',
        1 + 1 + 25,
    ),
    "events, rounded up": (here("changes(after: 0, first: 21) { upTo events { kind } }"), 1 + 1 + 2),
    "events of a subscription": ('subscription { changes(workspace: "acme") { events { kind } } }', 1 + 25),
    "a mutation": ('mutation { issueArchive(input: {id: "x"}) { issue { id } errors { message } } }', 10 + 2),
    "changes of a history": (
        history("... on TitleChange { from } ... on StateChange { old: from { id } new: to { id state { id } } }"),
        1 + 1 + 7 * (1 + 1),
    ),
    "people of a history": (history("... on AssigneesChange { added { id } }"), 1 + 1 + 7 * (1 + 1)),
    "changes of a comment": (
        '{ node(id: "x") { ... on Comment { history(first: 7) { nodes { changes { action comment { id } } } } } } }',
        1 + 1 + 7 * (1 + 1),
    ),
    "a subscription": ('subscription { changes(workspace: "acme") { upTo } }', 1),
}


@pytest.mark.parametrize("name", CASES)
def test_what_an_operation_costs(name: str) -> None:
    text, expected = CASES[name]
    assert points(text) == expected


def test_the_reference_list_costs_the_same_each_time() -> None:
    assert points(REFERENCE_TEXT) == 2 + 50 * (1 + 3 + 20 + 50 + (1 + 10 + 3 * 2))


def test_sizes_come_from_variables_and_their_defaults() -> None:
    text = here("issues(first: $n) { nodes { comments(first: $m) { nodes { id } } } }", "($n: Int = 5, $m: Int)")
    assert points(text) == 2 + 5 * (2 + 20)
    assert points(text, n=3) == 2 + 3 * (2 + 20)
    assert points(text, n=3, m=2) == 2 + 3 * (2 + 2)
    assert points(text, n=None, m=2) == 2 + 50 * (2 + 2)
    assert points(text, n="wrong", m=-1) == 2 + 100 * (2 + 1)
    ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert (points(ids, ids=["a", "b", "c"]), points(ids, ids="a"), points(ids)) == (3, 100, 100)


FILTERED = here(
    "issues(first: 7, filter: $f) { nodes { id } } projects(first: $n) { nodes { issues(first: 3, filter: $f)"
    " { nodes { id } } } }",
    "($f: IssueFilter, $n: Int)",
)


@pytest.mark.parametrize(
    ("filter", "price"),
    [
        (None, 0),
        ({}, 0),
        ({"number": {"gt": 3, "lt": 9}}, 2),
        ({"number": {"in": [3, 4]}}, 1),
        ({"dueDate": {"eq": None, "lt": None}}, 1),
        ({"text": "a", "title": {"contains": "a"}}, 20),
        ({"labels": {"some": {"name": {"eq": "a"}}, "none": {}}}, 21),
        ({"or": [{"not": {"title": {"startsWith": "a"}}}, {"creator": {"name": {"eq": "b"}}}], "and": []}, 11),
        ({"or": {"text": "a"}}, 10),  # an item instead of a list
        ("wrong", 0),
    ],
)
def test_conditions_in_variables_cost_what_they_cost_in_the_document(filter: Any, price: int) -> None:
    found = formula(FILTERED).price({"f": filter, "n": 4})
    assert found == (1 + 8 + 1 + 4 * (1 + 1 + 3) + (1 + 4) * price, (1 + 4) * price)


def test_parts_of_a_filter_can_be_variables() -> None:
    text = here(
        "issues(first: 7, filter: {title: {contains: $a, eq: $b}, or: [$c], number: {in: [$d, 3]}, labels: $e})"
        " { nodes { id } }",
        '($a: String, $b: String = "b", $c: IssueFilter!, $d: Int!, $e: LabelFilterListFilter)',
    )
    fixed = 1  # `in`
    assert formula(text).price({"c": {}, "d": 4}) == (9 + fixed + 1, fixed + 1)
    given = {"a": "a", "b": None, "c": {"text": "a"}, "d": 4, "e": {"every": {"name": {"neq": None}}}}
    assert formula(text).price(given) == (9 + fixed + 10 + 1 + 10 + 11, fixed + 10 + 1 + 10 + 11)


def test_every_list_with_a_filter_prices_it() -> None:
    """Proves that no condition is free because its argument or operator has another name."""
    priced = LISTS_OF_FILTERS | DEAR | {"not", "eq", "neq", "in", "notIn", "lt", "lte", "gt", "gte", "isNull"}
    arguments = [
        (name, get_named_type(argument.type).name)
        for kind in CORE.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for field in kind.fields.values()
        for name, argument in field.args.items()
    ]
    assert {name for name, kind in arguments if kind.endswith("Filter")} == {FILTER_ARGUMENT}
    comparators = [kind for name, kind in CORE.type_map.items() if name.endswith(("Comparator", "ListFilter"))]
    assert {name for kind in comparators for name in kind.fields} <= priced
    filters: list[Any] = [CORE.type_map[kind] for name, kind in arguments if name == FILTER_ARGUMENT]
    fields = [pair for kind in filters for pair in kind.fields.items()]
    assert {name for name, field in fields if is_leaf_type(get_named_type(field.type))} <= priced


def test_conditions_are_refused_like_rows() -> None:
    text = here(
        'projects(first: 100) { nodes { issues(first: 1, filter: {text: "a", title: {contains: "b"}}) { nodes { id }'
        " } } }"
    )
    assert "`first: 88` on `projects`" in excess(text, limit=2_030)


def test_a_filter_is_priced_in_a_few_calls() -> None:
    cost = formula(here("issues(filter: $f) { nodes { id } }", "($f: IssueFilter)"))
    with counted_calls() as calls:
        cost.price({"f": {"state": {"category": {"in": ["STARTED"]}}, "labels": {"some": {"name": {"eq": "a"}}}}})
    assert calls.count <= 40


def test_fragments_cost_what_they_select_where_they_are() -> None:
    text = (
        here("issues(first: 10) { ...Page } more: issues(first: 20) { ...Page nodes { title creator { id } } }")
        + "fragment Page on IssueConnection { nodes { ...Line } } fragment Line on Issue { creator { name } }"
    )
    assert points(text) == 1 + (1 + 10 * 2) + (1 + 20 * 2)


def lists() -> Iterator[tuple[str, GraphQLField]]:
    """Lists of objects that are no connections, by `Type.field`."""
    for kind in CORE.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for name, field in kind.fields.items():
            is_list = isinstance(get_nullable_type(field.type), GraphQLList)
            is_page = kind.name.endswith("Connection") and name in ("edges", "nodes")
            if is_list and not is_page and is_composite_type(get_named_type(field.type)):
                yield f"{kind.name}.{name}", field


def test_every_list_has_a_size() -> None:
    sizes = {place: size_of(field) for place, field in lists()}
    assert [place for place, size in sizes.items() if size is None] == [], "Say `at_most`, or WITH_PARENT."
    assert {place for place in sizes if not place.endswith(".errors")} == {
        "AssigneesChange.added",
        "AssigneesChange.removed",
        "ChangeBatch.events",
        "CommentHistoryEntry.changes",
        "ChangeSet.reasons",
        "ChangeSetUndoPayload.plannedEvents",
        "ChangeSetUndoPayload.results",
        "ChangeSetUndoResult.changes",
        "ConflictError.conflicts",
        "Event.changes",
        "ImportRun.lossKinds",
        "Invitation.projects",
        "Issue.assignees",
        "Issue.labels",
        "IssueCreation.assignees",
        "IssueCreation.labels",
        "CommentBatchPayload.plannedEvents",
        "CommentBatchPayload.results",
        "CommentBatchResult.changes",
        "LabelBatchPayload.plannedEvents",
        "LabelBatchPayload.results",
        "LabelBatchResult.changes",
        "IssueBatchPayload.plannedEvents",
        "IssueBatchPayload.results",
        "IssueBatchResult.changes",
        "IssueHistoryEntry.changes",
        "LabelsChange.added",
        "LabelsChange.removed",
        "PlannedEvent.changes",
        "Project.states",
        "Query.nodes",
        "User.apiKeys",
    }
    assert CORE.type_map.keys() >= FREE_TYPES | ROOT_LISTS


def test_changes_and_the_objects_that_they_name_are_read_with_their_entry() -> None:
    found = {name for name, kind in CORE.type_map.items() if is_read_with_parent(kind)}
    union: Any = CORE.type_map["IssueChange"]
    named = {"NamedIssue", "NamedLabel", "NamedMilestone", "NamedProject", "NamedState"}
    in_batches = {"ChangeSetUndoResult", "CommentBatchResult", "IssueBatchResult", "LabelBatchResult", "PlannedEvent"}
    assert found == {"IssueChange", *named, *in_batches, *(each.name for each in union.types)}
    platform = graphql_schema(build_schema(slices.PLATFORM))
    assert [name for name, kind in platform.type_map.items() if is_read_with_parent(kind)] == []


def test_descriptions_tell_the_size() -> None:
    sized = [(place, field, size.at_most) for place, field in lists() if (size := size_of(field)) is not None]
    missing = [
        place
        for place, field, most in sized
        if most and f"at most {most}" not in str(field.description).lower().replace(",", "")
    ]
    assert len(sized) > 8
    assert missing == []


def excess(text: str, limit: int = LIMITS.cost, **variables: Any) -> str:
    with pytest.raises(CostLimitExceeded) as refusal:
        check_cost(formula(text), variables, limit=limit)
    assert refusal.value.extensions is not None
    assert refusal.value.extensions["code"] == "COST_LIMIT"
    assert refusal.value.extensions["limit"] == limit
    return refusal.value.message


def test_a_refusal_names_the_costliest_path_and_what_would_fit() -> None:
    text = here("issues(first: 100) { nodes { creator { id } comments(first: 100) { nodes { id } } } }")
    message = excess(text)
    assert "workspace > issues(first: 100) > comments(first: 100) costs 10,302" in message
    assert "`first: 96` on `comments`" in message
    assert points(text.replace("comments(first: 100)", "comments(first: 96)")) <= LIMITS.cost
    assert points(text.replace("comments(first: 100)", "comments(first: 97)")) > LIMITS.cost


def test_the_size_that_fits_is_suggested_for_an_outer_list_too() -> None:
    people = "nodes { labels { id } assignees { id } children(first: 5) { nodes { labels { id } assignees { id } } } }"
    text = here(f"issues(first: $n) {{ {people} }}", "($n: Int)")
    assert excess(text, n=100).count("`first: 23` on `issues`") == 1
    assert points(text, n=23) <= LIMITS.cost < points(text, n=24)
    assert "first:" not in excess("{ a: viewer { id } b: viewer { id } }", limit=1)


def test_doubled_fields_and_fragments_never_overflow() -> None:
    nested = "{ nodes { id } }"
    for _ in range(30):
        nested = (
            f"{{ nodes {{ children(first: 100) {nested} parent {{ children(first: 100) {{ nodes {{ id }} }} }} }} }}"
        )
    text = here(f"issues(first: 100) {nested}")
    loose = api_defaults.limits(depth=1000, tokens=20_000, document_bytes=1_000_000)
    document = DocumentCache(CORE, loose).prepare(text)
    assert document.operation(None).cost.points({}) == MOST_POINTS


@pytest.mark.parametrize("levels", [10, 20, 40, 60])
def test_documents_that_double_at_each_level_are_refused_at_once(levels: int) -> None:
    fragments = "".join(
        f"fragment F{n} on Issue {{ a: parent {{ ...F{n + 1} }} b: parent {{ ...F{n + 1} }} }}" for n in range(levels)
    )
    text = '{ node(id: "x") { ...F0 } }' + fragments + f"fragment F{levels} on Issue {{ id }}"
    tracemalloc.start()
    with counted_calls() as calls, pytest.raises(Exception, match="at most"):
        DocumentCache(CORE, LIMITS).prepare(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert calls.count < 1_000 * levels
    assert peak < 4_000_000


def test_a_formula_stays_small_however_often_fragments_are_spread() -> None:
    """Within the limits, what is expanded is bounded by the number of fields."""
    inner = "".join(f"a{n}: creator {{ id }} " for n in range(28))
    text = here("issues(first: 1) { nodes { ...F } }") + f"fragment F on Issue {{ {inner} }}"
    document = DocumentCache(CORE, LIMITS).prepare(text)
    node = document.operation(None).node
    assert document.operation(None).cost.points({}) == 2 + 1 + 28
    assert cost_formula(CORE, document.document, node, most_fields=10).points({}) < 2 + 1 + 28


def test_the_cost_of_the_reference_list_is_counted_in_a_few_calls() -> None:
    document = DocumentCache(CORE, LIMITS).prepare(
        here(
            "issues(first: $n) { nodes { id state { id } assignees { id } labels { id }"
            " comments(first: $m) { totalCount nodes { id author { id } } } } }",
            "($n: Int, $m: Int)",
        )
    )
    cost = document.operation(None).cost
    with counted_calls() as calls:
        check_cost(cost, {"n": 50, "m": 3}, limit=LIMITS.cost)
    assert calls.count <= 40


BATCH = """mutation ($input: IssueBatchUpdateInput!, $ids: [ID!]) { all: issueBatchUpdate(input: $input) { %s }
  some: issueBatchUpdate(input: {workspaceId: "w", select: {ids: $ids}, change: {}}) { changedCount }
  two: issueBatchUpdate(input: {workspaceId: "w", select: {ids: ["a", "b"]}, change: {}}) {
    results { issue { id } } } }"""


def test_a_batch_costs_a_point_for_each_object() -> None:
    given = {"input": {"workspaceId": "w", "select": {"ids": ["a"] * 7}, "change": {}}, "ids": ["a"] * 30}
    fixed = (10 + 7) + (10 + 30) + (10 + 2 + 2)
    assert points(BATCH % "changedCount plannedEvents { kind }", **given) == fixed
    assert points(BATCH % "results { index issueId changes { field } }", **given) == fixed
    assert points(BATCH % "results { errors { code } }", **given) == fixed + 7
    assert points(BATCH % "results { issue { id project { id } } }", **given) == fixed + 7 * 2
    # What is changed is charged whatever is read; only what is read can be refunded.
    assert formula(BATCH % "results { issue { id } }").price(given).lasting == fixed - 2
    unknown = {"input": {"workspaceId": "w", "select": {}, "change": {}}, "ids": None}
    assert points(BATCH % "changedCount", **unknown) == (10 + 1_000) * 2 + 10 + 2 + 2


@pytest.mark.parametrize("count", [1_000, 1_001])
def test_lists_of_batches_can_be_longer_than_others(count: int) -> None:
    documents = DocumentCache(CORE, LIMITS)
    batch = documents.prepare(BATCH % "changedCount").operation(None)
    other = documents.prepare("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }").operation(None)
    ids = ["a"] * count
    assert (check_variables({"ids": ids}, batch.limits) is None) == (count == 1_000)
    assert check_variables({"ids": ids}, other.limits) is not None
    literal = BATCH.replace('["a", "b"]', orjson.dumps(ids).decode()) % "changedCount"
    with nullcontext() if count == 1_000 else pytest.raises(DocumentRefused):
        documents.prepare(literal)


def test_every_mutation_of_many_objects_is_priced_by_these() -> None:
    mutations = CORE.mutation_type
    assert mutations is not None
    names = {name for name in mutations.fields if "Batch" in name and name != "batchRunCancel"}
    assert batch_fields(CORE) == names
    for name in names:
        *_, listed = rows_of(mutations.fields[name]) or ("",)
        kind = f"{name[0].upper()}{name[1:]}Input!"
        text = f"mutation ($input: {kind}) {{ {name}(input: $input) {{ results {{ index }} }} }}"
        rows: dict[str, Any] = {listed: ["a"] * 5}
        assert points(text, input={"select": rows} if listed == "ids" else rows) == 10 + 5, name
