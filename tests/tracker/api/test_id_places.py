"""Places of the API that take an ID, or a name instead of one: each is tested, or listed with a reason.

A new field, argument or route fails here until a generated test covers it.
"""

from collections.abc import Iterator, Mapping

from fastapi.routing import APIRoute
from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
)

from api.auth.routes import router as auth_router
from api.transfers.routes import router as transfer_router
from tests.root_fields import SCHEMA
from tests.tracker.api.test_foreign_ids import filter_places, id_places

LOOKUPS: Mapping[str, str] = {
    "Query.node id": "test_foreign_ids: test_node_does_not_know_foreign_ids",
    "Query.nodes ids": "the same",
    "Query.workspace slug": "test_foreign_ids: test_names_of_another_workspace_are_not_known",
    "Subscription.changes workspace": "test_foreign_ids: test_a_subscription_does_not_know_foreign_workspaces",
    "Workspace.changeSet id": "test_change_sets: test_other_numbers_are_no_change_sets",
    "Workspace.issue identifier": "test_foreign_ids: test_names_of_another_workspace_are_not_known",
    "Workspace.project key": "the same",
}
"""Arguments that name one object -> the test of foreign ones."""

NO_NAMES = {"after", "before", "first", "last", "includeArchived", "kinds", "sort"}
"""Arguments that name nothing: pages, cursors (bound to their list), kinds and order."""

SECRETS: Mapping[str, str] = {
    "invitationAccept token": "test_invitations: a secret of 256 bits, and one answer to every wrong one",
}
"""Inputs that name an object by a secret -> where that is tested."""


def argument_places(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLInputType]]:
    """All arguments but the inputs of mutations and filters."""
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__") or kind is schema.mutation_type:
            continue
        for field_name, field in kind.fields.items():
            for name, argument in field.args.items():
                if name != "filter" and name not in NO_NAMES:
                    yield f"{kind.name}.{field_name} {name}", argument.type


def filters(schema: GraphQLSchema) -> set[str]:
    return {
        f"{kind.name}.{field_name}"
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for field_name, field in kind.fields.items()
        if "filter" in field.args and holds_ids(field.args["filter"].type)
    }


def holds_ids(kind: GraphQLInputType, seen: frozenset[str] = frozenset()) -> bool:
    named = get_named_type(kind)
    if named.name == "ID":
        return True
    if not isinstance(named, GraphQLInputObjectType) or named.name in seen:
        return False
    return any(holds_ids(field.type, seen | {named.name}) for field in named.fields.values())


def inputs(schema: GraphQLSchema) -> set[str]:
    """Mutations whose input takes an id somewhere."""
    root = schema.mutation_type
    assert root is not None
    return {name for name, field in root.fields.items() if any(holds_ids(each.type) for each in field.args.values())}


def unknown(schema: GraphQLSchema, lookups: Mapping[str, str], lists: set[str], mutations: set[str]) -> list[str]:
    found = {place for place, _ in argument_places(schema)}
    return [
        *(
            f"{place}: say in LOOKUPS how it is tested, or in NO_NAMES that it names nothing."
            for place in found - lookups.keys()
        ),
        *(f"{place}: there is no such argument." for place in lookups.keys() - found),
        *(f"{place}: its filter takes ids that test_foreign_ids does not find." for place in filters(schema) - lists),
        *(f"{name}: its input takes ids that test_foreign_ids does not find." for name in inputs(schema) - mutations),
    ]


def test_every_place_of_an_id_is_tested() -> None:
    lists = {place.list_name for place in filter_places()}
    assert unknown(SCHEMA, LOOKUPS, lists, {place.use.mutation for place in id_places()}) == []


def test_a_new_place_is_found() -> None:
    sample = build_schema(
        """
        type Query { node(id: ID): Int, list(filter: Filter, first: Int): Int, thing(name: String): Int }
        type Mutation { create(input: In): Int, plain(input: Plain): Int }
        type Subscription { events(of: String): Int }
        input Filter { and: [Filter!], owner: Inner } input Inner { id: ID } input In { deep: Inner }
        input Plain { a: Int }
        """
    )
    lines = sorted(unknown(sample, {"Query.node id": "", "Query.gone id": ""}, set(), set()))
    assert [line.partition(":")[0] for line in lines] == [
        "Query.gone id",
        "Query.list",
        "Query.thing name",
        "Subscription.events of",
        "create",
    ]
    lookups = dict.fromkeys(("Query.node id", "Query.thing name", "Subscription.events of"), "")
    assert unknown(sample, lookups, {"Query.list"}, {"create"}) == []


def test_text_inputs_that_open_something_are_named() -> None:
    root = SCHEMA.mutation_type
    assert root is not None
    found = set()
    for name, field in root.fields.items():
        kind = get_named_type(field.args["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        found |= {f"{name} {each}" for each in kind.fields if "token" in each.lower() or "secret" in each.lower()}
    assert found == SECRETS.keys()


def test_no_rest_route_has_an_id_in_its_path() -> None:
    """Requires a route with an ID in its path to be tested like the fields in test_foreign_ids."""
    routes = [route for router in (auth_router, transfer_router) for route in router.routes]
    assert len(routes) > 5
    paths = [route.path for route in routes if isinstance(route, APIRoute)]
    assert [path for path in paths if "{" in path] == []
