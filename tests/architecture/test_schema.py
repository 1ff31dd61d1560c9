"""Rules for the whole GraphQL schema, additions included."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_introspection_type,
    is_specified_directive,
    is_specified_scalar_type,
)

from api.graphql.admission import PUBLIC_ROOT_FIELDS
from api.graphql.documents import DocumentCache, SignInRequired
from api.schema import sdl
from api.shared.node import MOST_NODES
from domain.audit.service import MOST_EVENTS
from domain.auth.model import MOST_API_KEYS, MOST_KEY_WORKSPACES
from domain.issues.model import MOST_ASSIGNEES, MOST_LABELS, MOST_PREVIOUS_IDENTIFIERS
from domain.projects.model import MOST_STATES
from domain.shared.actor import Scope
from domain.shared.batches import MOST_AT_ONCE
from domain.shared.errors import InvalidInput
from domain.shared.pages import MOST, PageRequest
from domain.shared.undo import Obstacle
from domain.workspaces.model import MOST_AREAS
from tests import api_defaults
from tests.architecture.sources import ROOT
from tests.root_fields import SCHEMA, asking, root_fields

CONNECTION_FIELDS = {"edges", "nodes", "pageInfo", "totalCount", "totalCountIsExact"}
PAGING = {"first": "Int", "after": "String", "last": "Int", "before": "String"}

SHORT_LISTS: Mapping[str, int | str] = {
    "ApiKey.scopes": len(Scope),
    "AssigneesChange.added": MOST_ASSIGNEES,
    "AssigneesChange.removed": MOST_ASSIGNEES,
    "ApiKey.workspaceIds": MOST_KEY_WORKSPACES,
    "ChangeBatch.events": MOST_EVENTS,
    "ChangeSetUndoPayload.plannedEvents": "those of at most 1,000 objects",
    "ChangeSetUndoPayload.results": MOST_AT_ONCE,
    "ChangeSetUndoResult.changes": "the fields of one entity",
    "ChangeSet.reasons": len(Obstacle),
    "CommentHistoryEntry.changes": "the fields of one entity",
    "ConflictError.conflictingFields": "the fields of one input",
    "ConflictError.conflicts": "the fields of one input",
    "Event.changes": "the fields of one entity",
    "FieldChange.after": "a value, or a collection of at most 50",
    "FieldChange.before": "a value, or a collection of at most 50",
    "FieldConflict.base": "a value, or a collection of at most 50",
    "FieldConflict.current": "a value, or a collection of at most 50",
    "FieldConflict.yours": "a value, or a collection of at most 50",
    "ImportRun.lossKinds": 250,
    "Invitation.projects": MOST_AREAS,
    "Issue.assignees": MOST_ASSIGNEES,
    "IssueCreation.assignees": MOST_ASSIGNEES,
    "IssueCreation.labels": MOST_LABELS,
    "IssueBatchPayload.plannedEvents": "at most two for each of 1,000 issues",
    "IssueBatchPayload.results": MOST_AT_ONCE,
    "IssueBatchResult.changes": "the fields of one entity",
    "CommentBatchPayload.plannedEvents": "one for each of 1,000 comments",
    "CommentBatchPayload.results": MOST_AT_ONCE,
    "CommentBatchResult.changes": "the fields of one entity",
    "LabelBatchPayload.plannedEvents": "one for each of 1,000 labels",
    "LabelBatchPayload.results": MOST_AT_ONCE,
    "LabelBatchResult.changes": "the fields of one entity",
    "IssueHistoryEntry.changes": "the fields of one entity",
    "Issue.labels": MOST_LABELS,
    "Issue.previousIdentifiers": MOST_PREVIOUS_IDENTIFIERS,
    "LabelsChange.added": MOST_LABELS,
    "LabelsChange.removed": MOST_LABELS,
    "PlannedEvent.changes": "the fields of one entity",
    "Project.states": MOST_STATES,
    "Query.nodes": MOST_NODES,
    "User.apiKeys": MOST_API_KEYS,
}
"""`Type.field` of lists that are no connections -> their maximum length. A number must be in the description too."""

SHORT_EVERYWHERE = {"errors": "the rules that one input breaks", "path": "the depth of one input"}
"""Field of payloads and their errors that is a list -> the limit of its length, for all types."""


def own_types(of: GraphQLSchema) -> Iterator[tuple[str, object]]:
    for name, kind in of.type_map.items():
        if not is_introspection_type(kind) and not is_specified_scalar_type(kind):
            yield name, kind


def output_fields(of: GraphQLSchema) -> Iterator[tuple[str, GraphQLField]]:
    for name, kind in own_types(of):
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            yield from ((f"{name}.{field_name}", field) for field_name, field in kind.fields.items())


def undescribed(of: GraphQLSchema) -> list[str]:
    """Elements of the SDL that lack a description."""
    texts: dict[str, str | None] = {}
    for name, kind in own_types(of):
        texts[name] = getattr(kind, "description", None)
        if isinstance(kind, GraphQLEnumType):
            texts |= {f"{name}.{value}": each.description for value, each in kind.values.items()}
        if isinstance(kind, GraphQLInputObjectType):
            texts |= {f"{name}.{field}": each.description for field, each in kind.fields.items()}
    for place, field in output_fields(of):
        texts[place] = field.description
        texts |= {f"{place}({name}:)": argument.description for name, argument in field.args.items()}
    for directive in of.directives:
        if not is_specified_directive(directive):
            texts[f"@{directive.name}"] = directive.description
            texts |= {f"@{directive.name}({name}:)": each.description for name, each in directive.args.items()}
    return [f"{place}: say in `description` what it is." for place, text in texts.items() if not (text or "").strip()]


def test_everything_is_described() -> None:
    assert undescribed(SCHEMA) == []


def test_a_missing_description_is_found() -> None:
    sample = build_schema(
        """
        directive @ours(by: Int) on FIELD
        "Roots." type Query { thing(id: ID, "Fine." name: String): Thing "Fine." color(input: In): Color }
        type Thing { "Fine." id: ID }
        "Fine." enum Color { RED "Fine." BLUE }
        "Fine." input In { size: Int }
        """
    )
    assert sorted(line.partition(": ")[0] for line in undescribed(sample)) == sorted(
        [
            "@ours",
            "@ours(by:)",
            "Query.thing",
            "Query.thing(id:)",
            "Query.color(input:)",
            "Thing",
            "Color.RED",
            "In.size",
        ]
    )


def list_faults(of: GraphQLSchema, short: Mapping[str, int | str]) -> list[str]:
    found = []
    for place, field in output_fields(of):
        kind, name = str(get_named_type(field.type)), place.rpartition(".")[2]
        owner = place.partition(".")[0]
        if kind.endswith("Connection"):
            found += connection_faults(place, field)
        elif isinstance(get_nullable_type(field.type), GraphQLList):
            is_page = owner.endswith("Connection") and name in ("edges", "nodes")
            longest = short.get(place, SHORT_EVERYWHERE.get(name))
            if not is_page and longest is None:
                found.append(
                    f"{place}: make it a connection, or list it in SHORT_LISTS with the cap that the domain holds."
                )
            if isinstance(longest, int) and f"most {longest}" not in (field.description or "").replace(",", ""):
                found.append(f"{place}: say in its description that it has at most {longest} items.")
    return found


def connection_faults(place: str, field: GraphQLField) -> list[str]:
    kind = get_named_type(field.type)
    assert isinstance(kind, GraphQLObjectType)
    found = []
    if kind.fields.keys() != CONNECTION_FIELDS:
        found.append(f"{kind.name}: a connection has {sorted(CONNECTION_FIELDS)} and no more.")
    if {name: str(field.args[name].type) for name in PAGING if name in field.args} != PAGING:
        found.append(f"{place}: a connection takes first, after, last and before.")
    return found


def test_every_list_is_a_connection_or_short() -> None:
    assert list_faults(SCHEMA, SHORT_LISTS) == []


def test_declared_short_lists_exist() -> None:
    assert SHORT_LISTS.keys() <= dict(output_fields(SCHEMA)).keys()


def test_pages_are_capped() -> None:
    assert PageRequest(first=MOST).first == MOST == 100
    for first in (-1, 0, MOST + 1):
        with pytest.raises(InvalidInput):
            PageRequest(first=first)
        with pytest.raises(InvalidInput):
            PageRequest(last=first)


def test_a_list_without_end_is_found() -> None:
    sample = build_schema(
        """
        type Query { things: [Thing] few: ThingConnection }
        type Thing { "Its tags, at most 5." tags: [String] "Its parts." parts: [Thing] }
        type ThingConnection { edges: [Thing] nodes: [Thing] }
        """
    )
    lines = list_faults(sample, {"Thing.tags": 5, "Thing.parts": 7})
    assert [line.partition(":")[0] for line in lines] == ["Query.things", "ThingConnection", "Query.few", "Thing.parts"]


def open_root_fields(prepare: Callable[[str], object]) -> list[str]:
    found = []
    for operation, name, field in root_fields():
        try:
            prepare(asking(operation, name, field))
        except SignInRequired:
            continue
        found.append(f"{operation} {name}: callers without a token get in; take it out of PUBLIC_ROOT_FIELDS.")
    return found


def test_every_root_field_requires_authentication() -> None:
    documents = DocumentCache(SCHEMA, api_defaults.limits(), is_introspection_enabled=True)
    assert len(root_fields()) > 30
    assert open_root_fields(lambda text: documents.prepare(text, only=PUBLIC_ROOT_FIELDS)) == []


def test_an_open_root_field_is_found() -> None:
    documents = DocumentCache(SCHEMA, api_defaults.limits(), is_introspection_enabled=True)
    public = PUBLIC_ROOT_FIELDS | {"viewer"}
    [line] = open_root_fields(lambda text: documents.prepare(text, only=public))
    assert line.startswith("query viewer: callers without a token get in")


def test_public_root_fields_are_listed_here_too() -> None:
    """Making a root field public changes this line, so that a reviewer sees it."""
    assert sorted(PUBLIC_ROOT_FIELDS) == ["__typename"]


def mutation_faults(of: GraphQLSchema) -> list[str]:
    """Each takes one non-null `input` and answers with a non-null payload of its own."""
    found = []
    for name, field in (of.mutation_type.fields if of.mutation_type else {}).items():
        type_name = name[0].upper() + name[1:]
        if {key: str(each.type) for key, each in field.args.items()} != {"input": f"{type_name}Input!"}:
            found.append(f"{name}: takes `input: {type_name}Input!` and nothing else.")
        # Mutations of many objects of one kind share a payload.
        payload = f"{re.sub('Batch(Create|Update)$', 'Batch', type_name)}Payload!"
        if str(field.type) != payload:
            found.append(f"{name}: answers {payload}.")
            continue
        payload = get_named_type(field.type)
        assert isinstance(payload, GraphQLObjectType)
        if not {"errors", "revision", "clientMutationId"} < payload.fields.keys():
            found.append(f"{name}: its payload derives from Payload and has a field of its own.")
    return found


def test_mutations_have_one_form() -> None:
    assert mutation_faults(SCHEMA) == []
    sample = build_schema(
        "type Query { a: Int } input ThingDropInput { id: ID } type ThingMakePayload { errors: [String] }"
        "type Mutation { thingMake(id: ID): ThingMakePayload! thingDrop(input: ThingDropInput!): Int }"
    )
    assert [line.partition(" ")[0] for line in mutation_faults(sample)] == ["thingMake:", "thingMake:", "thingDrop:"]


def stale(file: Path, text: str) -> list[str]:
    advice = "it is not what the code says: run `make schema` and read the difference."
    return [] if file.read_text("utf-8") == text else [f"{file.name}: {advice}"]


def test_the_committed_sdl_is_current(tmp_path: Path) -> None:
    assert stale(ROOT / "api/schema.graphql", sdl()) == []
    old = tmp_path / "schema.graphql"
    old.write_text(sdl().replace("issueCreate(", "issueMake("), "utf-8")
    assert stale(old, sdl()) == [
        "schema.graphql: it is not what the code says: run `make schema` and read the difference."
    ]
