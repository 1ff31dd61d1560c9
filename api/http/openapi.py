"""What the OpenAPI document says of answers, and the names of its operations."""

from collections.abc import Mapping
from typing import Any

from fastapi.routing import APIRoute

from api.shared.errors import camel_case

_TYPES = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}


def operation_id(route: APIRoute) -> str:
    """A name that stays when paths change: that of the function, as clients that are generated call it."""
    return camel_case(route.name)


def answer(description: str, example: Mapping[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """A JSON answer with all members of the example, but for the optional ones, each of the example's type."""
    schema = {
        "type": "object",
        "properties": {name: {"type": _TYPES[type(value)]} for name, value in example.items()},
        "required": [name for name in example if name not in optional],
    }
    return {"description": description, "content": {"application/json": {"schema": schema, "example": dict(example)}}}
