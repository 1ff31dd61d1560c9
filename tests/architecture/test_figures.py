"""Figures and limits of the documents are those of the benchmarks, the settings, the schema and the tests."""

import json
import re
from pathlib import Path

from graphql import build_schema

from api.schema import sdl
from infra.jobs.in_process import POOL_SIZE as COMMAND_CONNECTIONS
from infra.jobs.worker import POOL_SIZE as LEASE_CONNECTIONS
from infra.settings import PREFIX, Settings
from tests.cli.tree import commands, first_paragraph

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
RESULTS = (ROOT / "benchmarks/RESULTS.md").read_text()
DOCS = {path.relative_to(ROOT / "docs").as_posix(): path.read_text() for path in ROOT.glob("docs/**/*.md")}
LIMIT = re.compile(rf"^\| [^|]+ \| ([^|]+) \| `{PREFIX}(\w+)` \|$", re.MULTILINE)
KIBI = 1024


def default(name: str) -> int:
    value = Settings.model_fields[name].default
    assert int(value) == value
    return int(value)


def words(text: str) -> str:
    """The text on one line."""
    return re.sub(r"\s+", " ", text)


def expected_figures(results: str) -> list[str]:
    statements = re.search(r"statements = (\d+) if", (ROOT / "tests/tracker/api/test_statements.py").read_text())
    audits = re.search(r"^AUDITS = (\d+)$", (ROOT / "tests/e2e/test_audits.py").read_text(), re.MULTILINE)
    postgres = re.search(r"PostgreSQL (\d+)\.", results)
    mutations = build_schema(sdl()).mutation_type
    samples = json.loads((ROOT / "api/explorer/page/samples/samples.json").read_text())["samples"]
    assert statements is not None
    assert audits is not None
    assert postgres is not None
    assert mutations is not None
    return [
        f"start PostgreSQL {postgres[1]} and",
        f"takes {statements[1]} SQL statements",
        f"All {len(mutations.fields)} mutations accept",
        f"passes {audits[1]} of {audits[1]} audits",
        f"{len(samples)} sample operations",
        f"{default('graphql_cost'):,} points per operation and {default('graphql_cost_per_hour'):,} per hour",
        f"valid for {default('access_token_minutes')} minutes",
        f"{default('request_body_bytes') // KIBI**2} MB per request body",
        f"{default('graphql_document_bytes') // KIBI} KB per GraphQL document",
        f"{default('graphql_depth')} levels, {default('graphql_aliases')} aliases and",
        f"{default('graphql_root_fields')} root fields per operation",
        f"{default('request_seconds')} s per request, {default('socket_user_limit')} sockets per user",
    ]


def test_the_figures_of_the_readme_are_current() -> None:
    assert [figure for figure in expected_figures(RESULTS) if figure not in words(README)] == []
    changed = expected_figures(RESULTS.replace("PostgreSQL 18.", "PostgreSQL 99."))
    assert "start PostgreSQL 99 and" in changed


def test_every_mutation_accepts_an_idempotency_key() -> None:
    schema = build_schema(sdl())
    assert schema.mutation_type is not None
    inputs = {name: field.args["input"].type.of_type for name, field in schema.mutation_type.fields.items()}
    assert [name for name, each in inputs.items() if "idempotencyKey" not in each.fields] == []


def test_limits_are_those_of_the_settings() -> None:
    units = {"": 1, " s": 1, " KB": KIBI, " MB": KIBI**2}
    shown = LIMIT.findall(DOCS["reference/graphql-api.md"])
    assert len(shown) > 9
    for text, name in shown:
        number, unit = re.fullmatch(r"([\d,]+)(.*)", text).groups()  # type: ignore[union-attr]
        assert int(number.replace(",", "")) * units[unit] == default(name.lower()), name
    for sentence in (
        f"An access token is valid for {default('access_token_minutes')} minutes",
        f"ends after {default('refresh_token_days')} days without a refresh, and after {default('session_days')} days",
    ):
        assert sentence in words(DOCS["how-to/sign-in.md"])
    assert f"at least {default('password_characters')} characters" in words(DOCS["reference/accounts.md"])


def test_default_pools_of_four_api_processes_and_two_workers_fit_postgresql() -> None:
    reads, writes = default("database_pool_size"), default("database_write_pool_size")
    needed = 4 * (reads + writes + 1) + 2 * (reads + writes + LEASE_CONNECTIONS)
    sum_ = f"4 × ({reads} + {writes} + 1) + 2 × ({reads} + {writes} + {LEASE_CONNECTIONS}) = {needed}"
    page = words(DOCS["how-to/database-connections.md"])
    assert f"need {sum_} and leave {97 - needed} for commands" in page
    assert f"{reads} for reading, {writes} for writing, and {COMMAND_CONNECTIONS} for the lease of its job" in page
    assert 97 - needed >= 2, "PostgreSQL reserves 3 of 100; migrate and doctor, one at a time, open 2."


def test_all_commands_and_targets_are_listed() -> None:
    page = DOCS["reference/commands.md"]
    listed = re.findall(r"^\| `(workgraph [a-z ]+)` \| (.*) \|$", page, re.MULTILINE)
    purposes = {name: first_paragraph(each) for name, each in commands().items() if each.callback is not None}
    assert dict(listed) == {name: text for name, text in purposes.items() if name != "workgraph"}
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(re.findall(r"^\| `make (\w+)", page, re.MULTILINE)) == sorted(set(targets) - {"help"})


def test_pages_are_short_and_listed() -> None:
    assert len(README.splitlines()) <= 260
    assert [name for name, text in DOCS.items() if len(text.splitlines()) >= 200] == []
    linked = set(re.findall(r"\]\(([\w/-]+\.md)\)", DOCS["README.md"]))
    assert linked == DOCS.keys() - {"README.md"}
