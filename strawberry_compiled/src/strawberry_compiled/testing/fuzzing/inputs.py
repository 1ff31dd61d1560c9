"""Random arguments: literals, variables and both mixed, with the variables' values."""

import json
import random
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    Undefined,
)

ABSENT: Any = object()
"""Value of a variable that the request omits."""


@dataclass(frozen=True, slots=True)
class Variable:
    type_text: str
    type: GraphQLInputType
    default: str
    """Default value as a literal; empty without one."""


class Values:
    """Random values of input types, as JSON. Subclasses restrict the values for a certain schema."""

    def __init__(self, chance: random.Random) -> None:
        self.random = chance

    def scalar(self, name: str, place: str) -> Any:
        """A value of the scalar type for the argument or input field of that name."""
        r = self.random
        match name:
            case "Int":
                return r.choice([0, 1, 2, 3, -5, 2**31 - 1])
            case "Float":
                return r.choice([0, 1.5, -2.25, 3, 1e300])
            case "Boolean":
                return r.random() < 0.5
            case "ID":
                return r.choice(["i1", "i2", 7])
            case "DateTime":
                return r.choice(["2026-01-02T03:04:05+00:00", "2026-02-03T00:00:00"])
            case "JSON":
                return r.choice([1, True, 1.0, "text", [1, "two"], {"a": 1}, {"a": True}, {}])
            case _:
                return r.choice(["x", 'é\n"quoted"', ""])

    def likely(self, place: str) -> float:
        """Probability that an optional argument is given."""
        return 0.6

    def value(self, type_: GraphQLInputType, place: str = "", depth: int = 0) -> Any:
        r = self.random
        if isinstance(type_, GraphQLNonNull):
            return self.present(type_.of_type, place, depth)
        return None if r.random() < 0.15 else self.present(type_, place, depth)

    def present(self, type_: Any, place: str, depth: int) -> Any:
        r = self.random
        if isinstance(type_, GraphQLList):
            if r.random() < 0.1 and not isinstance(type_.of_type, GraphQLList):
                return self.value(type_.of_type, place, depth)  # a single item is coerced to a list
            return [self.value(type_.of_type, place, depth + 1) for _ in range(r.choice([0, 1, 1, 2, 3]))]
        if isinstance(type_, GraphQLEnumType):
            return r.choice(list(type_.values))
        if isinstance(type_, GraphQLScalarType):
            return self.scalar(type_.name, place)
        assert isinstance(type_, GraphQLInputObjectType)
        return {name: self.value(field.type, name, depth + 1) for name, field in self.chosen(type_, depth)}

    def chosen(self, type_: GraphQLInputObjectType, depth: int) -> list[tuple[str, Any]]:
        """The fields of an input object that get a value."""
        r = self.random
        fields = list(type_.fields.items())
        if type_.is_one_of:
            name, field = r.choice(fields)
            return [(name, _Required(field))]
        likely = 0.6 if depth < 2 else 0.15
        return [
            (name, field)
            for name, field in fields
            if (isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined) or r.random() < likely
        ]


class _Required:
    """The one field that a oneOf object must have."""

    def __init__(self, field: Any) -> None:
        self.type = GraphQLNonNull(field.type)
        self.default_value = Undefined


