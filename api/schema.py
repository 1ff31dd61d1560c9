"""The one schema; a new slice adds its query, mutation and subscription classes."""

import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from strawberry.schema.config import StrawberryConfig

from api.accounts.mutations import AccountMutations
from api.accounts.queries import AccountQueries
from api.audit.subscriptions import AuditSubscriptions
from api.auth.mutations import AuthMutations
from api.comments.mutations import CommentMutations
from api.graphql.one_of import mark_one_of
from api.graphql.sdl import sdl_of
from api.issues.mutations import IssueMutations
from api.labels.mutations import LabelMutations
from api.milestones.mutations import MilestoneMutations
from api.projects.mutations import ProjectMutations
from api.shared.node import NodeQueries
from api.shared.rate_limit import RateLimitQueries
from api.shared.refusals import USER_ERRORS
from api.shared.scalars import SCALARS
from api.transfers.mutations import TransferMutations
from api.workspaces.mutations import InvitationMutations, WorkspaceMutations
from api.workspaces.queries import WorkspaceQueries


@strawberry.type(description="Root type of all queries.")
class Query(AccountQueries, NodeQueries, RateLimitQueries, WorkspaceQueries):
    pass


@strawberry.type(description="Root type of all mutations.")
class Mutation(
    AccountMutations,
    AuthMutations,
    CommentMutations,
    InvitationMutations,
    IssueMutations,
    LabelMutations,
    MilestoneMutations,
    ProjectMutations,
    TransferMutations,
    WorkspaceMutations,
):
    pass


@strawberry.type(description="Root type of all subscriptions.")
class Subscription(AuditSubscriptions):
    pass


def _without_null_defaults(built: GraphQLSchema) -> None:
    """Strawberry writes Python's `= None` as `= null`, which says no more than a nullable type does."""
    types = built.type_map.values()
    inputs = (field for kind in types if isinstance(kind, GraphQLInputObjectType) for field in kind.fields.values())
    owners = (kind for kind in types if isinstance(kind, GraphQLObjectType))
    arguments = (argument for kind in owners for field in kind.fields.values() for argument in field.args.values())
    for value in (*inputs, *arguments):
        if value.default_value is None:
            value.default_value = Undefined


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=USER_ERRORS,
    config=StrawberryConfig(scalar_map=SCALARS),
)
_core_schema = schema._schema  # noqa: SLF001  Strawberry offers no other way to the graphql-core schema
_without_null_defaults(_core_schema)
mark_one_of(_core_schema)


def sdl() -> str:
    """Strawberry's own `sort_schema` would serve the sorted copy, whose enums no longer turn into Python's."""
    return sdl_of(_core_schema)
