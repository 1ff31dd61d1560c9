"""DateTime and Date take exactly RFC 3339, as variables and as literals."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLScalarType

from api.graphql.masking import format_errors
from api.graphql.runner import graphql_schema
from tests.sample.application import SCHEMA
from tests.sample.world import LibraryWorld


def scalar(name: str) -> GraphQLScalarType:
    kind = graphql_schema(SCHEMA).type_map[name]
    assert isinstance(kind, GraphQLScalarType)
    return kind


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31t12:00:00z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.5+02:00", datetime(2026, 1, 31, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31T12:00:00-00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.1234567890123Z", datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC)),
        ("2024-02-29T23:59:59+23:59", datetime(2024, 2, 29, 0, 0, 59, tzinfo=UTC)),
        ("1990-12-31T23:59:60Z", datetime(1991, 1, 1, tzinfo=UTC)),
        ("1990-12-31T15:59:60.25-08:00", datetime(1991, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_date_time_of_rfc_3339_is_read(text: str, moment: datetime):
    assert scalar("DateTime").parse_value(text) == moment


@pytest.mark.parametrize(
    "wrong",
    [
        "2026-01-31",
        "2026-01-31T12:00Z",
        "2026-01-31T12Z",
        "2026-01-31T12:00:00",
        "2026-01-31 12:00:00Z",
        "2026-01-31_12:00:00Z",
        "2026-W05-6T12:00:00Z",
        "2026W056T120000Z",
        "20260131T120000Z",
        "2026-031T12:00:00Z",
        "2026-01-31T12:00:00,5Z",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00+02",
        "2026-01-31T12:00:00+0200",
        "2026-01-31T12:00:00+02:00:30",
        "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00+02:60",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:61Z",
        "2026-01-31T12:00:60Z",
        "2026-01-30T23:59:60Z",
        "2026-02-30T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "+2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00Z ",
        "2026-01-31T12:00:00Z\n",
        "2026-01-31T12:00:00Z\0",
        "\u0662026-01-31T12:00:00Z",
        "2026\u201301-31T12:00:00Z",
        "",
        "now",
        "\ud800",
        1_700_000_000,
        1.5,
        True,
        ["2026-01-31T12:00:00Z"],
        {},
    ],
)
def test_a_date_time_outside_rfc_3339_is_refused(wrong: Any):
    with pytest.raises(GraphQLError, match="RFC 3339"):
        scalar("DateTime").parse_value(wrong)


@pytest.mark.parametrize("wrong", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "9999-12-31T23:59:60Z"])
def test_a_date_time_beyond_what_can_be_stored_is_refused(wrong: str):
    with pytest.raises(GraphQLError, match="out of range"):
        scalar("DateTime").parse_value(wrong)


def test_a_date_of_rfc_3339_is_read():
    assert scalar("Date").parse_value("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "wrong",
    [
        "2026-W05-6",
        "2026W056",
        "2026-W05",
        "20260131",
        "2026-031",
        "2026-1-31",
        "2026-02-30",
        "0000-01-01",
        "2026-01-31T00:00:00Z",
        "2026-01-31 ",
        "2026-01-31\n",
        "\u0662026-01-31",
        "",
        20260131,
        True,
        [],
    ],
)
def test_a_date_outside_rfc_3339_is_refused(wrong: Any):
    with pytest.raises(GraphQLError, match="RFC 3339"):
        scalar("Date").parse_value(wrong)


LIST = """query ($id: ID!, $filter: BookFilter) { node(id: $id) {
  ... on Workspace { books(filter: $filter) { totalCount } } } }"""

LITERAL = """{ node(id: "%s") {
  ... on Workspace { books(filter: %s) { totalCount } } } }"""


async def test_a_refusal_names_the_path_in_a_variable_and_the_place_in_a_document(world: LibraryWorld):
    wrong = {"or": [{"createdAt": {"in": ["2026-01-31T12:00:00Z", "2026-01-31"]}}]}
    workspace_id = world.here.workspace.id
    _, by_variable = await world.member.execute(LIST, id=workspace_id, filter=wrong)
    [error] = format_errors(by_variable)
    assert error["message"].startswith("Variable '$filter' has invalid value at .or[0].createdAt.in[1]: ")
    assert error["locations"] == [{"line": 1, "column": 18}]

    literal = LITERAL % (workspace_id, '{dueOn: {gt: "2026-W05-6"}}')
    _, by_literal = await world.member.execute(literal)
    [error] = format_errors(by_literal)
    assert "RFC 3339" in error["message"]
    assert error["locations"] == [{"line": 2, "column": 49}]


async def test_a_literal_in_lower_case_is_taken(world: LibraryWorld):
    later = LITERAL % (world.here.workspace.id, '{createdAt: {gt: "2020-01-01t00:00:00z"}}')
    data = await world.member.run(later)
    assert data == {"node": {"books": {"totalCount": 2}}}