class ArgumentWriter:
    """Writes the arguments of one document, and collects its variables."""

    def __init__(self, values: Values, *, variables: float = 0.35) -> None:
        self._values = values
        self._random = values.random
        self._likely = variables
        self.variables: dict[str, Variable] = {}

    def given(self) -> dict[str, Any]:
        """New random values for all variables."""
        given = {name: self._given(variable) for name, variable in self.variables.items()}
        return {name: value for name, value in given.items() if value is not ABSENT}

    def _given(self, variable: Variable) -> Any:
        r = self._random
        if r.random() < 0.004:
            return {"not": "valid"}
        if not isinstance(variable.type, GraphQLNonNull) or variable.default:
            draw = r.random()
            if draw < (0.5 if variable.default else 0.15):
                return ABSENT
        return self._values.value(variable.type)

    def arguments(self, arguments: dict[str, Any]) -> str:
        """`(name: value, ...)`, or an empty text."""
        parts = []
        for name, argument in arguments.items():
            has_default = argument.default_value is not Undefined
            if (
                isinstance(argument.type, GraphQLNonNull) and not has_default
            ) or self._random.random() < self._values.likely(name):
                parts.append(f"{name}: {self.text(argument.type, name, has_default=has_default)}")
        return f"({', '.join(parts)})" if parts else ""

    def flag(self) -> str:
        """A Boolean for @skip or @include."""
        if self._random.random() < 0.4:
            return self._random.choice(["true", "false"])
        return "$" + self._variable(
            "Boolean!", GraphQLNonNull(GraphQLBoolean), default=self._random.choice(["", "", "true"])
        )

    def text(self, type_: Any, place: str, *, has_default: bool = False, depth: int = 0) -> str:
        r = self._random
        if r.random() < self._likely and not isinstance(type_, _Required):
            return "$" + self._variable_for(type_, place, has_default=has_default)
        if not isinstance(type_, GraphQLNonNull) and r.random() < 0.1:
            return "null"
        bare = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        if isinstance(bare, GraphQLList):
            count = r.choice([0, 1, 2])
            return "[" + ", ".join(self.text(bare.of_type, place, depth=depth + 1) for _ in range(count)) + "]"
        if isinstance(bare, GraphQLInputObjectType):
            fields = [
                f"{name}: {self._field(bare, field, name, depth)}" for name, field in self._values.chosen(bare, depth)
            ]
            return "{" + ", ".join(fields) + "}"
        return literal(self._values.present(bare, place, depth), bare)

    def _field(self, owner: GraphQLInputObjectType, field: Any, name: str, depth: int) -> str:
        if owner.is_one_of:
            return literal(self._values.value(field.type, name, depth + 1), field.type)
        return self.text(field.type, name, has_default=field.default_value is not Undefined, depth=depth + 1)

    def _variable_for(self, type_: Any, place: str, *, has_default: bool) -> str:
        r = self._random
        text = str(type_)
        is_required = isinstance(type_, GraphQLNonNull)
        nullable = type_.of_type if is_required else type_
        if is_required and r.random() < 0.3:
            # A nullable variable is allowed here if either has a default; null is then an error of this field.
            if has_default and r.random() < 0.5:
                return self._variable(str(nullable), nullable, default="")
            default = literal(self._values.present(nullable, place, 1), nullable)
            return self._variable(str(nullable), nullable, default=default)
        if not is_required and r.random() < 0.3:
            return self._variable(f"{text}!", GraphQLNonNull(type_), default="")
        default = literal(self._values.present(nullable, place, 1), nullable) if r.random() < 0.2 else ""
        return self._variable(text, type_, default=default)

    def _variable(self, text: str, type_: Any, *, default: str) -> str:
        known = [name for name, each in self.variables.items() if (each.type_text, each.default) == (text, default)]
        if known and self._random.random() < 0.5:
            return self._random.choice(known)
        name = f"v{len(self.variables)}"
        self.variables[name] = Variable(text, type_, default)
        return name


def literal(value: Any, type_: Any) -> str:
    """The JSON value as a GraphQL literal of that type."""
    if isinstance(type_, GraphQLNonNull):
        return literal(value, type_.of_type)
    if isinstance(type_, GraphQLList):
        if not isinstance(value, list):
            return literal(value, type_.of_type)
        return "[" + ", ".join(literal(item, type_.of_type) for item in value) + "]"
    if isinstance(type_, GraphQLEnumType):
        return "null" if value is None else str(value)
    if isinstance(type_, GraphQLInputObjectType) and value is not None:
        return (
            "{" + ", ".join(f"{name}: {literal(each, type_.fields[name].type)}" for name, each in value.items()) + "}"
        )
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(each, None)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(each, None) for each in value) + "]"
    return json.dumps(value)
