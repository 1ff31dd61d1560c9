import gc
import sys
import tracemalloc
from collections.abc import Callable

import pytest
from graphql.execution.values import VariableValues

from api.graphql.documents import DocumentCache, Prepared, document_bytes
from api.graphql.row_types import row_types
from api.graphql.runner import graphql_schema
from api.shared.scalars import LEFT_TO_JSON
from strawberry_compiled import CompiledOperation, NotCompiledYet, Plan
from tests import api_defaults as defaults
from tests.sample.application import SCHEMA

CORE = graphql_schema(SCHEMA)
ROW_TYPES = row_types(CORE)
NO_VARIABLES = VariableValues({}, {})
TIMES = 40
KIBI = 1024

# A list as clients ask for it, in a document of its own each time.
REFERENCE = """query Q%d($slug: String = "acme") { workspace(slug: $slug) {
    books(first: 50, sort: [{createdAt: {direction: DESC}}]) {
        nodes {
            id title condition pages createdAt dueOn shelf { id name createdAt } parent { id title pages }
            author { id name } tags { id name createdAt }
            volumes(first: 3) { totalCount nodes { id description createdAt author { id name } } }
        }
        pageInfo { hasNextPage endCursor }
    }
} }"""
ALIASES = " ".join(f"a{number}: title" for number in range(28))
DOCUMENTS = {
    "reference": REFERENCE,
    "small": "query Q%d { viewer { id name email } }",
    "aliases": 'query Q%d { workspace(slug: "a") { books { nodes { ' + ALIASES + " } } } }",
    "abstract": 'query Q%d { node(id: "x") { ... on Book { id title shelf { id } } ... on Shelf { id name } } }',
    "lists": """query Q%d { workspace(slug: "a") { id name members { nodes { id } } tags { nodes { id name createdAt } }
        shelves { nodes { id name createdAt books { nodes { id title author { name } } } } } } }""",
}

EVERYDAY = {("reference", False), ("small", False), ("small", True), ("abstract", True)}
CASES = [
    pytest.param(
        name,
        has_objects,
        53 * KIBI if (name, has_objects) == ("reference", False) else None,
        marks=() if (name, has_objects) in EVERYDAY else pytest.mark.verify,
    )
    for name in DOCUMENTS
    for has_objects in (False, True)
]
"""Documents, with the most bytes that one may take. Each takes up to 4 s, because only the last of 40 documents take
what any further one takes."""


def prepared(documents: DocumentCache, text: str, *, has_objects: bool) -> Prepared:
    """The document with its plan as the second run of an operation leaves it, or after objects where rows can be."""
    known = documents.prepare(text)
    operation = known.operation(None)
    waiting: list[Callable[[], None]] = []

    def put_off(compilation: Callable[[], None]) -> bool:
        waiting.append(compilation)
        return True

    operation.compiled = CompiledOperation(CORE, operation.node, {}, LEFT_TO_JSON, ROW_TYPES, put_off)
    with pytest.raises(NotCompiledYet):
        operation.compiled.plan(NO_VARIABLES)
    waiting.pop()()
    if has_objects:
        plan_of(known).complete_source()
    known.has_grown()
    return known


def plan_of(known: Prepared) -> Plan:
    compiled = known.operation(None).compiled
    assert compiled is not None
    return compiled.plan(NO_VARIABLES)


def memory(text: str, *, has_objects: bool = False) -> tuple[float, float]:
    """Bytes of one document with its plan, and its estimate."""
    documents = DocumentCache(CORE, defaults.limits(), most_bytes=10**9)
    for number in range(3):  # the first documents fill caches of the schema
        prepared(documents, text % number, has_objects=has_objects)
    gc.collect()
    _forget_looked_up_names()
    tracemalloc.start()
    try:
        for number in range(100, 100 + TIMES):
            last = prepared(documents, text % number, has_objects=has_objects)
        gc.collect()
        _forget_looked_up_names()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return taken / TIMES, document_bytes(text % number, last)


def _forget_looked_up_names() -> None:
    """Python keeps the 4,096 names last looked up in classes, such as those that visitors of graphql-core build."""
    forget = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache  # the name before Python 3.13
    forget()


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize(("name", "has_objects", "most"), CASES)
def test_the_memory_of_plans_is_small_and_not_underestimated(name: str, has_objects: bool, most: int | None) -> None:
    taken, estimated = memory(DOCUMENTS[name], has_objects=has_objects)
    assert taken < estimated < 2 * taken
    assert most is None or taken < most


def test_functions_for_objects_are_generated_when_an_object_is_met() -> None:
    documents = DocumentCache(CORE, defaults.limits(), most_bytes=10**9)
    plan = plan_of(prepared(documents, REFERENCE % 0, has_objects=False))
    assert "def select_" in plan.source
    assert "_Book(" not in plan.source
    before = plan.size
    assert "_Book(run, source, path)" in plan.complete_source()
    assert plan.size > before
