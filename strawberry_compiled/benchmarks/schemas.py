"""Schemas over in-memory data, which leave only execution to measure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import strawberry
from strawberry.dataloader import DataLoader

from strawberry_compiled import batched, loaded_by, related

BEGIN = datetime(2026, 1, 1, 12, 30, 15, tzinfo=UTC)


@strawberry.type
@dataclass(slots=True)
class Item:
    id: strawberry.ID
    name: str
    price: float
    count: int
    created_at: datetime


@strawberry.type
@dataclass(slots=True)
class Order:
    id: strawberry.ID
    number: int
    items: list[Item]


def item(number: int) -> Item:
    return Item(strawberry.ID(f"i{number}"), f"Item {number}", number * 1.5, number, BEGIN + timedelta(hours=number))


WIDE_FIELDS = 40
WIDE_KINDS: tuple[type, ...] = (str, int, float, bool)
Wide = strawberry.type(
    type(
        "Wide",
        (),
        {"__annotations__": {f"field_{number}": WIDE_KINDS[number % 4] for number in range(WIDE_FIELDS)}},
    )
)
WIDE_SELECTION = " ".join(f"field{number}" for number in range(WIDE_FIELDS))

ITEMS = [item(number) for number in range(200)]
ORDERS = [Order(strawberry.ID(f"o{start}"), start, ITEMS[start : start + 10]) for start in range(0, 200, 10)]
WIDES = [Wide(**{f"field_{n}": WIDE_KINDS[n % 4](n + row) for n in range(WIDE_FIELDS)}) for row in range(25)]


@strawberry.type
@dataclass(slots=True)
class Person:
    id: strawberry.ID
    name: str


@strawberry.type
@dataclass(slots=True)
class Label:
    id: strawberry.ID
    name: str
    color: str


@strawberry.type
@dataclass(slots=True)
class Total:
    count: int


PEOPLE = {f"u{number}": Person(strawberry.ID(f"u{number}"), f"User {number}") for number in range(7)}
LABELS = [Label(strawberry.ID(f"l{number}"), f"label-{number}", f"#ff00{number:02x}") for number in range(9)]


@dataclass(frozen=True, slots=True)
class Row:
    """An issue as a database would return it."""

    id: str
    title: str
    number: int
    created_at: datetime
    author_id: str


ROWS = [
    Row(f"i{number}", f"Issue {number}", number, BEGIN + timedelta(hours=number), f"u{number % 7}")
    for number in range(50)
]


BY_ID = {row.id: row for row in ROWS}


def labels_of(row: Row) -> list[Label]:
    return [LABELS[(row.number + offset) % len(LABELS)] for offset in range(3)]


def total_of(row: Row) -> Total:
    return Total(row.number * 3)


async def find_people(ids: list[str]) -> Sequence[Person]:
    return [PEOPLE[id_] for id_ in ids]


async def find_labels(issue_ids: list[str]) -> Sequence[list[Label]]:
    return [labels_of(BY_ID[id_]) for id_ in issue_ids]


async def find_totals(issue_ids: list[str]) -> Sequence[Total]:
    return [total_of(BY_ID[id_]) for id_ in issue_ids]


def context() -> dict[str, Any]:
    return {
        "people": DataLoader(load_fn=find_people),
        "labels": DataLoader(load_fn=find_labels),
        "totals": DataLoader(load_fn=find_totals),
    }


@strawberry.type
class IssueFields:
    id: strawberry.ID
    title: str
    number: int
    created_at: datetime


@strawberry.type
@dataclass(slots=True)
class ReadyIssue:
    """Issue whose relations are attributes of the object."""

    id: strawberry.ID
    title: str
    number: int
    created_at: datetime
    author: Person
    labels: list[Label]
    comments: Total


@strawberry.type
class LoadedIssue(IssueFields):
    """Issue whose relations come from DataLoaders, the way Strawberry's documentation shows."""

    @strawberry.field
    async def author(self: Any, info: strawberry.Info) -> Person:
        return await info.context["people"].load(self.author_id)

    @strawberry.field
    async def labels(self: Any, info: strawberry.Info) -> list[Label]:
        return await info.context["labels"].load(self.id)

    @strawberry.field
    async def comments(self: Any, info: strawberry.Info) -> Total:
        return await info.context["totals"].load(self.id)


