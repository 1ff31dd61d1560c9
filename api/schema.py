"""The GraphQL schema of the slices that it is built for."""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from enum import StrEnum
from typing import Any

import strawberry
from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from strawberry.annotation import StrawberryAnnotation
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryContainer, StrawberryObjectDefinition
from strawberry.types.enum import EnumValue, StrawberryEnumDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.union import StrawberryUnion

from api.batches.types import BatchKind
from api.graphql.one_of import mark_one_of
from api.graphql.sdl import sdl_of
from api.shared.areas import area_ids_of, described, is_area_ids, names_with
from api.shared.node import NodeLookup, NodeQueries
from api.shared.rate_limit import RateLimitQueries
from api.shared.refusals import USER_ERRORS
from api.shared.scalars import SCALARS
from api.shared.slices import ApiSlice, AreaIds
from api.slices import PLATFORM, TRACKER
from domain.audit.kinds import EventKind, kinds_of
from domain.shared.actor import Role
from domain.shared.errors import ErrorCode
from domain.shared.security import SecurityEventKind
from domain.shared.slices import batch_works_of, error_codes_of, once


class _Names(NameConverter):
    """Names of types and fields: the connection of `IssueHistoryEntry` is `IssueHistoryConnection`."""

    def __init__(self, areas: AreaIds | None) -> None:
        super().__init__()
        self._areas = areas

    # Strawberry asks for the name both when it builds the type and when it reads an input.
    def from_field(self, field: StrawberryField) -> str:
        return self._areas.name if self._areas is not None and is_area_ids(field) else super().from_field(field)

    def from_generic(self, object_type: StrawberryObjectDefinition, types: list[Any]) -> str:
        return re.sub(r"HistoryEntry(Connection|Edge)$", r"History\1", super().from_generic(object_type, types))


class SlicedSchema(strawberry.Schema):
    """A schema whose types and enums also have the fields and values that its slices add."""

    def __init__(self, slices: Sequence[ApiSlice]) -> None:
        nodes = [(entity.prefix, lookup) for each in slices for entity, lookup in each.nodes.items()]
        once((prefix for prefix, _ in nodes), what="the prefix")
        self.nodes: Mapping[str, NodeLookup] = dict(nodes)
        self.error_codes = error_codes_of(each.domain for each in slices)
        self._areas = area_ids_of(slices)
        self.field_names = names_with(self._areas)
        self._slices = slices
        self._enums = _enums_of(slices)
        self._changes = _changes_of(slices)
        self._change_kinds = _change_kinds_of(self._changes)
        super().__init__(
            query=_root("Query", "queries", [NodeQueries, RateLimitQueries, *_all(slices, "queries")]),
            mutation=_root("Mutation", "mutations", _all(slices, "mutations")),
            subscription=_root("Subscription", "subscriptions", _all(slices, "subscriptions")),
            types=USER_ERRORS,
            config=StrawberryConfig(scalar_map=SCALARS, name_converter=_Names(self._areas)),
        )
        _without_null_defaults(self._schema)
        mark_one_of(self._schema)

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """The fields of the type itself, and those that slices add to it."""
        added = (each.fields[type_definition.origin] for each in self._slices if type_definition.origin in each.fields)
        fields = [*type_definition.fields, *(field for kind in added for field in _definition(kind).fields)]
        return [self._typed(field) for field in fields if self._areas is not None or not is_area_ids(field)]

    def _typed(self, field: StrawberryField) -> StrawberryField:
        """The field, with the enums and unions of this schema's slices in its type and those of its arguments."""
        if self._areas is not None and is_area_ids(field):
            return described(field, self._areas)
        kind, arguments = self._extended(field.type), [self._with_extended(each) for each in field.arguments]
        if kind is field.type and arguments == field.arguments:
            return field
        typed = copy(field)
        typed.type, typed.arguments = kind, arguments
        return typed

    def _with_extended(self, argument: StrawberryArgument) -> StrawberryArgument:
        kind = self._extended(argument.type)
        if kind is argument.type:
            return argument
        typed = copy(argument)
        typed.type_annotation = StrawberryAnnotation(kind)
        return typed

    def _extended(self, kind: Any) -> Any:
        """The type with the enums and unions of this schema's slices; the same object if it has none of them."""
        if isinstance(kind, StrawberryContainer):
            inner = self._extended(kind.of_type)
            return kind if inner is kind.of_type else type(kind)(inner)
        if isinstance(kind, StrawberryEnumDefinition):
            if kind.name in self._change_kinds:
                enum, values = self._change_kinds[kind.name]
                return replace(kind, wrapped_cls=enum, values=values)
            return self._enums.get(kind.origin, kind)
        if isinstance(kind, StrawberryUnion) and (added := self._changes.get(kind.graphql_name or "")) is not None:
            members = (*kind.types, *added)
            annotations = tuple(StrawberryAnnotation(each) for each in dict.fromkeys(members))
            return StrawberryUnion(kind.graphql_name, annotations, kind.description)
        return kind


