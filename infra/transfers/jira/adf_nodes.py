"""Accessors for nodes of the Atlassian Document Format, tolerant of malformed nodes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from domain.transfers.sanitizing import clean_line, replace_unstorable, unify_newlines

Node = Mapping[str, object]
MOST_LOSSES = 50  # distinct names of losses per document; further losses share one name
_LONGEST_NAME = 40


class Losses:
    """Counts of nodes and marks without a Markdown equivalent, by name."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.replaced = 0  # characters that cannot be stored

    def storable(self, text: str) -> str:
        """The text; characters that cannot be stored are replaced and counted."""
        storable, replaced = replace_unstorable(text)
        self.replaced += replaced
        return storable

    def note(self, name: str) -> None:
        shown = clean_line(name, longest=_LONGEST_NAME).text or "node"
        self.counts[shown if shown in self.counts or len(self.counts) < MOST_LOSSES else "*"] += 1


def is_document(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") == "doc"


def type_of(node: Node) -> str:
    found = node.get("type")
    return found if isinstance(found, str) else ""


def children_of(node: Node) -> list[Node]:
    content = node.get("content")
    return [child for child in content if isinstance(child, dict)] if isinstance(content, list) else []


def inside(node: Node) -> list[Node]:
    """Children of a container node. A node of another kind is returned as the only child."""
    return children_of(node) if "content" in node else [node] if text_of(node) else []


def code_of(node: Node) -> str:
    """Text of a code block, whose marks are ignored."""
    return "".join(text_of(child) or plain_text([child]) for child in children_of(node))


def marks_of(node: Node) -> Iterator[Node]:
    marks = node.get("marks")
    yield from (mark for mark in (marks if isinstance(marks, list) else ()) if isinstance(mark, dict))


def attribute(node: Node, name: str) -> object:
    attributes = node.get("attrs")
    return attributes.get(name) if isinstance(attributes, dict) else None


def text_attribute(node: Node, *names: str) -> str:
    """The first of the attributes that is a text and not empty; "" if there is none."""
    values = (attribute(node, name) for name in names)
    return next((unify_newlines(value) for value in values if isinstance(value, str) and value.strip()), "")


def number_attribute(node: Node, name: str, *, least: int, most: int, default: int) -> int:
    value = attribute(node, name)
    return value if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most else default


def text_of(node: Node) -> str:
    found = node.get("text")
    return unify_newlines(found) if isinstance(found, str) else ""


def plain_text(nodes: Iterable[Node]) -> str:
    """All text below the nodes at any depth, with blanks between blocks."""
    words: list[str] = []
    waiting = list(nodes)[::-1]
    while waiting:
        node = waiting.pop()
        words.append(text_of(node) or text_attribute(node, "text", "shortName", "alt", "title", "url"))
        children = children_of(node)
        if children and words[-1:] != [" "]:
            words.append(" ")
        waiting += children[::-1]
    return " ".join("".join(words).split())
