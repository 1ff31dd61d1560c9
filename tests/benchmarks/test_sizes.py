"""The cases of `make size` fit the schema, and its report shows what was measured."""

from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, OperationDefinitionNode, parse, validate
from graphql.execution.values import VariableValues, get_variable_values

from api.graphql.runner import graphql_schema
from api.schema import schema
from benchmarks.failures import BenchmarkError
from benchmarks.sizes.cases import MEASUREMENTS, TREES, Case
from benchmarks.sizes.conditions import MOST_LEAVES, comparisons
from benchmarks.sizes.report import growth_of, report
from benchmarks.sizes.results import Explained, Result, code_of, outcome_of, quantile
from benchmarks.sizes.workspace import Workspace

ID = "01jd0000000000000000000000"
TIMES = ("2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "2026-12-01T00:00:00Z")
DATES = ("2026-01-01", "2025-01-01", "2026-12-01")
KINDS = {
    "id": "iss",
    "parentId": "iss",
    "milestoneId": "mil",
    "state.id": "stt",
    "project.id": "prj",
    "creator.id": "usr",
    "assignees.id": "usr",
    "labels.id": "lbl",
    "milestone.id": "mil",
}
NAMES = ("title", "text", "identifier", "state.name", "project.name", "project.key", "creator.name", "assignees.name")
MOMENTS = ("createdAt", "updatedAt", "completedAt", "archivedAt", "project.archivedAt")
EXAMPLES: dict[str, Any] = {
    **{path: (f"{kind}_{ID}", f"{kind}_{ID}") for path, kind in KINDS.items()},
    **dict.fromkeys((*NAMES, "labels.name", "milestone.name"), ("Let it be", "zzqx")),
    **dict.fromkeys(MOMENTS, TIMES),
    **dict.fromkeys(("startDate", "dueDate", "milestone.dueDate"), DATES),
    "number": (500, 1, 999),
    "estimate": (3, 1, 13),
}
HERE = Workspace(
    workspace_id=f"wsp_{ID}",
    slug="acme",
    project_id=f"prj_{ID}",
    milestone_id=f"mil_{ID}",
    parent_id=f"iss_{ID}",
    issues=[f"iss_{ID}"] * 100,
    identifier="ENG-12",
    states=[f"stt_{ID}"] * 2,
    revision=5_000,
    member_email="member@example.org",
    guest_email="guest@example.org",
    owner_email="owner@example.org",
    examples=EXAMPLES,
)


def issue_filter() -> GraphQLInputObjectType:
    found = graphql_schema(schema).type_map["IssueFilter"]
    assert isinstance(found, GraphQLInputObjectType)
    return found


def cases() -> list[Case]:
    return [case for measurement in MEASUREMENTS for case in measurement(HERE)]


def test_every_case_is_a_valid_request() -> None:
    for text in {case.query for case in cases()} | {case.undo for case in cases() if case.undo}:
        assert validate(graphql_schema(schema), parse(text)) == [], text
    for case in cases():
        [operation] = parse(case.query).definitions
        assert isinstance(operation, OperationDefinitionNode)
        given = dict(case.given(1))
        values = get_variable_values(graphql_schema(schema), operation.variable_definitions or (), given)
        assert isinstance(values, VariableValues), f"{case.group}: {case.name}: {values}"


def test_each_case_has_a_name_of_its_own() -> None:
    names = [(case.group, case.name) for case in cases()]
    assert len(set(names)) == len(names)


def test_each_operation_of_each_field_of_the_filter_is_a_case() -> None:
    def places(type_: GraphQLInputObjectType) -> set[tuple[str, ...]]:
        found: set[tuple[str, ...]] = set()
        for name, field in type_.fields.items():
            inner = getattr(field.type, "of_type", field.type)
            if name not in {"and", "or", "not"}:
                is_filter = isinstance(inner, GraphQLInputObjectType)
                found |= {(name, *rest) for rest in places(inner)} if is_filter else {(name,)}
        return found

    def place(filter: Any) -> tuple[str, ...]:
        if not isinstance(filter, dict):
            return ()
        [(name, inner)] = filter.items()
        return (name, *place(inner))

    assert {place(each.filter) for each in comparisons(issue_filter(), EXAMPLES)} == places(issue_filter())


def test_a_field_without_values_to_compare_with_is_named() -> None:
    with pytest.raises(BenchmarkError, match=r"state\.name"):
        list(comparisons(issue_filter(), {name: EXAMPLES[name] for name in EXAMPLES if name != "state.name"}))


def test_random_filters_have_up_to_ten_conditions_and_are_the_same_each_time() -> None:
    first, second = ([case.name for case in cases() if case.group == "random filters"] for _ in range(2))
    assert first == second
    assert len(first) == TREES
    plain = [name for name in first if "(" not in name]
    assert 0 < len(plain) <= TREES // MOST_LEAVES


def result(name: str, p50: float, *, worst: Explained | None = None, **others: Any) -> Result:
    figures: dict[str, Any] = {
        "group": "filters",
        "name": name,
        "p50_ms": p50,
        "p95_ms": 2 * p50,
        "first_ms": 3 * p50,
        "most_ms": 4 * p50,
        "buffers": 12_345,
        "wal_bytes": 0,
        "outcome": "50 items",
        "is_refused": False,
        "is_failed": False,
        "worst": worst,
    }
    return Result(**figures | others)


def reported(results: dict[int, list[Result]]) -> str:
    return report(results, ended_at=datetime(2026, 12, 1, tzinfo=UTC), machine="a machine", load=0.5)


def test_the_report_names_what_grows_and_the_plan_of_the_worst_case() -> None:
    slow = Explained(text="SELECT 1", plan="Seq Scan on issue", buffers=12_345, milliseconds=80.0)
    small = [result("label", 10.0), result("text", 10.0), result("word", 10.0, outcome="49 items")]
    large = [result("label", 12.0), result("text", 40.0, worst=slow), result("word", 40.0)]
    text = reported({200_000: small, 1_000_000: large})
    assert "| text | 40.0 | 80.0 | 120.0 | 12,345 | 0 | 50 items |" in text
    assert "| filters: text | 4.0 |" in text
    assert "filters: label" not in text
    assert "slowest case, text (80.0 ms):\n\n    SELECT 1\n\n    Seq Scan on issue\n" in text
    assert growth_of(small, large) == [("filters: text", 4.0), ("filters: label", 1.2)]


def test_the_report_counts_and_names_what_misses_a_bound() -> None:
    broad: dict[str, Any] = {"outcome": "FILTER_TOO_BROAD", "is_refused": True}
    failed = result("failed", 1.0, is_failed=True)
    text = reported({7: [result("fast", 1.0), result("slow", 60.0), result("late", 300.0, **broad), failed]})
    assert "| p95 over 100 ms | 2 |" in text
    assert "| first request over 200 ms | 1 |" in text
    assert "| any request over 1,000 ms | 1 |" in text
    assert "| refused with SORT_NOT_INDEXED or FILTER_TOO_BROAD | 1 |" in text
    assert "| failed otherwise | 1 |" in text
    assert "- filters: late (p95 600 ms, first 900 ms, longest 1200 ms; FILTER_TOO_BROAD)" in text


def test_large_groups_and_deep_pages_take_few_lines() -> None:
    many = [result(f"case {place}", place + 1.0) for place in range(300)]
    pages = [result("priority", 2.0, group="sorts", page=page) for page in ("1", "10", "last")]
    text = reported({7: [*many, *pages], 5: many})
    assert "| case 299 |" in text
    assert "| case 200 |" not in text
    assert "300 cases:" in text
    assert "| priority | 2.0 / 4.0 (6.0) | 2.0 / 4.0 (6.0) | 2.0 / 4.0 (6.0) | 12,345 |" in text
    assert len(text.splitlines()) < 150  # of 603 results


def test_an_outcome_is_the_error_or_the_number_of_items() -> None:
    refusal = {"errors": [{"extensions": {"code": "FILTER_TOO_BROAD"}}]}
    assert (outcome_of(refusal), code_of(refusal)) == ("FILTER_TOO_BROAD", "FILTER_TOO_BROAD")
    lists = [{"list": {"nodes": [1, 2]}}, {"list": {"nodes": [3]}}]
    assert outcome_of({"data": {"workspace": {"projects": {"nodes": lists}}}}) == "3 items"
    counted = {"list": {"totalCount": 10_000, "totalCountIsExact": False, "nodes": [1]}}
    assert outcome_of({"data": {"workspace": counted}}) == "counted at least 10,000"
    assert outcome_of({"data": {"issueUpdate": {"errors": [{"message": "Not here."}]}}}) == "Not here."
    assert outcome_of({"data": {"node": {"id": "x"}}}) == "answered"


def test_a_quantile_is_a_measured_value() -> None:
    assert [quantile([3.0, 1.0, 2.0], share) for share in (0.0, 0.5, 0.95, 1.0)] == [1.0, 2.0, 3.0, 3.0]
