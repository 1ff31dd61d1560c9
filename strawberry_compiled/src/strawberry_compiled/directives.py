"""Directives of an operation that decide its plans."""

from typing import Any

from graphql import DirectiveNode, FragmentDefinitionNode, VariableNode, Visitor


class DirectiveFinder(Visitor):
    """Finds variables in @skip and @include, and directives that plans do not support."""

    def __init__(self) -> None:
        super().__init__()
        self.variables: set[str] = set()
        self.unsupported: str | None = None

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        name = node.name.value
        if name in ("skip", "include"):
            values = [argument.value for argument in node.arguments or ()]
            self.variables.update(value.name.value for value in values if isinstance(value, VariableNode))
        elif name in ("defer", "stream"):
            self.unsupported = f"@{name}"

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> None:
        if node.variable_definitions:
            self.unsupported = "fragment variables"