def _changes_of(slices: Sequence[ApiSlice]) -> Mapping[str, Sequence[type[Any]]]:
    """Types of the changes of all slices, by the name of the union that they are members of."""
    found: dict[str, list[type[Any]]] = {}
    for each in slices:
        for kind, types in each.changes.items():
            found.setdefault(f"{kind.title()}Change", []).extend(types)
    return found


class _NoKinds(StrEnum):
    """Base of the enums of changes and batch runs, which its functional form makes."""


def _change_kinds_of(
    changes: Mapping[str, Sequence[type[Any]]],
) -> Mapping[str, tuple[Any, list[EnumValue]]]:
    """Class and values of the enum with the kinds of these changes, by its name. A kind is described by its type."""
    found = {}
    for name, types in changes.items():
        kinds = {each.describes.kind: _definition(each).description for each in types}
        found[f"{name}Kind"] = _enum_of(f"{name}Kind", kinds)
    return found


def _enum_of(name: str, described: Mapping[str, str | None]) -> tuple[Any, list[EnumValue]]:
    """Class and values of an enum of these texts, with their descriptions."""
    enum: Any = _NoKinds(name, {text: text for text in described})  # type: ignore[call-arg]  # the functional form
    return enum, [EnumValue(name=text, value=text, description=described[text]) for text in described]


def _enums_of(slices: Sequence[ApiSlice]) -> Mapping[type[Any], StrawberryEnumDefinition]:
    """Enums to which slices add values, by the classes that fields are declared with."""
    codes, events, roles, noted = map(_definition, (ErrorCode, EventKind, Role, SecurityEventKind))
    own_codes = [(code, text) for each in slices for code, text in each.error_codes.items()]
    domains = [each.domain for each in slices]
    kinds = kinds_of(domains)
    texts = {kind: text for each in slices for kind, text in each.batches.items()}
    of_runs, run_values = _enum_of("BatchKind", {kind: texts[kind] for kind in batch_works_of(domains)})
    sentences = {type_: text for each in slices for type_, text in each.events.items()}
    recorded = {kind.name for each in slices for kind in each.domain.security_events}
    return {
        ErrorCode: replace(codes, values=[*codes.values, *(_value(code, text) for code, text in own_codes)]),
        EventKind: replace(
            events,
            wrapped_cls=kinds,
            values=[_value(kind, sentences.get(kind.value) or _sentence(kind)) for kind in kinds],
        ),
        BatchKind: replace(_definition(BatchKind), wrapped_cls=of_runs, values=run_values),
        Role: replace(roles, values=[_with_sentences(value, slices) for value in roles.values]),
        SecurityEventKind: replace(noted, values=[value for value in noted.values if value.name in recorded]),
    }


def _value(member: Any, description: str) -> EnumValue:
    return EnumValue(name=member.name, value=member.value, description=description)


def _with_sentences(role: EnumValue, slices: Sequence[ApiSlice]) -> EnumValue:
    """The role, described by what it may do in the platform and in each slice."""
    added = [each.roles[Role[role.name]] for each in slices if Role[role.name] in each.roles]
    return replace(role, description=" ".join([role.description or "", *added]))


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
