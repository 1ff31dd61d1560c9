"""The input field for areas of guests, which the slice with the areas names and describes (`ApiSlice.area_ids`)."""

from collections.abc import Sequence
from copy import copy
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField

from api.shared.errors import AS_WRITTEN, FieldNames
from api.shared.slices import ApiSlice, AreaIds
from domain.shared.slices import Unregistered

_AREA_IDS = "api.shared.areas.area_ids"
_NAME = "area_ids"


def area_ids_field() -> Any:
    """An optional input field for IDs of areas, which schemas without areas do not have."""
    return strawberry.field(default=None, metadata={_AREA_IDS: True})


def area_ids_of(slices: Sequence[ApiSlice]) -> AreaIds | None:
    """The field of these slices; None without areas. Raises Unregistered if two slices have areas."""
    found = [each for each in slices if each.area_ids is not None]
    if len(found) > 1:
        raise Unregistered(
            f"Only one slice can have `area_ids`: take it from {found[0].domain.name} or {found[1].domain.name}."
        )
    return found[0].area_ids if found else None


def names_with(areas: AreaIds | None) -> FieldNames:
    return AS_WRITTEN if areas is None else {_NAME: areas.name}


def is_area_ids(field: StrawberryField) -> bool:
    return _AREA_IDS in (field.metadata or {})


def described(field: StrawberryField, areas: AreaIds) -> StrawberryField:
    """The field with the description of these areas. Its name comes from the schema's names of fields."""
    found = copy(field)
    found.description = areas.description
    return found
