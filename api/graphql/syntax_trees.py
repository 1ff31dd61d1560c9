"""Syntax trees of valid documents without what their execution never reads."""

from collections.abc import Iterator

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    NamedTypeNode,
    NameNode,
    Node,
    SelectionSetNode,
    Source,
    TypeNode,
)

# The validation of names and the coercion of values report errors at other nodes.
_NEVER_REPORTED = (NameNode, SelectionSetNode, TypeNode)
# Their names are in the schema, so that a cache of them cannot grow without end.
_NAMED_BY_SCHEMA = (FieldNode, ArgumentNode, NamedTypeNode, DirectiveNode)


class Place:
    """The part of graphql-core's `Location` that errors read. It takes half of the memory."""

    __slots__ = ("_length", "source", "start")

    def __init__(self, start: int, end: int, source: Source) -> None:
        self.start = start
        self._length = end - start  # a small number, which is no object of its own in CPython
        self.source = source

    @property
    def end(self) -> int:
        return self.start + self._length

    def __repr__(self) -> str:
        return f"<Place {self.start}:{self.end}>"


class TreeShrinker:
    """Removes tokens and locations that no execution reads, and has the trees share the names of the schema."""

    def __init__(self) -> None:
        self._names: dict[str, NameNode] = {}

    def shrink(self, document: DocumentNode) -> int:
        """Shrinks the tree of a valid document in place; returns the number of its nodes without shared names.

        The nodes that errors of an execution name keep their lines and columns. The document can be printed, planned
        and executed, but not validated again, because its names have no locations.
        """
        count = 0
        own: dict[str, NameNode] = {}
        stack: list[Node] = [document]
        while stack:
            node = stack.pop()
            count += 1
            _strip(node)
            for key, child in _children(node):
                if isinstance(child, NameNode):
                    known = self._names if key == "name" and isinstance(node, _NAMED_BY_SCHEMA) else own
                    name = known.setdefault(child.value, child)
                    _strip(name)
                    object.__setattr__(node, key, name)  # nodes are frozen for their users
                elif isinstance(child, tuple | list):
                    stack += child
                elif isinstance(child, Node):
                    stack.append(child)
        return count + len(own)


def _children(node: Node) -> Iterator[tuple[str, object]]:
    for key in node.keys:
        if key != "loc":
            yield key, getattr(node, key)


def _strip(node: Node) -> None:
    place = node.loc
    if place is None:
        return
    if isinstance(node, _NEVER_REPORTED):
        object.__setattr__(node, "loc", None)
    elif not isinstance(place, Place):
        # A location has tokens, and a token leads to all others of the text.
        object.__setattr__(node, "loc", Place(place.start, place.end, place.source))
