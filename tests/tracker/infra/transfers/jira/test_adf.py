"""Documents of Jira Cloud's REST v3 as Markdown, and what a renderer makes of it."""

import json
from typing import Any

import pytest
from markdown_it import MarkdownIt

from infra.transfers.jira.adf import DEEPEST, adf_to_markdown

RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
Json = dict[str, Any]


def text(words: str, *marks: str | Json) -> Json:
    found = [{"type": mark} if isinstance(mark, str) else mark for mark in marks]
    return {"type": "text", "text": words} | ({"marks": found} if found else {})


def node(kind: str, *content: Json | str, **attrs: Any) -> Json:
    children = [text(child) if isinstance(child, str) else child for child in content]
    return {"type": kind} | ({"content": children} if children else {}) | ({"attrs": attrs} if attrs else {})


def p(*content: Json | str) -> Json:
    return node("paragraph", *content)


def doc(*content: Json) -> Json:
    return {"type": "doc", "version": 1, "content": list(content)}


def item(*content: Json) -> Json:
    return node("listItem", *content)


def link(href: str) -> Json:
    return {"type": "link", "attrs": {"href": href}}


def row(*cells: Json, kind: str = "tableCell") -> Json:
    return node("tableRow", *(cell if cell["type"].startswith("table") else node(kind, cell) for cell in cells))


BREAK = node("hardBreak")
SUB, SUP = ({"type": "subsup", "attrs": {"type": kind}} for kind in ("sub", "sup"))
TABLE = node("table", row(p("a"), p("b"), kind="tableHeader"), row(node("tableHeader", p("c")), p("d", BREAK, "e")))
TASKS = node(
    "taskList",
    node("taskItem", "a", state="DONE"),
    node("taskItem", text("b", "strong"), state="TODO"),
    node("taskList", node("taskItem", "c", state="TODO")),
)

