"""Descriptions of responses, and names of operations, in the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from fastapi.routing import APIRoute

from api.shared.errors import camel_case

_TYPES = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}


def operation_id(route: APIRoute) -> str:
    """Operation ID: the name of the function, so that generated clients keep their method names when a path changes."""
    return camel_case(route.name)


def answer(description: str, example: Mapping[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """A JSON response of the OpenAPI document. Its schema has the members and types of the example.

    All members but `optional` ones are required.
    """
    schema = {
        "type": "object",
        "properties": {name: {"type": _TYPES[type(value)]} for name, value in example.items()},
        "required": [name for name in example if name not in optional],
    }
    return {"description": description, "content": {"application/json": {"schema": schema, "example": dict(example)}}}
