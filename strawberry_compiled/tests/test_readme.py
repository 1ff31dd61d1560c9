"""The code of the README runs as it is printed."""

import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import httpx
import pytest
import strawberry

from strawberry_compiled import CompiledExecutor

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def names() -> Iterator[dict[str, Any]]:
    """Definitions of all README blocks, run in order as one module, in which Strawberry looks up the types."""
    module = sys.modules["readme"] = ModuleType("readme")
    exec("\n".join(BLOCKS), vars(module))
    yield vars(module)
    del sys.modules["readme"]


async def test_the_application_answers(names: dict[str, Any]) -> None:
    assert names["schema"].execution_context_class is CompiledExecutor
    transport = httpx.ASGITransport(names["app"])
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.post("/graphql", json={"query": "{ books { title } }"})
    assert response.json() == {
        "data": {"books": [{"title": "Emma"}, {"title": "Persuasion"}, {"title": "Wuthering Heights"}]}
    }


@pytest.mark.parametrize(
    ("type_name", "selection", "first"),
    [
        ("LoadedBook", "author { name }", {"author": {"name": "Jane Austen"}}),
        ("RelatedBook", "author { name }", {"author": {"name": "Jane Austen"}}),
        ("RatedBook", "ratings(atMost: 2)", {"ratings": [5, 4]}),
    ],
)
@pytest.mark.parametrize("executor", [None, CompiledExecutor], ids=["stock", "compiled"])
async def test_the_fields_answer(
    names: dict[str, Any], executor: Any, type_name: str, selection: str, first: Any
) -> None:
    book = names[type_name]

    @strawberry.type
    class Query:
        @strawberry.field(graphql_type=list[book])
        def books(self) -> Any:
            return [book(title=title, author_id=author_id) for title, author_id in names["BOOKS"]]

    schema = strawberry.Schema(Query, execution_context_class=executor)
    result = await schema.execute(f"{{ books {{ {selection} }} }}", context_value=names["context"]())
    assert result.errors is None
    assert result.data is not None
    assert result.data["books"][0] == first


class Connection:
    """The tables of the example, behind the one method of asyncpg that it uses."""

    TABLES: ClassVar = {
        "writer": [{"id": 1, "name": "Jane Austen", "born": date(1775, 12, 16)}, {"id": 2, "name": "?", "born": None}],
        "novel": [
            {"id": 1, "title": "Emma", "writer_id": 1, "shelf_id": 7},
            {"id": 2, "title": "Beowulf", "writer_id": 9, "shelf_id": 7},
            {"id": 3, "title": "Cranford", "writer_id": 2, "shelf_id": 8},
        ],
    }

    def __init__(self) -> None:
        self.columns: list[list[str]] = []

    async def fetch(self, query: str, keys: list[int]) -> list[tuple[Any, ...]]:
        columns, table, key = re.findall(r"SELECT (.*) FROM (\w+) WHERE (\w+) =", query)[0]
        self.columns.append(columns.split(", "))
        rows = [row for row in self.TABLES[table] if row[key] in keys]
        rows.sort(key=lambda row: (keys.index(row[key]), row.get("title", "")))
        return [tuple(row[name] for name in self.columns[-1]) for row in rows]


@pytest.mark.parametrize("has_rows", [False, True], ids=["objects", "rows"])
async def test_rows_give_the_answer_of_objects(names: dict[str, Any], has_rows: bool) -> None:
    shelf = names["Shelf"]

    @strawberry.type
    class Query:
        @strawberry.field(graphql_type=list[shelf])
        def shelves(self) -> Any:
            return [shelf(id=number) for number in (8, 7, 8, 6)]

    schema = strawberry.Schema(Query, execution_context_class=names["RowExecutor"] if has_rows else None)
    connection = Connection()
    query = "{ shelves { novels { title writer { name born } } } }"
    result = await schema.execute(query, context_value={"connection": connection})
    assert result.errors is None
    assert result.data is not None
    eight = [{"title": "Cranford", "writer": {"name": "?", "born": None}}]
    seven = [
        {"title": "Beowulf", "writer": None},
        {"title": "Emma", "writer": {"name": "Jane Austen", "born": "1775-12-16"}},
    ]
    assert [each["novels"] for each in result.data["shelves"]] == [eight, seven, eight, []]
    assert connection.columns[0] == [*([] if has_rows else ["id"]), "title", "writer_id", "shelf_id"]


async def test_a_load_function_finds_authors(names: dict[str, Any]) -> None:
    found = await names["authors_by_id"](None, [1, 3])
    assert [author.name for author in found.values()] == ["Jane Austen"]


def test_the_plan_that_is_shown_is_printed(names: dict[str, Any]) -> None:
    [shown] = re.findall(r"^    (# query .*?)^            \.\.\.$", README, re.DOTALL | re.MULTILINE)
    printed = names["explain"](names["schema"], "{ books { title } }")
    assert printed.startswith("\n".join(line.removeprefix("    ") for line in shown.splitlines()))