CONVERTED: dict[str, tuple[Json, str, str]] = {
    "paragraph": (doc(p("a"), p(), p("b")), "a\n\nb", "<p>a</p><p>b</p>"),
    "hard break": (p("a", BREAK, "b"), "a  \nb", "<p>a<br />b</p>"),
    "newline in a text": (p("a\nb\r\nc"), "a  \nb  \nc", "<p>a<br />b<br />c</p>"),
    "break at the end": (p("a", BREAK), "a", "<p>a</p>"),
    "heading": (node("heading", "A #", level=2), "## A \\#", "<h2>A #</h2>"),
    "heading of two lines": (node("heading", "A", BREAK, "b", level=9), "###### A b", "<h6>A b</h6>"),
    "bullets": (
        node("bulletList", item(p("a"), node("bulletList", item(p("b")))), item(p("c"))),
        "- a\n  - b\n- c",
        "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>",
    ),
    "numbers": (
        node("orderedList", item(p("a"), node("orderedList", item(p("b")))), item(p("c"), p("d")), order=9),
        "9. a\n   1. b\n10. c\n\n    d",
        '<ol start="9"><li><p>a</p><ol><li>b</li></ol></li><li><p>c</p><p>d</p></li></ol>',
    ),
    "numbers that begin later below a text": (
        node("bulletList", item(p("a"), node("orderedList", item(p("b")), order=3))),
        "- a\n\n  3. b",
        '<ul><li><p>a</p><ol start="3"><li>b</li></ol></li></ul>',
    ),
    "two lists": (
        doc(node("bulletList", item(p("a"))), node("bulletList", item(p("b"))), node("bulletList", item(p("c")))),
        "- a\n\n* b\n\n- c",
        "<ul><li>a</li></ul><ul><li>b</li></ul><ul><li>c</li></ul>",
    ),
    "nested empty items": (
        doc(
            node("bulletList", item(node("bulletList", item(node("bulletList", item()))))),
            node("bulletList", item(p("a"))),
        ),
        "- * -\n\n* a",
        "<ul><li><ul><li><ul><li></li></ul></li></ul></li></ul><ul><li>a</li></ul>",
    ),
    "empty item": (node("bulletList", item(), item(p("a"))), "-\n- a", "<ul><li></li><li>a</li></ul>"),
    "rule in a list": (node("bulletList", item(node("rule"))), "-\n  ---", "<ul><li><hr /></li></ul>"),
    "code in a list": (
        node("orderedList", item(p("a"), node("codeBlock", "x\n\ny", language="python"))),
        "1. a\n\n   ```python\n   x\n\n   y\n   ```",
        '<ol><li><p>a</p><pre><code class="language-python">x\n\ny\n</code></pre></li></ol>',
    ),
    "list of lists": (
        node("bulletList", item(node("orderedList", item(p("a"))))),
        "- 1. a",
        "<ul><li><ol><li>a</li></ol></li></ul>",
    ),
    "tasks": (
        TASKS,
        "- [x] a\n- [ ] **b**\n  - [ ] c",
        "<ul><li>[x] a</li><li>[ ] <strong>b</strong><ul><li>[ ] c</li></ul></li></ul>",
    ),
    "code": (
        node("codeBlock", "```\n*a* <b>", language="no language"),
        "````\n```\n*a* <b>\n````",
        "<pre><code>```\n*a* &lt;b&gt;\n</code></pre>",
    ),
    "quote": (
        doc(node("blockquote", p("a"), p("b")), node("blockquote", p("c"))),
        "> a\n>\n> b\n\n> c",
        "<blockquote><p>a</p><p>b</p></blockquote><blockquote><p>c</p></blockquote>",
    ),
    "quote in a list": (
        node("bulletList", item(node("blockquote", p("a"), p("b")))),
        "- > a\n  >\n  > b",
        "<ul><li><blockquote><p>a</p><p>b</p></blockquote></li></ul>",
    ),
    "panel": (
        node("panel", p("a"), panelType="warning"),
        "> **Warning**\n>\n> a",
        "<blockquote><p><strong>Warning</strong></p><p>a</p></blockquote>",
    ),
    "panel of one's own": (node("panel", p("a"), panelType="custom"), "> a", "<blockquote><p>a</p></blockquote>"),
    "expand": (
        node("expand", p("a"), title="More [b]"),
        "**More \\[b\\]**\n\na",
        "<p><strong>More [b]</strong></p><p>a</p>",
    ),
    "nested expand": (node("nestedExpand", p("a"), title=""), "a", "<p>a</p>"),
    "rule": (doc(p("a"), node("rule"), p("b")), "a\n\n---\n\nb", "<p>a</p><hr /><p>b</p>"),
    "table": (
        TABLE,
        "| a | b |\n| --- | --- |\n| **c** | d<br>e |",
        ("<table><thead><tr><th>a</th><th>b</th></tr></thead>"
        "<tbody><tr><td><strong>c</strong></td><td>d<br>e</td></tr></tbody></table>"),
    ),
    "table without a header": (
        node("table", row(p("a|b", text("c|d", "code")))),
        "| |\n| --- |\n| a\\|b`c\\|d` |",
        "<table><thead><tr><th></th></tr></thead><tbody><tr><td>a|b<code>c|d</code></td></tr></tbody></table>",
    ),
    "strong": (p("a ", text("b", "strong"), " c"), "a **b** c", "<p>a <strong>b</strong> c</p>"),
    "emphasis": (p(text("b", "em")), "*b*", "<p><em>b</em></p>"),
    "strike": (p(text("b", "strike")), "~~b~~", "<p><s>b</s></p>"),
    "underline": (p(text("b", "underline")), "<ins>b</ins>", "<p><ins>b</ins></p>"),
    "sub and sup": (p("a", text("b", SUB), text("c", SUP)), "a<sub>b</sub><sup>c</sup>",
                    "<p>a<sub>b</sub><sup>c</sup></p>"),
    "code mark": (p(text("*a* `b`", "code")), "`` *a* `b` ``", "<p><code>*a* `b`</code></p>"),
    "strong and emphasis": (p(text("a", "em", "strong")), "***a***", "<p><em><strong>a</strong></em></p>"),
    "strong within a word": (p("a", text("b", "strong"), "c"), "a**b**c", "<p>a<strong>b</strong>c</p>"),
    "strong with blanks": (p("a", text(" b ", "strong"), "c"), "a **b** c", "<p>a <strong>b</strong> c</p>"),
    "strong beside a word, ending in a sign": (
        p(text("b!", "strong"), "c"), "<strong>b\\!</strong>c", "<p><strong>b!</strong>c</p>",
    ),
    "strong beside emphasis": (
        p(text("a", "strong"), text("b", "em")), "**a**<em>b</em>", "<p><strong>a</strong><em>b</em></p>",
    ),
    "link": (
        p(text("a [b]", link("https://x.example/(a)?b&copy;=1|2"))),
        "[a \\[b\\]](https://x.example/%28a%29?b&amp;copy;=1%7C2)",
        '<p><a href="https://x.example/%28a%29?b&amp;copy;=1%7C2">a [b]</a></p>',
    ),
    "link in strong": (
        p(text("a ", "strong"), text("b", "strong", link("https://x.example"))),
        "**a** [**b**](https://x.example)",
        '<p><strong>a</strong> <a href="https://x.example"><strong>b</strong></a></p>',
    ),
    "bare link": (
        p(text("https://x.example", link("https://x.example"))),
        "<https://x.example>",
        '<p><a href="https://x.example">https://x.example</a></p>',
    ),
    "link behind an exclamation": (
        p("Look!", text("a", link("/b"))), "Look\\![a](/b)", '<p>Look!<a href="/b">a</a></p>',
    ),
    "mention": (p(node("mention", id="5b-1", text="@Jo_ Doe")), "@Jo\\_ Doe", "<p>@Jo_ Doe</p>"),
    "mention without a name": (p(node("mention", id="5b-1")), "@5b-1", "<p>@5b-1</p>"),
    "emoji": (
        p(node("emoji", shortName=":smile:", text="😄"), node("emoji", shortName=":a_b:")), "😄:a_b:", "<p>😄:a_b:</p>",
    ),
    "date": (p(node("date", timestamp="1706745600000")), "2024-02-01", "<p>2024-02-01</p>"),
    "status": (p(node("status", text="IN *REVIEW*", color="blue")), "IN \\*REVIEW\\*", "<p>IN *REVIEW*</p>"),
    "inline card": (
        p(node("inlineCard", url="https://x.example/a")),
        "<https://x.example/a>",
        '<p><a href="https://x.example/a">https://x.example/a</a></p>',
    ),
    "inline card with data": (
        p(node("inlineCard", data={"url": "https://x.example", "name": "X"})),
        "[X](https://x.example)",
        '<p><a href="https://x.example">X</a></p>',
    ),
    "block card": (
        node("blockCard", url="https://x.example"),
        "<https://x.example>",
        '<p><a href="https://x.example">https://x.example</a></p>',
    ),
    "embed card": (
        node("embedCard", url="https://x.example", layout="wide"),
        "<https://x.example>",
        '<p><a href="https://x.example">https://x.example</a></p>',
    ),
    "image elsewhere": (
        node("mediaSingle", node("media", type="external", url="https://x.example/a b.png", alt="a [b]")),
        "![a \\[b\\]](https://x.example/a%20b.png)",
        '<p><img src="https://x.example/a%20b.png" alt="a [b]" /></p>',
    ),
    "empty document": (doc(), "", ""),
}  # fmt: skip
LOST: dict[str, tuple[Json, str, dict[str, int]]] = {
    "media of Jira's": (
        node("mediaSingle", node("media", type="file", id="1", alt="shot_1.png"), node("caption", "What I see")),
        "shot_1.png\n\nWhat I see",
        {"media": 1},
    ),
    "media without a name": (node("mediaGroup", node("media", type="file", id="1")), "attachment", {"media": 1}),
    "media in a line": (p("a ", node("mediaInline", type="file", id="1")), "a attachment", {"media": 1}),
    "colors": (
        p(text("a", {"type": "textColor", "attrs": {"color": "#f00"}}), text("b", "backgroundColor", "annotation")),
        "ab",
        {"textColor": 1, "backgroundColor": 1, "annotation": 1},
    ),
    "alignment": (p("a") | {"marks": [{"type": "alignment"}, {"type": "indentation"}]}, "a",
                  {"alignment": 1, "indentation": 1}),
    "layout": (node("layoutSection", node("layoutColumn", p("a")), node("layoutColumn", p("b"))), "a\n\nb",
               {"layoutSection": 1, "layoutColumn": 2}),
    "decisions": (node("decisionList", node("decisionItem", "a", state="DECIDED")), "- a", {"decisionList": 1}),
    "extension": (node("extension", text="a *b*", extensionKey="x"), "a \\*b\\*", {"extension": 1}),
    "extension with a body": (node("bodiedExtension", p("a"), extensionKey="x"), "a", {"bodiedExtension": 1}),
    "extension in a line": (p("a ", node("inlineExtension", text="b")), "a b", {"inlineExtension": 1}),
    "placeholder": (p(node("placeholder", text="Type here")), "Type here", {"placeholder": 1}),
    "unknown block": (node("newBlock", node("newInner", p("a"), p("b"))), "a\n\nb", {"newBlock": 1, "newInner": 1}),
    "unknown leaf": (node("newLeaf", title="a"), "a", {"newLeaf": 1}),
    "unknown in a line": (p("a ", node("newText", node("inner", "b"))), "a b", {"newText": 1}),
    "link to a script": (p(text("a", link("javascript:alert(1)"))), "a", {"link": 1}),
    "card without an address": (p(node("inlineCard", data={"name": "X"})), "X", {"inlineCard": 1}),
    "spans": (
        node("table", row(node("tableCell", p("a"), colspan=2), node("tableCell", p("b"), rowspan=2)), row(p("c"))),
        "| | | |\n| --- | --- | --- |\n| a | | b |\n| c |",
        {"colspan": 1, "rowspan": 1},
    ),
    "blocks in a cell": (
        node("table", row(node("tableCell", node("bulletList", item(p("a")), item(p("b"), p("c"))),
                               node("codeBlock", "x|y\n\nz"), node("panel", p("d"))))),
        "| |\n| --- |\n| • a<br>• b<br>c<br>`x\\|y`<br>`z`<br>d |",
        {"tableCell.bulletList": 1, "tableCell.codeBlock": 1, "tableCell.panel": 1},
    ),
}  # fmt: skip


