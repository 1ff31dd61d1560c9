"""The GraphQL schema of the slices that it is built for."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.enum import EnumValue, StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

from api.graphql.one_of import mark_one_of
from api.graphql.sdl import sdl_of
from api.shared.node import NodeLookup, NodeQueries
from api.shared.rate_limit import RateLimitQueries
from api.shared.refusals import USER_ERRORS
from api.shared.scalars import SCALARS
from api.shared.slices import ONLY_WITH, ApiSlice
from api.slices import PLATFORM, TRACKER
from domain.audit.kinds import EventKind, kinds_of
from domain.shared.errors import ErrorCode
from domain.shared.security import SecurityEventKind
from domain.shared.slices import once


class SlicedSchema(strawberry.Schema):
    """A schema whose types and enums also have the fields and values that its slices add."""

    def __init__(self, slices: Sequence[ApiSlice]) -> None:
        nodes = [(entity.prefix, lookup) for each in slices for entity, lookup in each.nodes.items()]
        once((prefix for prefix, _ in nodes), what="the prefix")
        self.nodes: Mapping[str, NodeLookup] = dict(nodes)
        self._slices = slices
        self._enums = _enums_of(slices)
        super().__init__(
            query=_root("Query", "queries", [NodeQueries, RateLimitQueries, *_all(slices, "queries")]),
            mutation=_root("Mutation", "mutations", _all(slices, "mutations")),
            subscription=_root("Subscription", "subscriptions", _all(slices, "subscriptions")),
            types=USER_ERRORS,
            config=StrawberryConfig(scalar_map=SCALARS),
        )
        _without_null_defaults(self._schema)
        mark_one_of(self._schema)

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """The fields of the type itself, and those that slices add to it."""
        added = (each.fields[type_definition.origin] for each in self._slices if type_definition.origin in each.fields)
        fields = [*type_definition.fields, *(field for kind in added for field in _definition(kind).fields)]
        return [self._typed(field) for field in fields if self._has(field)]

    def _has(self, field: StrawberryField) -> bool:
        metadata: Mapping[Any, Any] = field.metadata or {}
        needed = metadata.get(ONLY_WITH)
        return needed is None or needed in {each.domain.name for each in self._slices}

    def _typed(self, field: StrawberryField) -> StrawberryField:
        """The field, with the enum of this schema's slices as its type."""
        kind = field.type
        if not isinstance(kind, StrawberryEnumDefinition) or kind.origin not in self._enums:
            return field
        typed = copy(field)
        typed.type = self._enums[kind.origin]
        return typed


def _enums_of(slices: Sequence[ApiSlice]) -> Mapping[type[Any], StrawberryEnumDefinition]:
    """Enums to which slices add values, by the classes that fields are declared with."""
    codes, events, noted = (_definition(kind) for kind in (ErrorCode, EventKind, SecurityEventKind))
    own_codes = [(code, text) for each in slices for code, text in each.error_codes.items()]
    kinds = kinds_of(each.domain for each in slices)
    sentences = {type_: text for each in slices for type_, text in each.events.items()}
    recorded = {kind.name for each in slices for kind in each.domain.security_events}
    return {
        ErrorCode: replace(codes, values=[*codes.values, *(_value(code, text) for code, text in own_codes)]),
        EventKind: replace(
            events,
            wrapped_cls=kinds,
            values=[_value(kind, sentences.get(kind.value) or _sentence(kind)) for kind in kinds],
        ),
        SecurityEventKind: replace(noted, values=[value for value in noted.values if value.name in recorded]),
    }


def _value(member: Any, description: str) -> EnumValue:
    return EnumValue(name=member.name, value=member.value, description=description)


def _sentence(kind: EventKind) -> str:
    """The description of an event kind, made of its noun and verb."""
    if kind.value == "unknown":
        return "An event of a type that a newer version of the server added."
    noun, _, verb = kind.value.replace("_", " ").partition(".")
    return f"{'An' if noun[0] in 'aeiou' else 'A'} {noun} was {verb}."


def _definition(kind: type[Any]) -> Any:
    return kind.__strawberry_definition__


def _all(slices: Sequence[ApiSlice], what: str) -> Sequence[type[Any]]:
    return [kind for each in slices for kind in getattr(each, what)]


def _root(name: str, what: str, parts: Sequence[type[Any]]) -> Any:
    """The root type with the fields of these classes; None without classes."""
    return strawberry.type(type(name, tuple(parts), {}), description=f"Root type of all {what}.") if parts else None


def _without_null_defaults(built: GraphQLSchema) -> None:
    """Removes null defaults: Strawberry writes Python's `= None` as `= null`, which a nullable type implies."""
    types = built.type_map.values()
    inputs = (field for kind in types if isinstance(kind, GraphQLInputObjectType) for field in kind.fields.values())
    owners = (kind for kind in types if isinstance(kind, GraphQLObjectType))
    arguments = (argument for kind in owners for field in kind.fields.values() for argument in field.args.values())
    for value in (*inputs, *arguments):
        if value.default_value is None:
            value.default_value = Undefined


def build_schema(slices: Sequence[ApiSlice] = (*PLATFORM, *TRACKER)) -> SlicedSchema:
    """The schema of these slices. A slice follows the slices that it builds on."""
    return SlicedSchema(slices)


def sdl(of: SlicedSchema | None = None) -> str:
    """The SDL of a schema; of the schema with all slices by default.

    Strawberry's own `sort_schema` would serve the sorted copy, whose enums do not convert to Python's enums.
    """
    return sdl_of((of or schema)._schema)  # noqa: SLF001  Strawberry offers no other way to the graphql-core schema


schema = build_schema()
