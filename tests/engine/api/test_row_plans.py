"""Compiled queries read only the columns that they show, and build no entity of the lists that they show."""

import gc
import re
from typing import Any
from weakref import ref

import pytest

from infra.db.projected import NamedColumns
from tests.compiled import Compiled
from tests.sample.documents import BOOK_LIST
from tests.sample.infra import reader as library
from tests.sample.world import LibraryWorld
from tests.statements import watched


class Kept:
    """An object that a context keeps."""


async def test_what_a_query_has_loaded_is_freed_without_a_garbage_collection(world: LibraryWorld) -> None:
    """Collections stopped the server for 10 ms and more."""
    compiled, kept = Compiled(world), Kept()
    known, slug = ref(kept), world.here.workspace.slug
    await compiled.run(BOOK_LIST, slug=slug, first=5)
    gc.disable()
    try:
        await compiled.run(BOOK_LIST, kept=kept, slug=slug, first=5)
        del kept
        assert known() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("taken", "path"), [(None, None), ("description", "workspace.books.nodes.0.title")], ids=["right", "wrong"]
)
async def test_a_shadow_run_notices_rows_of_other_columns(
    world: LibraryWorld,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    taken: str | None,
    path: str | None,
) -> None:
    if taken is not None:
        columns = library._BOOKS.columns
        shifted = NamedColumns({name: columns[taken if name == "title" else name] for name in columns})
        monkeypatch.setattr(library._BOOKS, "columns", shifted)
    compiled = Compiled(world, shadow_one_in=1)
    await compiled.run(BOOK_LIST, slug=world.here.workspace.slug, first=5)
    assert await compiled.differences() == (0 if path is None else 1)
    told = [record.facts["path"] for record in caplog.records if record.name == "api.graphql.shadow"]  # type: ignore[attr-defined]
    assert told == ([] if path is None else [path])


def selected(statement: str) -> list[str]:
    """Columns of the statement's innermost list of columns of books."""
    found = re.search(r"SELECT ((?:book\.\w+(?: AS \w+)?(?:, )?)+)", " ".join(statement.split()))
    assert found is not None, statement
    return [each.partition(" ")[0].removeprefix("book.") for each in found[1].split(", ")]


@pytest.mark.parametrize(
    ("selection", "columns"),
    [
        ("id", {"id"}),
        ("pages title", {"pages", "title"}),
        ("condition author { name }", {"condition", "author_id"}),
        ("tags { name }", {"id", "workspace_id"}),
        ("volumes { totalCount }", {"id", "workspace_id"}),
    ],
)
async def test_a_list_selects_the_columns_that_it_shows(world: LibraryWorld, selection: str, columns: set[str]) -> None:
    query = f"query ($slug: String!) {{ workspace(slug: $slug) {{ books {{ nodes {{ {selection} }} }} }} }}"
    with watched() as kept:
        await Compiled(world).run(query, slug=world.here.workspace.slug)
    [statement] = [each for each in kept.statements if "FROM book " in each and "parent_id" not in each]
    # The keys of the order are selected for cursors.
    assert set(selected(statement)) == columns | {"created_at", "id"}


async def test_no_entity_of_a_list_is_built(world: LibraryWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def built(*_row: Any) -> None:
        raise AssertionError("an entity was built")

    for table in (library._BOOKS, library._AUTHORS, library._SHELVES):
        monkeypatch.setattr(table, "build", built)
    monkeypatch.setattr(library, "_build_tag", built)
    data = await Compiled(world).run(BOOK_LIST, slug=world.here.workspace.slug, first=5)
    found = {node["id"]: node for node in data["workspace"]["books"]["nodes"]}
    book, volume = found[world.here.book.id], found[world.here.volume.id]
    assert (book["author"]["name"], book["shelf"]["name"], book["tags"][0]["name"]) == ("Woolf", "Novels", "classic")
    assert [each["id"] for each in book["volumes"]["nodes"]] == [volume["id"]]
    assert (volume["author"], volume["tags"], volume["volumes"]["nodes"]) == (None, [], [])
