from collections.abc import Iterator

import pytest
from graphql import NameNode, Node, SelectionSetNode, TypeNode, get_location, parse, print_ast

from api.graphql.syntax_trees import Place, TreeShrinker

TEXT = """
query Search($after: String = "x", $filter: Filter! = {state: [OPEN, {deep: 1.5}]}, $all: [Int!]) @live(when: true) {
  # the first page
  found: search(after: $after, filter: $filter) @include(if: true) {
    nodes { id ...Named ... on Book { title(length: 10, fold: null) } }
  }
}
fragment Named on Thing { id name }
"""
WITHOUT_LOCATION = (NameNode, SelectionSetNode, TypeNode)


def nodes_of(node: Node) -> Iterator[Node]:
    yield node
    for key in node.keys:
        child = getattr(node, key)
        for each in child if isinstance(child, tuple | list) else [child]:
            if isinstance(each, Node):
                yield from nodes_of(each)


def place(node: Node) -> tuple[int, int, int] | None:
    """Line, column and end."""
    return None if node.loc is None else (*get_location(node.loc.source, node.loc.start), node.loc.end)


def test_shrunk_trees_say_the_same() -> None:
    shrunk = parse(TEXT)
    TreeShrinker().shrink(shrunk)
    assert print_ast(shrunk) == print_ast(parse(TEXT))


def test_nodes_that_errors_name_keep_line_and_column() -> None:
    shrunk, whole = parse(TEXT), parse(TEXT)
    TreeShrinker().shrink(shrunk)
    pairs = [
        (one, other)
        for one, other in zip(nodes_of(shrunk), nodes_of(whole), strict=True)
        if not isinstance(one, WITHOUT_LOCATION)
    ]
    assert len(pairs) > 20
    assert all(place(one) for one, _ in pairs)
    assert [place(one) for one, _ in pairs] == [place(other) for _, other in pairs]


def test_names_of_the_schema_are_shared_by_documents() -> None:
    shrinker = TreeShrinker()
    trees = [parse(f"query Q{number} {{ viewer {{ name a{number}: id }} }}") for number in range(2)]
    counts = [shrinker.shrink(tree) for tree in trees]
    first, second = ([each for each in nodes_of(tree) if isinstance(each, NameNode)] for tree in trees)
    shared = {one.value for one, other in zip(first, second, strict=True) if one is other}
    assert shared == {"viewer", "name", "id"}
    assert counts == [9, 9]  # document, operation, four fields and selection sets, two fields, two names


@pytest.mark.parametrize("text", ["{a}", TEXT])
def test_no_tokens_are_kept(text: str) -> None:
    tree = parse(text)
    TreeShrinker().shrink(tree)
    places = [node.loc for node in nodes_of(tree) if node.loc is not None]
    assert places
    assert all(type(place) is Place for place in places)
