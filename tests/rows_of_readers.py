"""Rows that readers answer a projection with, compared with the entities that they answer without one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum
from random import Random
from types import SimpleNamespace
from typing import Any

from domain.app import App
from domain.shared.actor import Actor
from domain.shared.pages import Page, PageRequest
from infra.db.rows import KeyedRows, ListsOfRows, Rows
from strawberry_compiled import columns_of


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Objects as one user reads them, or the server itself."""

    app: App
    actor: Actor
    random: Random
    objects: Sequence[Any]
    readers: Mapping[type[Any], str]
    """Reader of the objects of a kind, on `App.read`."""

    def ids(self, kind: type[Any]) -> list[str]:
        return [each.id for each in self.objects if isinstance(each, kind)]

    async def parents(self, kind: type[Any]) -> list[Any]:
        """Objects of the kind that the actor sees, by ID."""
        reader = getattr(self.app.read, self.readers[kind])
        return sorted((await reader.by_ids(self.actor, self.ids(kind))).values(), key=lambda each: each.id)

    def projection(self, kind: type[Any], prefix: str = "") -> frozenset[str]:
        names = [field.name for field in fields(kind)]
        return frozenset(f"{prefix}{name}" for name in self.random.sample(names, self.random.randint(1, len(names))))

    def method(self, name: str) -> Callable[..., Awaitable[Any]]:
        reader, _, verb = name.partition(".")
        found: Callable[..., Awaitable[Any]] = getattr(getattr(self.app.read, reader), verb)
        return found


def stored(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def shown(entity: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: stored(getattr(entity, name)) for name in names}


def values(row: SimpleNamespace) -> dict[str, Any]:
    return {name: values(each) if isinstance(each, SimpleNamespace) else each for name, each in vars(row).items()}


async def compare_lookups(reading: Reading, by_ids: Callable[..., Awaitable[Any]], kind: type[Any]) -> None:
    ids = reading.ids(kind)
    entities: Mapping[str, Any] = await by_ids(reading.actor, ids)
    assert entities or reading.actor.is_guest, kind
    for _ in range(3):
        projection = reading.projection(kind)
        rows = await by_ids(reading.actor, ids, projection)
        assert isinstance(rows, KeyedRows)
        names = columns_of(projection)
        records = dict(zip(rows.row_keys, rows.rows.records, strict=True))
        assert {key: tuple(record)[: len(names)] for key, record in records.items()} == {
            key: tuple(shown(entity, names).values()) for key, entity in entities.items()
        }
        assert {key: values(row) for key, row in rows.items()} == {
            key: shown(entity, names) for key, entity in entities.items()
        }
        assert len({len(record) for record in rows.rows.records}) <= 1


async def compare_lists(
    reading: Reading, list_of: Callable[..., Awaitable[Any]], parent: type[Any], kind: type[Any]
) -> None:
    parents = await reading.parents(parent)
    reading.random.shuffle(parents)
    entities = await list_of(reading.actor, parents)
    assert any(entities) or reading.actor.is_guest, kind
    for _ in range(3):
        projection = reading.projection(kind)
        rows = await list_of(reading.actor, parents, projection)
        assert isinstance(rows, ListsOfRows)
        names = columns_of(projection)
        assert [[values(row) for row in each] for each in rows] == [
            [shown(entity, names) for entity in each] for each in entities
        ]
        assert sum(part.stop - part.start for part in rows.slices) == len(rows.rows)


def expected_page(page: Page[Any], nodes: Sequence[str] | None, edges: Sequence[str] | None) -> dict[str, Any]:
    """The page in the form of `values`, with all attributes of the page itself."""
    of_nodes = None if nodes is None else [shown(entity, nodes) for entity in page.nodes]
    of_edges = None
    if edges is not None:
        of_edges = [{"cursor": each.cursor, "node": shown(each.node, edges)} for each in page.edges]
    return {
        "nodes": of_nodes,
        "edges": of_edges,
        "page_info": {field.name: getattr(page.page_info, field.name) for field in fields(page.page_info)},
        "total_count": page.total_count,
        "total_count_is_exact": page.total_count_is_exact,
    }


OF_PAGE = frozenset(
    {
        "total_count",
        "total_count_is_exact",
        "page_info.has_next_page",
        "page_info.has_previous_page",
        "page_info.start_cursor",
        "page_info.end_cursor",
    }
)


async def compare_pages(
    reading: Reading, pages_of: Callable[..., Awaitable[Any]], parents: Sequence[Any], kind: type[Any], query: Any
) -> None:
    nodes, edges = reading.projection(kind, "nodes."), reading.projection(kind, "edges.node.")
    of_nodes = [each.removeprefix("nodes.") for each in sorted(nodes)]
    of_edges = [each.removeprefix("edges.node.") for each in sorted(edges)]
    cursor = {"edges.cursor"}
    for projection, names in (
        (nodes | edges | cursor, (of_nodes, of_edges)),
        (nodes, (of_nodes, None)),
        (edges | cursor, (None, of_edges)),
    ):
        for request in (PageRequest(first=2, is_counted=True), PageRequest(last=2, is_counted=True)):
            entities = await pages_of(reading.actor, parents, query, request)
            rows = await pages_of(reading.actor, parents, query, replace(request, projection=projection | OF_PAGE))
            assert isinstance(rows, Rows)
            expected = [expected_page(page, *names) for page in entities]
            assert [page_values(page, *names) for page in rows] == expected


def page_values(page: Any, nodes: Sequence[str] | None, edges: Sequence[str] | None) -> dict[str, Any]:
    return {
        **values(page),
        "nodes": None if nodes is None else list(map(values, page.nodes)),
        "edges": None if edges is None else list(map(values, page.edges)),
    }


async def compare_walks(reading: Reading, pages_of: Callable[..., Awaitable[Any]], above: Any, query: Any) -> None:
    """Asserts that pages of rows lead through the list both ways."""
    [whole] = await pages_of(reading.actor, [above], query, PageRequest(first=100))
    for is_backward in (False, True):
        found = await walked(pages_of, reading.actor, above, query, is_backward=is_backward)
        assert found == [entity.id for entity in whole.nodes]


async def walked(
    pages_of: Callable[..., Awaitable[Any]], actor: Actor, parent: Any, query: Any, *, is_backward: bool
) -> list[str]:
    """IDs of the list, read in pages of two."""
    found: list[str] = []
    projection = frozenset({"nodes.id"}) | OF_PAGE
    request = PageRequest(**{"last" if is_backward else "first": 2}, projection=projection)
    while True:
        [page] = await pages_of(actor, [parent], query, request)
        ids = [row.id for row in page.nodes]
        found = [*ids, *found] if is_backward else [*found, *ids]
        info = page.page_info
        if not (info.has_previous_page if is_backward else info.has_next_page):
            return found
        cursor = {"before": info.start_cursor} if is_backward else {"after": info.end_cursor}
        request = replace(request, **cursor)
