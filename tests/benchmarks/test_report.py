"""The tables, and that every operation is valid in the schema and known to every server."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import parse, validate

from api.graphql.runner import graphql_schema
from api.schema import schema
from benchmarks.dataset import Dataset
from benchmarks.measuring import Plan, stretched
from benchmarks.micro import fields_in
from benchmarks.operations import REFERENCE, VIEWER, operations
from benchmarks.report import Facts, report
from benchmarks.servers import PEERS, SERVERS, Server
from infra.settings import load_settings
from tests.benchmarks.test_figures import samples


@pytest.fixture
def dataset() -> Dataset:
    return Dataset(
        settings=load_settings(),
        issues=20_000,
        comments=60_000,
        slug="acme",
        identifier="ENG-1",
        label="bug",
        mutated=("iss_1",),
    )


def test_operations_are_valid(dataset: Dataset) -> None:
    for operation in operations(dataset):
        assert validate(graphql_schema(schema), parse(operation.text)) == []


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_every_server_is_asked_for_every_operation_that_it_does_not_skip(server: Server, dataset: Dataset) -> None:
    for operation in operations(dataset):
        if operation.name not in server.skipped:
            request = server.asked(operation, dataset)
            assert request.method == ("POST" if request.body else "GET")
            assert not request.body or json.loads(request.body)


def test_packages_are_locked_without_addresses_and_by_exact_version() -> None:
    lock = (PEERS / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    wanted = json.loads((PEERS / "package.json").read_text())
    names = wanted["dependencies"] | wanted["optionalDependencies"]
    packages: dict[str, Any] = json.loads(lock)["packages"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in names} == names


def test_the_report_shows_rates_ratios_goals_and_what_was_left_out(dataset: Dataset) -> None:
    chosen = {server.name: server for server in SERVERS}
    plan = Plan(
        servers=[chosen["workgraph"], chosen["core"], chosen["postgraphile"]],
        operations=[each for each in operations(dataset) if each.name in (VIEWER, REFERENCE, "update")],
        rounds=2,
        seconds=3,
        warm_up=1,
    )
    measured = [*samples("workgraph", 300, 280), *samples("core", 200, 140)]
    facts = Facts(
        ended_at=datetime(2026, 1, 2, tzinfo=UTC),
        machine="A processor, 2 cores",
        versions={"Python": "3.11.7", "wrk": "4.1.0"},
        issues=20_000,
        comments=60_000,
        minutes=12.3,
        executor=["| executor |"],
    )
    lines = report(plan, measured, facts, "## What is compared\n\nAll of it.\n").splitlines()
    assert (
        "- 20,000 issues with 60,000 comments; 2 rounds, 3 s of load for each figure, after 1 s of warming up with each"
        in lines
    )
    assert "- Python 3.11.7, wrk 4.1.0." in lines
    assert "| Workgraph | 290 (280–300) |  | 1.0 | 2.0 | 1.00 | 1.00 | 0 |" in lines
    assert (
        "| FastAPI by hand: SQLAlchemy Core | 170 (140–200) | 1.75 (1.50–2.00) | 1.0 | 2.0 | 1.00 | 1.00 | 0 |" in lines
    )
    assert "| reference list against SQLAlchemy Core by hand | 1 | 1.75 (1.50–2.00) | yes | 1.00 |" in lines
    assert any(line.startswith("Not measured: PostGraphile 5, because its generated mutation") for line in lines)
    assert lines[-3:] == ["## What is compared", "", "All of it."]


def test_rounds_measure_the_other_connections_of_lesser_operations_last(dataset: Dataset) -> None:
    reference, nested = (
        next(each for each in operations(dataset) if each.name == name) for name in (REFERENCE, "nested")
    )
    plan = Plan(servers=SERVERS, operations=[reference, nested], rounds=3, seconds=3, warm_up=1)
    assert [plan.connections(nested, number) for number in range(3)] == [(8,), (8,), (8, 1, 64)]
    assert [plan.connections(reference, number) for number in range(3)] == [(8, 1, 64)] * 3


def test_a_slow_server_gets_the_time_to_answer_each_connection_some_times() -> None:
    assert stretched(2, connections=64, rate=20.0) == 13
    assert stretched(2, connections=64, rate=2.0) == 15
    assert stretched(2, connections=64, rate=500.0) == 2
    assert stretched(3, connections=8, rate=math.inf) == 3


def test_a_full_run_stays_under_25_minutes(dataset: Dataset) -> None:
    plan = Plan(servers=SERVERS, operations=operations(dataset), rounds=3, seconds=2, warm_up=2)
    assert 15 * 60 < plan.estimate < 25 * 60


def test_fields_are_counted_wherever_they_are() -> None:
    assert fields_in({"a": 1, "b": [{"c": 1}, {"c": {"d": None}}], "e": [[1, 2]]}) == 6
