"""Everything with an id can be read by it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

import strawberry

from api.shared.arguments import NodeId, NodeIds
from api.shared.context import Info
from domain.accounts.model import User
from domain.app import App
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, ProjectMember, State
from domain.shared.actor import Actor
from domain.shared.errors import InvalidInput, LimitExceeded
from domain.shared.ids import prefix_of
from domain.transfers.model import ImportRun
from domain.workspaces.model import Invitation, Member, Workspace
from strawberry_compiled import decides_by_class

MOST_NODES = 100

Path: TypeAlias = tuple[str, ...]
ByIds: TypeAlias = Callable[[Actor, Sequence[str]], Awaitable[Mapping[str, Any]]]

NODES: Mapping[str, Callable[[App], ByIds]] = MappingProxyType(
    {
        User.prefix: lambda app: app.read.users.by_ids,
        Workspace.prefix: lambda app: app.read.workspaces.by_ids,
        Member.prefix: lambda app: app.read.members.by_ids,
        Invitation.prefix: lambda app: app.invitations.by_ids,
        Project.prefix: lambda app: app.read.projects.by_ids,
        ProjectMember.prefix: lambda app: app.read.project_members.by_ids,
        State.prefix: lambda app: app.read.states.by_ids,
        Milestone.prefix: lambda app: app.read.milestones.by_ids,
        Label.prefix: lambda app: app.read.labels.by_ids,
        Issue.prefix: lambda app: app.read.issues.by_ids,
        Comment.prefix: lambda app: app.read.comments.by_ids,
        ImportRun.prefix: lambda app: app.read.imports.by_ids,
    }
)


@strawberry.interface(description="An object with a globally unique ID.")
class Node:
    describes: ClassVar[type]

    id: strawberry.ID = strawberry.field(
        description="Unique ID of the object. The prefix names the type, such as `iss` for issues."
    )

    @classmethod
    @decides_by_class
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, cls.describes)


async def nodes_by_ids(app: App, actor: Actor, ids: Sequence[str], *, paths: Iterable[Path] = (("id",),)) -> list[Any]:
    """The entities in the order of the ids: None for a missing or invisible entity, an InvalidInput for a malformed id.

    GraphQL turns the InvalidInput into null and an error at that position. `paths` are the paths of the ids in the
    arguments.
    """
    refused: dict[int, InvalidInput] = {}
    by_kind: dict[str, list[str]] = {}
    for place, (entity_id, path) in enumerate(zip(ids, paths, strict=True)):
        try:
            by_kind.setdefault(_kind_of(entity_id, path), []).append(entity_id)
        except InvalidInput as error:
            refused[place] = error
    found: dict[str, Any] = {}
    for prefix, of_kind in by_kind.items():
        found |= await NODES[prefix](app)(actor, of_kind)
    return [refused.get(place) or found.get(entity_id) for place, entity_id in enumerate(ids)]


def _kind_of(entity_id: str, path: Path) -> str:
    prefix = prefix_of(entity_id, path=path)
    if prefix not in NODES:
        raise InvalidInput(f"Objects with IDs of the form `{prefix}_…` cannot be fetched as nodes.", path=path)
    return prefix


@strawberry.type
class NodeQueries:
    @strawberry.field(description="Fetch an object by ID. Null if it does not exist or is not visible to you.")
    async def node(self, info: Info, id: NodeId) -> Node | None:
        node: Node | None = (await nodes_by_ids(info.context.app, info.context.actor, [id]))[0]
        return node

    @strawberry.field(
        description="Fetch objects by ID, at most 100, in the order of `ids`. Null for an object that does not exist "
        "or is not visible to you. Null with an error for an ID that is malformed or does not name a node."
    )
    async def nodes(self, info: Info, ids: NodeIds) -> list[Node | None]:
        if len(ids) > MOST_NODES:
            raise LimitExceeded(f"{{field}} must have at most {MOST_NODES} IDs.", path=("ids",))
        paths = [("ids", str(place)) for place in range(len(ids))]
        return await nodes_by_ids(info.context.app, info.context.actor, ids, paths=paths)
