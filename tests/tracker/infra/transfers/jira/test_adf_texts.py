"""Text stays text, marks stay on the letters that have them, and blocks stay what they are, in any document."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from domain.transfers.sanitizing import replace_unstorable
from infra.transfers.jira.adf import adf_to_markdown
from tests.tracker.infra.transfers.jira.test_adf import doc, item, node, p, row, text

RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SIGNS = [
    "*", "**", "_", "__", "`", "``", "~", "~~", "[", "]", "](", "(", ")", "<", ">", "<b>", "</b>", "<!--", "-->", "&",
    "&amp;", "&#38;", "amp;", "#", "# ", "## ", "> ", "- ", "+ ", "-", "--", "---", "===", "=", "1. ", "1)", ". ", "12",
    "|", "\\", "\\\\", "!", "![", "http://x.example", "www.x.example", "[ ]", "[x]: /y", ":-", "```", "    ", "\t", " ",
    "\n", "w", "word", "é", "—", "“", "€", "😄", "$", ":", '"', "'", "\u00a0",
]  # fmt: skip
TEXT = st.lists(st.sampled_from(SIGNS) | st.text(max_size=3).map(lambda text: text.replace("\r", "")), max_size=6).map(
    "".join
)
MARKS = ("strong", "em", "strike", "underline", "sub", "sup", "code", "link")
TAGS = {"strong_open": "strong", "em_open": "em", "s_open": "strike", "link_open": "link"}
HTML_TAGS = {"strong": "strong", "em": "em", "del": "strike", "ins": "underline", "sub": "sub", "sup": "sup"}


def mark(kind: str) -> dict[str, Any]:
    if kind == "link":
        return {"type": "link", "attrs": {"href": "https://x.example/a_b"}}
    return {"type": "subsup", "attrs": {"type": kind}} if kind in ("sub", "sup") else {"type": kind}


RUNS = st.lists(st.tuples(TEXT, st.sets(st.sampled_from(MARKS), max_size=3)), min_size=1, max_size=6)


def shown(tokens: list[Token]) -> Iterator[tuple[str, frozenset[str]]]:
    """Each letter that a reader sees, with its marks; blanks are left out."""
    marks: list[str] = []
    for token in tokens:
        yield from shown_of(token, marks)


def shown_of(token: Token, marks: list[str]) -> Iterator[tuple[str, frozenset[str]]]:
    if token.type in TAGS:
        marks.append(TAGS[token.type])
    elif token.type == "html_inline":
        tag = re.fullmatch(r"<(/?)([a-z]+)>", token.content)
        assert tag is not None, token.content
        if tag[1]:
            marks.remove(HTML_TAGS[tag[2]])
        else:
            marks.append(HTML_TAGS[tag[2]])
    elif token.type.endswith("_close"):
        marks.remove(TAGS[token.type.replace("_close", "_open")])
    elif token.type not in ("softbreak", "hardbreak"):
        assert token.type in ("text", "code_inline", "text_special"), token.type
        here = frozenset([*marks, "code"] if token.type == "code_inline" else marks)
        yield from ((letter, here) for letter in token.content if not letter.isspace())


def meant(runs: list[tuple[str, set[str]]]) -> list[tuple[str, frozenset[str]]]:
    """Expected letters and their marks, with the characters that cannot be stored replaced."""
    return [
        (letter, frozenset(marks))
        for words, marks in runs
        for letter in replace_unstorable(words)[0]
        if not letter.isspace()
    ]


@given(RUNS)
@example([("a", {"strong"}), ("b", {"em"}), ("c", {"strong", "em"})])
@example([("a ", {"strong"}), ("“b”", {"strong", "em"}), ("c", set())])
@example([("!", set()), ("a", {"link"}), ("&", set()), ("amp;", {"em"})])
@settings(max_examples=40, deadline=None)
def test_text_stays_text_and_keeps_its_marks(runs: list[tuple[str, set[str]]]) -> None:
    content = [text(words, *map(mark, sorted(marks))) for words, marks in runs]
    converted = adf_to_markdown(doc(p(*content)))
    assert not converted.losses
    blocks = RENDERER.parse(converted.text)
    assert {token.type for token in blocks} <= {"paragraph_open", "inline", "paragraph_close"}, converted.text
    letters = [letter for token in blocks for letter in shown(token.children or [])]
    assert letters == meant(runs), converted.text


@given(RUNS)
@settings(max_examples=25, deadline=None)
def test_text_in_a_cell_and_a_heading_stays_text(runs: list[tuple[str, set[str]]]) -> None:
    content = [text(words, *map(mark, sorted(marks))) for words, marks in runs]
    letters = meant(runs)
    table = node("table", row(p("h"), p("i"), kind="tableHeader"), row(p(*content), p("j")))
    cells = [token for token in RENDERER.parse(adf_to_markdown(doc(table)).text) if token.type == "inline"]
    assert [token.content for token in cells[:2] + cells[3:]] == ["h", "i", "j"]
    without_breaks = [child for child in cells[2].children or [] if child.content != "<br>"]
    assert list(shown(without_breaks)) == letters
    tokens = RENDERER.parse(adf_to_markdown(doc(node("heading", *content, level=2))).text)
    assert {token.type for token in tokens} <= {"heading_open", "inline", "heading_close"}
    assert [letter for token in tokens for letter in shown(token.children or [])] == letters


WORDS = TEXT.map(lambda words: re.sub(r"\s+", " ", words).strip() or "w").filter(lambda words: words.isprintable())
LEAVES = st.one_of(
    WORDS.map(p),
    WORDS.map(lambda words: node("heading", words, level=2)),
    st.just(node("rule")),
    TEXT.map(lambda words: node("codeBlock", words)),
    st.just(node("table", row(p("h"), kind="tableHeader"), row(p("c")))),
)
BLOCKS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda blocks: node("blockquote", *blocks)),
        *(
            st.lists(st.lists(inner, max_size=3), min_size=1, max_size=3).map(
                lambda items, kind=kind: node(kind, *(item(*blocks) for blocks in items))
            )
            for kind in ("bulletList", "orderedList")
        ),
    ),
    max_leaves=8,
)
OPENED = {
    "paragraph": "paragraph", "heading": "heading", "blockquote": "blockquote", "bulletList": "bullet_list",
    "orderedList": "ordered_list", "listItem": "list_item", "table": "table", "tableRow": "tr", "tableCell": "td",
    "tableHeader": "th",
}  # fmt: skip


def meant_blocks(blocks: dict[str, Any]) -> Iterator[str]:
    kind = blocks["type"]
    children = blocks.get("content", [])
    if kind == "rule":
        yield "hr"
    elif kind == "codeBlock":
        yield "fence " + "".join(replace_unstorable(child["text"])[0] for child in children)
    elif kind == "text":
        yield blocks["text"]
    elif kind in ("doc", "table", "tableRow", "tableCell", "tableHeader"):
        for child in children:
            yield from meant_blocks(child)
    else:
        yield "<" + OPENED[kind]
        for child in children:
            yield from meant_blocks(child)
        yield ">" + OPENED[kind]


def shown_blocks(markdown: str) -> Iterator[str]:
    is_cell = False
    for token in RENDERER.parse(markdown):
        is_cell = (is_cell or token.type == "table_open") and token.type != "table_close"
        name = token.type.removesuffix("_open").removesuffix("_close")
        if token.type == "hr":
            yield "hr"
        elif token.type == "fence":
            yield "fence " + token.content.removesuffix("\n")
        elif token.type == "inline":
            words = "".join(child.content for child in token.children or [])
            yield from ("<paragraph", words, ">paragraph") if is_cell else (words,)
        elif not is_cell and name != "table":
            yield ("<" if token.nesting == 1 else ">") + name


@given(st.lists(BLOCKS, min_size=1, max_size=4))
@example([node("bulletList", item(p("a"), node("bulletList", item()))), node("bulletList", item(node("rule")))])
@example([node("bulletList", item(node("codeBlock", "\n    x\n"))), p("b")])
@settings(max_examples=25, deadline=None)
def test_blocks_stay_what_they_are(blocks: list[dict[str, Any]]) -> None:
    whole = doc(*blocks)
    converted = adf_to_markdown(whole)
    assert list(shown_blocks(converted.text)) == list(meant_blocks(whole)), converted.text


KINDS = (*OPENED, "panel", "expand", "taskList", "taskItem", "codeBlock", "caption", "mediaGroup", "unknown")
TREES = st.recursive(
    st.just({"type": "text"}),
    lambda inner: st.builds(
        lambda kind, content: {"type": kind, "content": content},
        st.sampled_from(KINDS),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=12,
)


@given(TREES)
@settings(max_examples=25, deadline=None)
def test_no_word_is_lost_at_any_position(tree: dict[str, Any]) -> None:
    words: list[str] = []

    def fill(found: dict[str, Any]) -> None:
        if found["type"] == "text":
            words.append(f"w{len(words)}w")
            found["text"] = words[-1]
        for child in found.get("content", ()):
            fill(child)

    whole = {"type": "doc", "content": [_copied(tree)]}
    fill(whole)
    assert re.findall(r"w[0-9]+w", adf_to_markdown(whole).text) == words


def _copied(tree: dict[str, Any]) -> dict[str, Any]:
    """A tree of objects that are all different ones."""
    return tree | ({"content": [_copied(child) for child in tree["content"]]} if "content" in tree else {})


@pytest.mark.verify
@pytest.mark.parametrize(
    ("check", "given_what"),
    [
        (test_text_stays_text_and_keeps_its_marks, RUNS),
        (test_text_in_a_cell_and_a_heading_stays_text, RUNS),
        (test_blocks_stay_what_they_are, st.lists(BLOCKS, min_size=1, max_size=4)),
        (test_no_word_is_lost_at_any_position, TREES),
    ],
)
def test_at_length(check: Any, given_what: st.SearchStrategy[Any]) -> None:
    @settings(max_examples=500, deadline=None)
    @given(given_what)
    def at_length(value: Any) -> None:
        check.hypothesis.inner_test(value)

    at_length()
