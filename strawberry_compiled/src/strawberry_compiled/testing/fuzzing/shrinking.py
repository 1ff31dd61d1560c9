"""Reduction of a failing operation: selections, arguments and directives are removed while it still fails."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

from graphql import (
    REMOVE,
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    validate,
    visit,
)

from strawberry_compiled.testing.fuzzing.operations import Operation

_REMOVABLE = (FieldNode, FragmentSpreadNode, InlineFragmentNode, DirectiveNode, ArgumentNode)


async def shrunk(
    schema: GraphQLSchema, operation: Operation, fails: Callable[[Operation], Awaitable[bool]], *, most_tries: int = 600
) -> Operation:
    """The smallest operation found that is valid and still fails."""
    tries = 0
    progress = True
    while progress:
        progress = False
        for candidate in _smaller(schema, operation):
            tries += 1
            if tries > most_tries:
                return operation
            if await fails(candidate):
                operation, progress = candidate, True
                break
    return operation


def _smaller(schema: GraphQLSchema, operation: Operation) -> Iterator[Operation]:
    document = parse(operation.text)
    for target in _nodes(document):
        for make in (_without, _opened):
            tidied = _tidied(make(document, target))
            if tidied is None or validate(schema, tidied):
                continue
            text = print_ast(tidied)
            if len(text) < len(print_ast(document)):
                yield replace(operation, text=text, variables=_declared(tidied, operation))


def _nodes(document: DocumentNode) -> list[Node]:
    """All removable nodes, largest first."""
    found: list[Node] = []

    class Collector(Visitor):
        def enter(self, node: Node, *_: Any) -> None:
            if isinstance(node, _REMOVABLE):
                found.append(node)

    visit(document, Collector())
    return sorted(found, key=lambda node: -len(print_ast(node)))


def _without(document: DocumentNode, target: Node) -> DocumentNode:
    class Remover(Visitor):
        def enter(self, node: Node, *_: Any) -> Any:
            return REMOVE if node is target else None

    removed: DocumentNode = visit(document, Remover())
    return removed


def _opened(document: DocumentNode, target: Node) -> DocumentNode:
    """Document with an inline fragment replaced by its selections."""
    if not isinstance(target, InlineFragmentNode):
        return document

    class Opener(Visitor):
        def enter_selection_set(self, node: SelectionSetNode, *_: Any) -> Any:
            if not any(each is target for each in node.selections):
                return None
            selections = [
                inner
                for each in node.selections
                for inner in (each.selection_set.selections if each is target else (each,))  # type: ignore[attr-defined]
            ]
            return SelectionSetNode(selections=tuple(selections))

    opened: DocumentNode = visit(document, Opener())
    return opened


class _Uses(Visitor):
    """Uses of fragments and variables in a document, and whether a selection is empty."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.has_empty = False

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        self.names.add(f"...{node.name.value}")

    def enter_variable(self, node: VariableNode, _key: Any, parent: Any, *_: Any) -> None:
        if not isinstance(parent, VariableDefinitionNode):
            self.names.add(f"${node.name.value}")

    def enter_selection_set(self, node: SelectionSetNode, *_: Any) -> None:
        self.has_empty = self.has_empty or not node.selections


class _Tidier(Visitor):
    def __init__(self, used: set[str]) -> None:
        super().__init__()
        self._used = used

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> Any:
        return None if f"${node.variable.name.value}" in self._used else REMOVE

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> Any:
        return None if f"...{node.name.value}" in self._used else REMOVE


def _tidied(document: DocumentNode) -> DocumentNode | None:
    """Document without unused fragments and variables; None if a selection is empty."""
    while True:
        uses = _Uses()
        visit(document, uses)
        if uses.has_empty:
            return None
        tidied: DocumentNode = visit(document, _Tidier(uses.names))
        if tidied == document:
            return document
        document = tidied


def _declared(document: DocumentNode, operation: Operation) -> dict[str, Any]:
    names = {
        definition.variable.name.value
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
        for definition in each.variable_definitions or ()
    }
    return {name: value for name, value in operation.variables.items() if name in names}