people, labels, totals = (
    loaded_by(lambda info: info.context["people"]),
    loaded_by(lambda info: info.context["labels"]),
    loaded_by(lambda info: info.context["totals"]),
)


@strawberry.type
class AdaptedIssue(IssueFields):
    """Issue whose relations come from DataLoaders through `loaded_by`."""

    author: Person = related("author_id", people, graphql_type=Person, description="")
    labels: list[Label] = related("id", labels, graphql_type=list[Label], description="")
    comments: Total = related("id", totals, graphql_type=Total, description="")


async def people_by_id(info: strawberry.Info, ids: Sequence[str]) -> Mapping[str, Person]:
    return {id_: PEOPLE[id_] for id_ in ids}


@strawberry.type
class BatchedIssue(IssueFields):
    """Issue whose relations are batch fields."""

    author: Person = related("author_id", people_by_id, graphql_type=Person, description="")

    @batched(graphql_type=list[Label], description="")
    async def labels(issues: Sequence[Row], info: strawberry.Info) -> Sequence[list[Label]]:  # noqa: N805
        return [labels_of(issue) for issue in issues]

    @batched(graphql_type=Total, description="")
    async def comments(issues: Sequence[Row], info: strawberry.Info) -> Sequence[Total]:  # noqa: N805
        return [total_of(issue) for issue in issues]


READY = [
    ReadyIssue(row.id, row.title, row.number, row.created_at, PEOPLE[row.author_id], labels_of(row), total_of(row))
    for row in ROWS
]


@strawberry.type
class Query:
    @strawberry.field
    def items(self) -> list[Item]:
        return ITEMS

    @strawberry.field
    def orders(self) -> list[Order]:
        return ORDERS

    @strawberry.field(graphql_type=list[Wide])
    def wides(self) -> list[Any]:
        return WIDES

    @strawberry.field(graphql_type=list[ReadyIssue])
    def ready(self) -> list[Any]:
        return READY

    @strawberry.field(graphql_type=list[LoadedIssue])
    def loaded(self) -> list[Any]:
        return ROWS

    @strawberry.field(graphql_type=list[AdaptedIssue])
    def adapted(self) -> list[Any]:
        return ROWS

    @strawberry.field(graphql_type=list[BatchedIssue])
    def batched(self) -> list[Any]:
        return ROWS


_ISSUE = "{ id title number createdAt author { id name } labels { id name color } comments { count } }"
_LOADED = f"{{ issues: loaded {_ISSUE} }}"
SHAPES = {
    "flat list: 200 objects of 5 fields": "{ items { id name price count createdAt } }",
    "nested list: 20 lists of 10 objects": "{ orders { id number items { id name price count createdAt } } }",
    f"wide objects: 25 objects of {WIDE_FIELDS} fields": f"{{ wides {{ {WIDE_SELECTION} }} }}",
}
RELATIONS = {
    "attributes of the object": (f"{{ issues: ready {_ISSUE} }}", f"{{ issues: ready {_ISSUE} }}"),
    "DataLoaders, unchanged": (_LOADED, _LOADED),
    "DataLoaders; compiled: as `related` fields with `loaded_by`": (_LOADED, f"{{ issues: adapted {_ISSUE} }}"),
    "DataLoaders; compiled: as batch fields without them": (_LOADED, f"{{ issues: batched {_ISSUE} }}"),
}
"""The query of stock execution and that of compiled execution, which differ in the type that resolves the issues."""
