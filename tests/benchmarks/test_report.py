"""The tables, and that every operation is valid in the schema and known to every server."""

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from api.graphql.runner import graphql_schema
from api.schema import schema
from benchmarks.dataset import Dataset
from benchmarks.measuring import Plan, stretched
from benchmarks.micro import fields_in
from benchmarks.operations import NESTED, REFERENCE, UPDATE, VIEWER, operations
from benchmarks.places import PEERS, PYTHON_PEERS, ROOT
from benchmarks.report import Facts, report
from benchmarks.servers import SERVERS, WRITERS, Server, Setting
from infra.settings import load_settings
from tests.benchmarks.test_figures import samples


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return Dataset(
        settings=load_settings(data_dir=tmp_path),
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
        if server.offers(operation):
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
    # Yoga's plugin would bring an older one than Mercurius runs on.
    assert [name for name in packages if name.endswith("/graphql-jit") and "@envelop" not in name] == [
        "node_modules/graphql-jit"
    ]


@pytest.mark.parametrize("name", ["requirements", "fraiseql"])
def test_packages_of_the_python_peers_are_locked_as_ours_are(name: str) -> None:
    lock = (PYTHON_PEERS / f"{name}.txt").read_text()
    assert "://" not in lock
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.MULTILINE))
    assert lock.count("--hash=sha256:") > len(locked) > 20
    ours = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    shared = {each: locked[each] for each in ("httptools", "orjson", "python-jose", "starlette", "uvicorn", "uvloop")}
    assert shared.items() <= ours.items(), "Run: make lock"
    wanted = re.findall(r"^([a-z0-9-]+)==(\S+)", (PYTHON_PEERS / f"{name}.in").read_text(), re.MULTILINE)
    assert dict(wanted).items() <= locked.items()
    excluded = re.findall(r"^([a-z]+)$", (ROOT / "excluded.txt").read_text(), re.MULTILINE)
    assert "ecdsa" in excluded
    assert locked.keys().isdisjoint(excluded)


def test_every_python_peer_is_a_program_of_its_own(dataset: Dataset) -> None:
    setting = Setting(dataset=dataset, port=1, keys=[], folder=dataset.settings.data_dir)
    modules = {server.start(setting)[0][2] for server in SERVERS if server.start(setting)[0][1] == "-m"}
    files = {path.stem for path in (PYTHON_PEERS / "apps").glob("with_*.py")}
    assert {name.rpartition(".")[2] for name in modules if "python_peers" in name} == files


FACTS = Facts(
    ended_at=datetime(2026, 1, 2, tzinfo=UTC),
    machine="A processor, 2 cores",
    versions={"Python": "3.11.7", "wrk": "4.1.0"},
    issues=20_000,
    comments=60_000,
    minutes=12.3,
    executor=["| executor |"],
)
CHOSEN = {server.name: server for server in SERVERS}


def plan_of(dataset: Dataset, *servers: str) -> Plan:
    return Plan(
        servers=[CHOSEN[name] for name in servers],
        operations=[each for each in operations(dataset) if each.name in (VIEWER, REFERENCE, UPDATE)],
        rounds=2,
        seconds=3,
        warm_up=1,
    )


