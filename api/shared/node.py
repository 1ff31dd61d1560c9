"""Lookup of entities by ID."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeAlias, cast

import strawberry

from api.shared.arguments import NodeId, NodeIds
from api.shared.context import Info
from api.shared.list_sizes import at_most
from domain.app import App
from domain.shared.actor import Actor
from domain.shared.errors import InvalidInput, LimitExceeded
from domain.shared.ids import prefix_of
from strawberry_compiled import decides_by_class

MOST_NODES = 100

Path: TypeAlias = tuple[str, ...]
ByIds: TypeAlias = Callable[[Actor, Sequence[str]], Awaitable[Mapping[str, Any]]]

NodeLookup: TypeAlias = Callable[[App], ByIds]


class HasNodes(Protocol):
    """A schema that finds entities of its slices by the prefix of their IDs."""

    nodes: Mapping[str, NodeLookup]


@strawberry.interface(description="An object with a globally unique ID.")
class Node:
    describes: ClassVar[type]
    is_read_as_rows: ClassVar[bool] = False
    """Whether readers of the entity take a projection, and then answer with rows."""

    id: strawberry.ID = strawberry.field(
        description="Unique ID of the object. The prefix names the type, such as `usr` for users."
    )

    @classmethod
    @decides_by_class
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, cls.describes)


async def nodes_by_ids(info: Info, ids: Sequence[str], *, paths: Iterable[Path] = (("id",),)) -> list[Any]:
    """Entities in the order of the IDs: None if missing or invisible, an InvalidInput for a malformed ID.

    GraphQL turns the InvalidInput into null and an error at that position. `paths` are the paths of the IDs in the
    arguments.
    """
    known = cast("HasNodes", info.schema).nodes
    refused: dict[int, InvalidInput] = {}
    by_kind: dict[str, list[str]] = {}
    for place, (entity_id, path) in enumerate(zip(ids, paths, strict=True)):
        try:
            by_kind.setdefault(_kind_of(entity_id, path, known), []).append(entity_id)
        except InvalidInput as error:
            refused[place] = error
    found: dict[str, Any] = {}
    for prefix, of_kind in by_kind.items():
        found |= await known[prefix](info.context.app)(info.context.actor, of_kind)
    return [refused.get(place) or found.get(entity_id) for place, entity_id in enumerate(ids)]


def _kind_of(entity_id: str, path: Path, known: Mapping[str, NodeLookup]) -> str:
    prefix = prefix_of(entity_id, path=path)
    if prefix not in known:
        raise InvalidInput(f"Objects with IDs of the form `{prefix}_…` cannot be fetched as nodes.", path=path)
    return prefix


@strawberry.type
class NodeQueries:
    @strawberry.field(description="Fetch an object by ID. Null if it does not exist or is not visible to you.")
    async def node(self, info: Info, id: NodeId) -> Node | None:
        node: Node | None = (await nodes_by_ids(info, [id]))[0]
        return node

    @strawberry.field(
        metadata=at_most(MOST_NODES, counted_by="ids"),
        description="Fetch objects by ID, at most 100, in the order of `ids`. Null for an object that does not exist "
        "or is not visible to you. Null with an error for an ID that is malformed or does not name a node.",
    )
    async def nodes(self, info: Info, ids: NodeIds) -> list[Node | None]:
        if len(ids) > MOST_NODES:
            raise LimitExceeded(f"{{field}} must have at most {MOST_NODES} IDs.", path=("ids",))
        paths = [("ids", str(place)) for place in range(len(ids))]
        return await nodes_by_ids(info, ids, paths=paths)
