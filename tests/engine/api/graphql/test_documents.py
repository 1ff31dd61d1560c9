import gc
import tracemalloc
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from graphql import OperationType, get_introspection_query, parse

import api.graphql.documents
from api.graphql.documents import (
    CACHED_BYTES,
    DOCUMENT_BYTES,
    MOST_ERRORS,
    DocumentCache,
    DocumentRefused,
    Prepared,
    SignInRequired,
    document_bytes,
)
from api.graphql.limits import check_literals, check_variables
from api.graphql.options import QueryLimits
from api.graphql.runner import graphql_schema
from api.graphql.syntax_trees import TreeShrinker
from tests import api_defaults
from tests.engine.api.http.hostile import chain, hostile_documents
from tests.engine.api.http.http_world import schema
from tests.work import counted_calls

LIMITS = api_defaults.limits()
HOSTILE_CALLS = 1_000_000  # twice the most; what these documents did to stock rules took more
PUBLIC = frozenset({"__typename"})


def cache(limits: QueryLimits = LIMITS, **values: Any) -> DocumentCache:
    return DocumentCache(graphql_schema(schema), limits, **values)


def only(**tight: int) -> QueryLimits:
    """Limits of which nothing but the given ones can be reached."""
    loose = dict.fromkeys((name for name in QueryLimits.__slots__), 1_000_000)
    return api_defaults.limits(**{**loose, **tight})


def refused(documents: DocumentCache, text: str) -> list[dict[str, Any]]:
    with pytest.raises(DocumentRefused) as refusal:
        documents.prepare(text)
    return [{"message": error.message, **(error.extensions or {})} for error in refusal.value.errors]