def document(value: Json) -> Json:
    return value if value["type"] == "doc" else doc(value)


def plain_html(markdown: str) -> str:
    """The page without the line breaks that a renderer puts between tags."""
    html = RENDERER.render(markdown)
    for tag in ("</p>", "</li>", "<ul>", "<ol>", "</ul>", "</ol>", "<li>", "<blockquote>", "</blockquote>", "<br />"):
        html = html.replace(f"{tag}\n", tag)
    for tag in ("</h2>", "</h6>", "<hr />", "</pre>", "table>", "thead>", "tbody>", "tr>", "</th>", "</td>", '">'):
        html = html.replace(f"{tag}\n", tag)
    return html.replace("\n<ul>", "<ul>").replace("\n<ol", "<ol")


@pytest.mark.parametrize(("adf", "markdown", "html"), CONVERTED.values(), ids=CONVERTED.keys())
def test_a_node_becomes_markdown_that_shows_it(adf: Json, markdown: str, html: str) -> None:
    converted = adf_to_markdown(document(adf))
    assert (converted.text, converted.losses) == (markdown, {})
    assert plain_html(markdown) == html


@pytest.mark.parametrize(("adf", "markdown", "losses"), LOST.values(), ids=LOST.keys())
def test_nodes_without_equivalent_become_text_and_are_counted(adf: Json, markdown: str, losses: Json) -> None:
    converted = adf_to_markdown(document(adf))
    assert (converted.text, converted.losses) == (markdown, losses)