def test_the_report_shows_rates_ratios_goals_and_what_was_left_out(dataset: Dataset) -> None:
    measured = [*samples("workgraph", 300, 280), *samples("asyncpg", 200, 140)]
    facts = replace(FACTS, left_out={"before": "the git history here does not have commit 12345678"})
    plan = plan_of(dataset, "workgraph", "before", "asyncpg", "postgraphile")
    lines = report(plan, measured, facts, "## What is compared\n\nAll of it.\n").splitlines()
    assert (
        "- 20,000 issues with 60,000 comments; 2 rounds, 3 s of load for each figure, after 1 s of warming up with each"
        in lines
    )
    assert "- Python 3.11.7, wrk 4.1.0." in lines
    assert "| Workgraph | 290 (280–300) |  | 1.0 | 2.0 | 1.00 | 1.00 | 0 |" in lines
    assert "| FastAPI by hand: asyncpg | 170 (140–200) | 1.75 (1.50–2.00) | 1.0 | 2.0 | 1.00 | 1.00 | 0 |" in lines
    assert "| reference list : asyncpg by hand | ≥ 1 | ≥ 1.5 | **1.75 (1.50–2.00)** | 1.00 | aim reached |" in lines
    assert "| `viewer` : Apollo Server | ≥ 1 | ≥ 1.6 |  |  | not measured: not part of this run |" in lines
    reason = "the git history here does not have commit 12345678"
    row = "| `issueUpdate`, CPU of a request : the commit before | ≤ 0.45 | ≤ 0.35 |  |  |"
    assert f"{row} not measured: {reason} |" in lines
    assert lines[lines.index("## Left out") + 2] == f"- Workgraph before the work on speed: {reason}"
    assert any(line.startswith("Not measured: PostGraphile 5, because its generated mutation") for line in lines)
    assert lines[-3:] == ["## What is compared", "", "All of it."]


def test_a_long_reason_for_leaving_a_server_out_takes_one_line(dataset: Dataset) -> None:
    facts = replace(FACTS, left_out={"apollo": "npm ci failed:\nnpm warn\n  npm error missing\n"})
    text = report(plan_of(dataset, "workgraph", "apollo"), samples("workgraph", 300), facts, "")
    assert "\n- Apollo Server: npm ci failed: … npm error missing\n" in text


@pytest.mark.parametrize(
    ("others", "verdict"),
    [
        (
            0.01,
            "The machine was quiet: processes that have no part in the benchmark used 1% of it (median), 1% at worst",
        ),
        (0.2, "**The machine was not quiet; measure again**: processes that have no part in the benchmark used 20%"),
    ],
)
def test_the_report_says_whether_the_machine_was_quiet(others: float, verdict: str, dataset: Dataset) -> None:
    measured = [replace(each, others=others) for each in samples("workgraph", 300, 280)]
    text = report(plan_of(dataset, "workgraph"), measured, FACTS, "")
    assert verdict in " ".join(text.split())


def test_rounds_measure_the_other_connections_of_lesser_operations_last(dataset: Dataset) -> None:
    reference, nested, update = (
        next(each for each in operations(dataset) if each.name == name) for name in (REFERENCE, NESTED, UPDATE)
    )
    plan = Plan(servers=SERVERS, operations=[reference, nested], rounds=3, seconds=3, warm_up=1)
    ours, before, apollo = (CHOSEN[name] for name in ("workgraph", "before", "apollo"))
    assert [plan.connections(apollo, nested, number) for number in range(3)] == [(8,), (8,), (8, 1, 64)]
    assert [plan.connections(apollo, reference, number) for number in range(3)] == [(8, 1, 64)] * 3
    assert [plan.connections(ours, update, number) for number in range(3)] == [(8, 16), (8, 16), (8, 1, 64, 16)]
    assert [plan.connections(before, update, number) for number in range(3)] == [(8, WRITERS)] * 3


def test_a_slow_server_gets_the_time_to_answer_each_connection_some_times() -> None:
    assert stretched(2, connections=64, rate=20.0) == 13
    assert stretched(2, connections=64, rate=2.0) == 15
    assert stretched(2, connections=64, rate=500.0) == 2
    assert stretched(3, connections=8, rate=math.inf) == 3


def test_a_full_run_stays_under_35_minutes(dataset: Dataset) -> None:
    plan = Plan(servers=SERVERS, operations=operations(dataset), rounds=3, seconds=2, warm_up=2)
    assert 15 * 60 < plan.estimate < 33 * 60


def test_fields_are_counted_wherever_they_are() -> None:
    assert fields_in({"a": 1, "b": [{"c": 1}, {"c": {"d": None}}], "e": [[1, 2]]}) == 6