CASES: dict[str, tuple[str, str, int, Callable[[int], str]]] = {
    "bytes": ("document_bytes", "DOCUMENT_BYTES_LIMIT", 40, lambda n: "{item{name}}".ljust(n, ",")),
    "bytes, not letters": (
        "document_bytes",
        "DOCUMENT_BYTES_LIMIT",
        41,
        lambda n: '{item(name:"ü"){name}}'.ljust(n - 1, ","),
    ),
    "tokens": ("tokens", "TOKENS_LIMIT", 20, lambda n: "{item{" + "name " * (n - 5) + "}}"),
    "comments": ("tokens", "TOKENS_LIMIT", 20, lambda n: "{item{name}}" + "\n#" * n),
    "depth": ("depth", "DEPTH_LIMIT", 12, lambda n: "{item{" + "item{" * (n - 2) + "name" + "}" * n),
    "depth by fragments": ("depth", "DEPTH_LIMIT", 12, lambda n: chain("item{{...F{next}}}", n - 2)),
    "introspection depth": (
        "introspection_depth",
        "INTROSPECTION_DEPTH_LIMIT",
        20,
        lambda n: "{__schema{queryType" + "{ofType" * (n - 3) + "{name}" + "}" * (n - 1),
    ),
    "aliases": ("aliases", "ALIASES_LIMIT", 30, lambda n: "{item{" + "".join(f"a{i}:name " for i in range(n)) + "}}"),
    "aliases by fragments": (
        "aliases",
        "ALIASES_LIMIT",
        30,
        lambda n: "{" + "item{...F}" * n + "}fragment F on Item{a:name}",
    ),
    "root fields": ("root_fields", "ROOT_FIELDS_LIMIT", 20, lambda n: "{" + "__typename " * n + "}"),
    "root fields by fragments": (
        "root_fields",
        "ROOT_FIELDS_LIMIT",
        20,
        lambda n: "{" + "...F " * n + "}fragment F on Query{__typename}",
    ),
    "fields": ("fields", "FIELDS_LIMIT", 50, lambda n: "{item{" + "name " * (n - 1) + "}}"),
    "fields by fragments": (
        "fields",
        "FIELDS_LIMIT",
        60,
        lambda n: "{" + "item{...F}" * (n // 3) + "__typename " * (n % 3) + "}fragment F on Item{a:name b:name}",
    ),
    "fields of all operations": (
        "fields",
        "FIELDS_LIMIT",
        10,
        lambda n: "".join(f"query Q{i}{{__typename}}" for i in range(n)),
    ),
    "list items": ("list_items", "LIST_ITEMS_LIMIT", 250, lambda n: "{numbers(numbers:[" + "1," * n + "])}"),
    "list items in objects": (
        "list_items",
        "LIST_ITEMS_LIMIT",
        250,
        lambda n: '{form(form:{title:"", inner:{title:"", numbers:[' + "1," * n + "]}})}",
    ),
    "list items of defaults": (
        "list_items",
        "LIST_ITEMS_LIMIT",
        250,
        lambda n: "query($n:[Int!]! = [" + "1," * n + "]){numbers(numbers:$n)}",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_limit_allows_n_and_refuses_one_more(case: str) -> None:
    name, code, limit, document = CASES[case]
    documents = cache(only(**{name: limit}))
    documents.prepare(document(limit))
    (error,) = refused(documents, document(limit + 1))
    assert (error["code"], error["limit"]) == (code, limit)
    assert str(limit) in error["message"]
    assert documents.stats.entries == 1


def test_pairs_of_overlapping_fields_are_limited() -> None:
    documents = cache(only(overlaps=10))
    documents.prepare("{item{" + "name " * 5 + "}}")  # 5 * 4 / 2 pairs
    (error,) = refused(documents, "{item{" + "name " * 6 + "}}")
    assert (error["code"], error["limit"]) == ("OVERLAPS_LIMIT", 10)


def test_a_fragment_spread_in_many_places_overlaps_only_where_they_meet() -> None:
    spreads = "".join(f"a{n}:item{{...F}}" for n in range(20))
    cache(only(overlaps=0)).prepare("{" + spreads + "}fragment F on Item{name item{name}}")


def test_introspection_does_not_count_as_depth() -> None:
    text = get_introspection_query(input_value_deprecation=True, specified_by_url=True, schema_description=True)
    operation = cache(only(depth=1, introspection_depth=20)).prepare(text).operation(None)
    assert operation.is_introspection
    assert (
        cache()
        .prepare("{__typename ...F} fragment F on Query{__schema{queryType{name}}}")
        .operation(None)
        .is_introspection
    )
    assert not cache().prepare("{__schema{queryType{name}} viewer}").operation(None).is_introspection


HOSTILE = dict(hostile_documents())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_dealt_with_quickly(name: str) -> None:
    with counted_calls() as calls, suppress(DocumentRefused):
        cache().prepare(HOSTILE[name])
    assert calls.count < HOSTILE_CALLS


def test_a_known_document_is_neither_parsed_nor_validated_again() -> None:
    documents = cache()
    text = "query A{viewer}"
    prepared = documents.prepare(text)
    assert documents.prepare("".join(["query A", "{viewer}"])) is prepared
    assert prepared.operation("A").root_fields == {"viewer"}
    assert prepared.operation("A").type is OperationType.QUERY


def test_refused_documents_are_not_kept() -> None:
    documents = cache()
    refused(documents, "{nothing_like_this}")
    refused(documents, "{")
    assert documents.stats.entries == 0


def test_a_known_operation_is_only_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    work: Counter[str] = Counter()

    def counted(name: str) -> Callable[..., Any]:
        original = getattr(api.graphql.documents, name)

        def call(*arguments: Any, **named: Any) -> Any:
            work[name] += 1
            return original(*arguments, **named)

        return call

    names = ("parse", "measure", "check_sizes", "check_literals", "check_overlaps", "validate")
    for name in names:
        monkeypatch.setattr(api.graphql.documents, name, counted(name))
    documents = cache()
    documents.prepare("{viewer}")
    assert work == {**dict.fromkeys(names, 1), "validate": 2}  # the slow rule apart
    work.clear()
    for _ in range(5):
        documents.prepare("{viewer}")
        documents.prepare("{viewer}").operation(None)
    assert not work


def test_cache_statistics_can_be_read() -> None:
    documents = cache()
    for text in ("{viewer}", "{viewer}", "{item{name}}", "{viewer}"):
        documents.prepare(text)
    stats = documents.stats
    assert (stats.hits, stats.misses, stats.evictions, stats.entries) == (2, 2, 0, 2)
    assert 2 * DOCUMENT_BYTES < stats.bytes < 6 * DOCUMENT_BYTES


TREES = {
    "fields": "{" + "__typename " * 1900 + "}",
    "long names": "{" + "".join(f"a{number:0>40}:__typename " for number in range(250)) + "}",
    "arguments": "{" + "item(name:1) " * 300 + "}",
    "numbers": "{numbers(numbers:[" + "1," * 1900 + "])}",
    "objects": "{form(form:{" + "a:{a:1} " * 250 + "})}",
    "text": '{item(name:"' + "x" * 16_000 + '")}',
    "comments": "{viewer}" + "\n#" * 1900,
    "spreads": "{" + "...F " * 900 + "} fragment F on Query{viewer}",
    "variables": "query(" + "$a:Int=1 " * 300 + "){viewer}",
    "directives": "{viewer " + "@skip(if:true) " * 250 + "}",
    "small": "{viewer}",
}
COPIES = 2


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize("name", TREES)
def test_the_memory_of_documents_is_not_underestimated(name: str) -> None:
    shrinker = TreeShrinker()

    def prepared(text: str) -> Prepared:
        document = parse(text)
        return Prepared(document=document, nodes=shrinker.shrink(document), operations={}, has_grown=lambda: None)

    kept = [prepared(TREES[name])]
    gc.collect()
    tracemalloc.start()
    try:
        texts = [TREES[name] + " " * number for number in range(1, COPIES + 1)]
        kept += map(prepared, texts)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    estimated = sum(map(document_bytes, texts, kept[1:]))
    assert taken < estimated < 5 * taken + COPIES * DOCUMENT_BYTES


@pytest.mark.usefixtures("small_heap")
@pytest.mark.parametrize(
    ("queries", "times", "most_bytes"),
    [
        (200, 1, 320_000),
        pytest.param(400, 2, 640_000, marks=pytest.mark.verify),
        pytest.param(10_000, 1, 4_000_000, marks=pytest.mark.verify),
    ],
)
def test_a_flood_of_unique_queries_grows_no_memory(queries: int, times: int, most_bytes: int) -> None:
    documents = cache(most_bytes=most_bytes)
    hot = documents.prepare("{viewer}")
    assert documents.prepare("{viewer}") is hot
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(queries):
            for _ in range(times):
                documents.prepare(f"{{a{number}:viewer}}")
            if number % 20 == 0:
                assert documents.prepare("{viewer}") is hot
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert documents.stats.bytes <= most_bytes
    assert documents.stats.evictions > queries // 2
    assert taken < most_bytes
    assert documents.prepare("{viewer}") is hot


def test_a_growing_entry_counts_with_its_present_size() -> None:
    documents = cache()
    prepared = documents.prepare("query A{viewer} query B{viewer}")
    before = documents.stats.bytes
    for number, name in enumerate("AB", 1):
        prepared.operation(name).plan_bytes = number * 100_000
        prepared.has_grown()
    assert documents.stats.bytes == before + 300_000
    prepared.operation("A").plan_bytes = CACHED_BYTES
    prepared.has_grown()
    assert (documents.stats.entries, documents.stats.bytes) == (0, 0)
    prepared.has_grown()  # by a request that still runs it
    assert documents.prepare("query A{viewer} query B{viewer}") is not prepared


def test_errors_have_codes() -> None:
    documents = cache()
    assert [error["code"] for error in refused(documents, "{item{")] == ["SYNTAX_ERROR"]
    assert [error["code"] for error in refused(documents, "{nothing}")] == ["VALIDATION_ERROR"]
    assert [error["code"] for error in refused(documents, "fragment F on Item{name}")] == ["VALIDATION_ERROR"]


def test_a_flood_of_mistakes_is_answered_briefly() -> None:
    assert len(refused(cache(), "{__typename" + "@a" * 100 + "}")) == MOST_ERRORS + 1
    assert MOST_ERRORS < 9  # the number of errors that scanners report as a weakness


def test_conflicting_fields_are_refused() -> None:
    (error,) = refused(cache(), "{item{name:item{name} name}}")
    assert error["code"] == "VALIDATION_ERROR"


def test_operations_are_chosen_by_name() -> None:
    prepared = cache().prepare("query A{viewer} mutation B{change}")
    assert prepared.operation("B").type is OperationType.MUTATION
    with pytest.raises(DocumentRefused, match="operationName"):
        prepared.operation(None)
    with pytest.raises(DocumentRefused, match="no operation with the name"):
        prepared.operation("C")


def test_strangers_learn_nothing_about_the_schema() -> None:
    documents = cache()
    for text in ("{viewer}", "{nothing_like_this}", "{__schema{queryType{name}}}", "mutation{change}"):
        with pytest.raises(SignInRequired):
            documents.prepare(text, only=PUBLIC)
    with pytest.raises(SignInRequired):
        documents.prepare("{...F} fragment F on Query{viewer}", only=PUBLIC)
    documents.prepare("{viewer}")
    with pytest.raises(SignInRequired):  # a document that somebody else made known
        documents.prepare("{viewer}", only=PUBLIC)
    assert documents.prepare("{__typename}", only=PUBLIC).operation(None).root_fields == PUBLIC


def test_the_schema_can_be_hidden() -> None:
    hiding = cache(is_introspection_enabled=False)
    assert refused(hiding, "{__schema{queryType{name}}}")[0]["code"] == "VALIDATION_ERROR"
    assert "Did you mean" in refused(cache(), "{viewr}")[0]["message"]
    assert "Did you mean" not in refused(hiding, "{viewr}")[0]["message"]
    hiding.prepare("{__typename}")


@pytest.mark.parametrize(
    "text",
    [
        "{choice(by:{})}",
        '{choice(by:{byName:"a", byNumber:1})}',
        "{choice(by:{byName:null})}",
        "{...F} fragment F on Query{choice(by:{byNumber:$unknown})}",
        "fragment F on Query{choice(by:{byNumber:$unknown})} {...F}",
    ],
)
def test_a_choice_takes_exactly_one_value(text: str) -> None:
    assert {error["code"] for error in refused(cache(), text)} == {"VALIDATION_ERROR"}


def nested_list(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_lists_in_variables_are_limited() -> None:
    limit = LIMITS.list_items
    assert check_variables({"a": {"b": [0] * limit}}, LIMITS) is None
    error = check_variables({"a": {"b": [0] * (limit + 1)}}, LIMITS)
    assert error is not None
    assert error.extensions == {"code": "LIST_ITEMS_LIMIT", "limit": limit}


def test_the_depth_of_variables_is_limited() -> None:
    limit = LIMITS.variables_depth
    assert check_variables({"a": nested_list(limit)}, LIMITS) is None
    error = check_variables({"a": nested_list(limit + 1)}, LIMITS)
    assert error is not None
    assert error.extensions == {"code": "VARIABLES_DEPTH_LIMIT", "limit": limit}


def test_text_that_cannot_be_stored_is_refused_with_its_location():
    for text in ("a\0b", "\ud800"):
        error = check_variables({"input": {"tags": ["fine", text]}}, LIMITS)
        assert error is not None
        assert error.message.startswith("`tags` in `$input` ")
        assert error.extensions == {"code": "INVALID_INPUT"}
        error = check_variables({"slug": text}, LIMITS)
        assert error is not None
        assert error.message.startswith("`$slug` ")
    document = parse('{ a(b: [{c: "\\u0000"}]) }')
    error = check_literals(document, LIMITS)
    assert error is not None
    assert error.message.startswith("Text ")
    assert error.locations is not None
    assert (error.locations[0].line, error.locations[0].column) == (1, 13)
