"""The cases of `make size` fit the schema, and its report shows what was measured."""

from datetime import UTC, datetime

from graphql import OperationDefinitionNode, parse, validate
from graphql.execution.values import VariableValues, get_variable_values

from api.graphql.runner import graphql_schema
from api.schema import schema
from benchmarks.sizes.cases import MEASUREMENTS, Case, Workspace
from benchmarks.sizes.report import growth_of, report
from benchmarks.sizes.runner import Explained, Result, quantile

HERE = Workspace(
    slug="acme",
    project_id="prj_01jd0000000000000000000000",
    guest_email="guest@example.org",
    owner_email="owner@example.org",
    label="bug",
    person="Ada",
)


def cases() -> list[Case]:
    return [case for measurement in MEASUREMENTS for case in measurement(HERE)]


def test_every_case_is_a_valid_request() -> None:
    for case in cases():
        document = parse(case.query)
        assert validate(graphql_schema(schema), document) == []
        [operation] = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        values = get_variable_values(graphql_schema(schema), operation.variable_definitions or (), dict(case.variables))
        assert isinstance(values, VariableValues), f"{case.group}: {case.name}: {values}"


def test_each_case_has_a_name_of_its_own() -> None:
    names = [(case.group, case.name) for case in cases()]
    assert len(set(names)) == len(names)


def result(name: str, p50: float, *, worst: Explained | None = None) -> Result:
    return Result(
        group="filters",
        name=name,
        p50_ms=p50,
        p95_ms=2 * p50,
        first_ms=3 * p50,
        buffers=12_345,
        wal_bytes=0,
        outcome="50 items",
        worst=worst,
    )


def test_the_report_names_what_grows_and_the_plan_of_the_worst_case() -> None:
    slow = Explained(text="SELECT 1", plan="Seq Scan on issue", buffers=12_345, milliseconds=80.0)
    small = [result("label", 10.0), result("text", 10.0)]
    large = [result("label", 12.0), result("text", 40.0, worst=slow)]
    text = report(
        {200_000: small, 1_000_000: large}, ended_at=datetime(2026, 12, 1, tzinfo=UTC), machine="a machine", load=0.5
    )
    assert "| text | 40.0 | 80.0 | 120.0 | 12,345 | 0 | 50 items |" in text
    assert "| filters: text | 4.0 |" in text
    assert "filters: label" not in text
    assert "slowest case, text (80.0 ms):\n\n    SELECT 1\n\n    Seq Scan on issue\n" in text
    assert growth_of(small, large) == [("filters: text", 4.0), ("filters: label", 1.2)]


def test_a_quantile_is_a_measured_value() -> None:
    assert [quantile([3.0, 1.0, 2.0], share) for share in (0.0, 0.5, 0.95, 1.0)] == [1.0, 2.0, 3.0, 3.0]