def test_a_mention_uses_the_name_known_to_the_caller() -> None:
    mention = node("mention", id="5b-1", text="@Old Name")
    converted = adf_to_markdown(doc(p(mention)), mention=lambda account_id, shown: f"{account_id} was {shown}")
    assert converted.text == "@5b-1 was Old Name"


@pytest.mark.parametrize("kind", ["blockquote", "bulletList", "expand", "unknown", "table"])
def test_depth_is_bounded_and_no_word_is_lost(kind: str) -> None:
    inner: Json = p("deep *word*")
    for _ in range(400):
        inner = node(kind, node("listItem", inner) if kind == "bulletList" else inner)
    converted = adf_to_markdown(doc(inner))
    assert "deep \\*word\\*" in converted.text
    assert kind == "table" or converted.losses["depth"] == 1, converted.losses
    assert all(line.count(">") <= DEEPEST for line in converted.text.split("\n"))


@pytest.mark.parametrize(
    "broken", [None, 1, "x", [], {}, [1], {"a": 1}, {"type": "text"}, [{"type": "doc"}], 10**400, True]
)
def test_any_value_in_any_place_is_no_error(broken: Any) -> None:
    samples = [sample[0] for sample in (*CONVERTED.values(), *LOST.values())]
    for sample in samples:
        for holder, name in places(sample):
            kept, holder[name] = holder[name], broken
            json.dumps(adf_to_markdown(document(sample) if isinstance(sample.get("type"), str) else sample).text)
            holder[name] = kept


def places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        pairs = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for name, inner in list(pairs):
            found.append((holder, name))
            waiting.append(inner)
    return found


def test_the_number_of_names_of_losses_is_limited() -> None:
    converted = adf_to_markdown(doc(*(node(f"k{number}", text="x") for number in range(100))))
    assert len(converted.losses) == 51
    assert converted.losses["*"] == 50


def test_a_span_of_a_cell_is_no_bomb() -> None:
    wide = node(
        "table",
        row(*(node("tableCell", p("a"), colspan=100) for _ in range(50)), node("tableCell", p("b"), colspan=10**9)),
    )
    assert len(adf_to_markdown(doc(wide)).text) < 2000
