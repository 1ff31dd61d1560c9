"""Parts that a slice adds to the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from fastapi import APIRouter

from api.shared.node import NodeLookup
from domain.shared.actor import Role
from domain.shared.batches import BatchKind
from domain.shared.slices import Slice, Unregistered


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaIds:
    """The input field with the IDs of the areas that a new guest gets access to, as clients know it."""

    name: str
    """Name of the field, such as `projectIds`."""
    description: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ApiSlice:
    """One slice of `api`, the constant `SLICE` of `api/<name>/slice.py`."""

    domain: Slice
    queries: Sequence[type] = ()
    mutations: Sequence[type] = ()
    subscriptions: Sequence[type] = ()
    """Classes whose fields are added to the root types."""
    fields: Mapping[type, type] = field(default_factory=dict)
    """Class whose fields are added to a GraphQL type of an earlier slice, by that type."""
    nodes: Mapping[type[Any], NodeLookup] = field(default_factory=dict)
    """Reader that finds an entity by ID, by entity."""
    changes: Mapping[str, Sequence[type[Any]]] = field(default_factory=dict)
    """Types of the changes in histories, by the kind of object: members of the union `<Kind>Change`, if there is one.

    Their kinds are the values of the enum `<Kind>ChangeKind`.
    """
    error_codes: Mapping[StrEnum, str] = field(default_factory=dict)
    """Descriptions of the slice's own error codes."""
    batches: Mapping[BatchKind, str] = field(default_factory=dict)
    """Descriptions of the slice's kinds of batch runs, which are values of the enum `BatchKind`."""
    events: Mapping[str, str] = field(default_factory=dict)
    """Descriptions of event types that their names do not explain."""
    area_ids: AreaIds | None = None
    """Name of guests' areas, in the slice whose entities are the areas. At most one slice of a schema has it."""
    roles: Mapping[Role, str] = field(default_factory=dict)
    """Sentences that describe what a role may do in the slice, for the enum `Role`."""
    routers: Sequence[APIRouter] = ()

    def __post_init__(self) -> None:
        for code in self.domain.error_codes or ():
            if code not in self.error_codes:
                raise Unregistered(f"api/{self.domain.name}/slice.py: describe {code.name} in `error_codes`.")
        for kind in self.domain.batches:
            if kind not in self.batches:
                raise Unregistered(f"api/{self.domain.name}/slice.py: describe {kind} in `batches`.")
        for kind in self.batches:
            if kind not in self.domain.batches:
                raise Unregistered(
                    f"api/{self.domain.name}/slice.py: the slice has no batch runs {kind!r} to describe."
                )
        for shown in self.domain.history:
            described = {each.describes for each in self.changes.get(shown.of, ())}
            for member in (*shown.events.values(), *shown.fields.values()):
                if member not in described:
                    advice = f"enter the type of {member.__name__} in `changes`."
                    raise Unregistered(f"api/{self.domain.name}/slice.py: {advice}")
        for type_ in self.events:
            if type_ not in {event.type for event in self.domain.events}:
                raise Unregistered(f"api/{self.domain.name}/slice.py: the slice has no event {type_!r} to describe.")
