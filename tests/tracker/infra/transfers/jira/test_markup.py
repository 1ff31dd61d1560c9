import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from infra.transfers.jira.markup import jira_to_markdown
from tests.examples import examples, share_of

CONVERTED = {
    "heading": ("h1. One\nh3. Two *b*", "# One\n### Two **b**"),
    "heading that ends in a sign": ("h2. C #", "## C \\#"),
    "phrases": ("*b* _i_ -s- +u+", "**b** _i_ ~~s~~ <ins>u</ins>"),
    "more phrases": ("^p^ ~q~ ??c??", "<sup>p</sup> <sub>q</sub> <cite>c</cite>"),
    "phrase in phrase": ("*b _i_*", "**b _i_**"),
    "phrase within a word": ("foo{*}bar{*}baz", "foo**bar**baz"),
    "monospace": ("{{a *b* `c`}}", "`` a *b* `c` ``"),
    "bullets": ("* a\n** b\n* c\n- d", "- a\n  - b\n- c\n- d"),
    "numbers": ("# a\n## b\n## c\n# d", "1. a\n   1. b\n   2. c\n2. d"),
    "mixed lists": ("# a\n#* b\n#* c\n# d\n\n* e\n*# f", "1. a\n   - b\n   - c\n2. d\n\n- e\n  1. f"),
    "code in a list": ("# a\n{code}\nx\n{code}\n# b", "1. a\n   ```\n   x\n   ```\n2. b"),
    "link": ("[text|http://x.example/a_b_]", "[text](http://x.example/a_b_)"),
    "link with brackets": ("[text|http://x.example/(a)]", "[text](<http://x.example/(a)>)"),
    "bare link": ("[http://x.example]", "<http://x.example>"),
    "smart link": ("[a|http://x.example|smart-link]", "[a](http://x.example)"),
    "link with a tip": ("[a|http://x.example|more]", "[a (more)](http://x.example)"),
    "mail link": ("[mail|mailto:a@example.org]", "[mail](mailto:a@example.org)"),
    "link behind an exclamation": ("Look![a|http://x.example]", "Look\\![a](http://x.example)"),
    "mention": ("ask [~ada] or [~accountid:5b-1]", "ask @ada or @5b-1"),
    "attachment": ("[^log.txt]", "log.txt"),
    "image": ("!shot 1.png|thumbnail!", "shot 1.png"),
    "image elsewhere": ("!http://x.example/a/b.png!", "![b.png](http://x.example/a/b.png)"),
    "quote": ("{quote}\na\n\nb\n{quote}\nreply", "> a\n>\n> b\n\nreply"),
    "two quotes": ("{quote}a{quote}{quote}b{quote}", "> a\n\n> b"),
    "quoted line": ("bq. a\nb", "> a\n\nb"),
    "panel": ("{panel:title=T|bgColor=#fff}\na\n{panel}", "> **T**\n>\n> a"),
    "code in a quote": ("{quote}a\n{code}b{code}{quote}", "> a\n> ```\n> b\n> ```"),
    "color": ("a {color:red}b *c*{color} d", "a b **c** d"),
    "code": ("a\n{code:java}\nint *b; // [c|http://d]\n{code}\ne", "a\n```java\nint *b; // [c|http://d]\n```\ne"),
    "code with a title": ("a {code:title=B.java|borderStyle=solid}c{code}", "a\n\n**B.java**\n```\nc\n```"),
    "code with a fence inside": ("{code}\n````\n{code}", "`````\n````\n`````"),
    "code that stands alone": ("a {code}", "a {code}"),
    "noformat": ("{noformat}\nh1. *a*\n{noformat}", "```\nh1. *a*\n```"),
    "table": ("||a||b||\n|c|d *e*|", "| a | b |\n| --- | --- |\n| c | d **e** |"),
    "table without a header": ("a\n|b|c|\nd", "a\n\n| | |\n| --- | --- |\n| b | c |\n\nd"),
    "link in a table": ("|[a|http://b.example]|{{c|d}}|", "| | |\n| --- | --- |\n| [a](http://b.example) | `c\\|d` |"),
    "code in a table": ("|{code}a|b{code}|c|", "| | |\n| --- | --- |\n| `a\\|b` | c |"),
    "rule": ("a\n----\nb", "a\n\n---\nb"),
    "line break": ("a\\\\b", "a  \nb"),
    "line break at the end": ("a\\\\\nb", "a  \nb"),
    "line break in a table": ("|a\\\\b|", "| |\n| --- |\n| a<br>b |"),
    "network path": (r"at \\host\share", r"at \\\\host\share"),
    "escapes": (r"\{code} \*a\* \[b]", r"{code} \*a\* \[b]"),
    "newlines": ("a\r\nb\rc", "a  \nb  \nc"),
    "emoticons": (":) (/) (x) (!)", ":) (/) (x) (!)"),
    "markdown heading": ("#a\n## b", "#a\n1. b"),
    "markdown quote": ("> a", "\\> a"),
    "markdown bullet": ("+ a", "\\+ a"),
    "underlined heading": ("a\n===\nb\n---", "a  \n\\===  \nb  \n\\---"),
    "reference": ("[a]: b", "\\[a]: b"),
    "html": ("a <b>c</b> < d", "a \\<b>c\\</b> < d"),
    "markdown emphasis": ("2*3*4 **a** __b__ c~d~e", "2\\*3\\*4 \\*\\*a\\*\\* \\_\\_b\\_\\_ c\\~d\\~e"),
    "markdown link": ("[a](http://b.example) c[d](e)", "[a](http://b.example) c\\[d](e)"),
    "markdown code": ("`a *b*` `c", "`a *b*` \\`c"),
    "markdown fence": ("```js\n*a*\n```\n*b*", "```js\n*a*\n```\n**b**"),
    "address": ("http://x.example/a_b_c/*d", "http://x.example/a_b_c/\\*d"),
    "indented markup": ("    *a*", "**a**"),
    "lines of a list's item": ("* a\nb\n* c", "- a  \nb\n- c"),
    "lines of a quote": ("{quote}a\nb\n\nc{quote}", "> a  \n> b\n>\n> c"),
    "lines around code": ("a\n    b\n\n    c\n    d", "a  \n    b\n\n    c\n    d"),
    "lines beside other blocks": ("a\nh1. b\nc\n* d\ne", "a\n# b\nc\n- d  \ne"),
    "escapes in monospace": (r"{{a\[0\] \{b\}}}", "`a[0] {b}`"),
    "monospace beside monospace": ("{{a}}{{b}} {{c}}", "`ab` `c`"),
    "brackets in a link's text": (r"[a \[b\]|http://x.example]", r"[a \[b\]](http://x.example)"),
    "link to an attachment": ("[the log|^log_1.txt]", "the log (log_1.txt)"),
    "color around bold": ("a{color:red}*b*{color}c {color}_d_{color}e", "a**b**c *d*e"),
    "color within bold": ("*{color:red}b{color}*", "**b**"),
    "color before what begins a block": ("{color:red}- a{color}", "\\- a"),
    "emphasis within a word": ("a{_}b{_}c", "a*b*c"),
    "lines in a cell": ("||h||i||\n|a\nb|c|\nd", "| h | i |\n| --- | --- |\n| a<br>b | c |\n\nd"),
    "a bar that begins no row": ("|a\nb\n\nc|", "|a  \nb\n\nc|"),
    "row headers": ("||h|a|\n||*i*|b|", "| | |\n| --- | --- |\n| **h** | a |\n| **i** | b |"),
    "row headers below a header": ("|| ||a||\n||h|b|", "| | a |\n| --- | --- |\n| **h** | b |"),
    "numbers go on behind a quote": (
        "# a\n{quote}x\ny{quote}\n# b\n{panel}z{panel}\n# c",
        "1. a\n\n   > x  \n   > y\n\n2. b\n\n   > z\n\n3. c",
    ),
    "text behind a quote in a list": ("# a\n{quote}x{quote}\nb\n# c", "1. a\n\n   > x\n\nb\n1. c"),
    "code with a named language": ("{code:title=a.java|language=Java}x{code}", "**a.java**\n```java\nx\n```"),
    "info": ("{info}a{info}", "> **Info**\n>\n> a"),
    "warning with a title": ("{warning:title=T|icon=false}\na\n{warning}", "> **T**\n>\n> a"),
    "note and tip": ("{note}a{note}{tip}b{tip}", "> **Note**\n>\n> a\n\n> **Tip**\n>\n> b"),
    "expand": ("a\n{expand:More}b\n{expand}\nc", "a\n\n**More**\n\nb\n\nc"),
    "anchor": ("{anchor:top}a{anchor:b}b", "ab"),
    "upper case": ("{CODE:JAVA}\n*a*\n{code}{Quote}b{QUOTE}", "```java\n*a*\n```\n\n> b"),
    "macro that stands alone": ("{info} {expand} a", "{info} {expand} a"),
}  # fmt: skip


@pytest.mark.parametrize(("jira", "markdown"), CONVERTED.values(), ids=CONVERTED.keys())
def test_converts(jira: str, markdown: str) -> None:
    assert jira_to_markdown(jira) == markdown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  a\n\n\nb  \n",
        "foo_bar_baz --force -v x-y a - b",
        "1. one\n\n2) two",
        "for (int i = 0; i < 10; i++) { return x[i]; }",
        "a > b, c | d & e; 50% = 1/2 $5 @f ~/g",
        "\tindented\n\n    so {deep} that it is code\n    x[1] = y",
        "Wow! Really? (yes): {unknown:macro}",
    ],
)
def test_text_without_markup_is_left_alone(text: str) -> None:
    assert jira_to_markdown(text) == text


def test_mentions_are_what_the_caller_makes_of_them() -> None:
    assert jira_to_markdown("[~ada], [Bo|~bo]", mention=lambda user: f"<{user.upper()}>") == "<ADA>, Bo <BO>"


SIGNS = [
    "*", "_", "-", "+", "^", "~", "??", "[", "]", "|", "||", "{", "}", "{{", "}}", "{code}", "{code:java|title=T}",
    "{noformat}", "{quote}", "{panel}", "{color:red}", "{color}", "!", "\n", "\n\n", " ", "\\", "\\\\", "\nh1. ",
    "\nbq. ", "\n# ", "\n* ", "\n** ", "\n- ", "\n#* ", "\n----", "`", "```", "<", ">", "(", ")", "[~", "http://",
    ".", "=", "    ", "\t", "{*}", "&", "~~", ":", "\r\n", '"', "\x00", "\ud800", "é",
]  # fmt: skip
WORD = re.compile(r"w[0-9]+w")


@st.composite
def jira_texts(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.one_of(st.just(""), st.sampled_from(SIGNS)), max_size=40))
    return "".join(part or f"w{place}w" for place, part in enumerate(parts))


def softbreaks(markdown: str) -> int:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    return sum(child.type == "softbreak" for token in tokens for child in token.children or [])


LINE_PARTS = [
    "a", "b c", " ", "*", "_", "* ", "# ", "- ", "h1. ", "bq. ", "|", "||", "!", "{quote}", "{color:red}", "\\\\",
]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(LINE_PARTS), max_size=5).map("".join), max_size=6))
@example(["* a", "b", "{quote}", "c", "d", "{quote}", "e"])
@settings(max_examples=share_of(100), deadline=None)
def test_no_end_of_a_line_is_lost(lines: list[str]) -> None:
    """Proves that a line that ends in Jira ends in Markdown with a break or with its block, not with a mere blank."""
    assert softbreaks(jira_to_markdown("\n".join(lines))) == 0


@examples(80, 400, jira_texts())
def test_no_word_is_lost(text: str) -> None:
    converted = jira_to_markdown(text)
    words = WORD.findall(text)
    assert set(WORD.findall(converted)) == set(words)
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(converted)
    assert set(WORD.findall(rendered)) == set(words)


ADDED_TAG = re.compile(r"(?<!\\)(?:</?(?:ins|sup|sub)>|<br>)")
"""HTML of a conversion; tags of the text itself are escaped."""


@given(st.text(max_size=200))
@example("+0+")
@settings(max_examples=share_of(300), deadline=None)
def test_any_text_converts_to_a_text_with_the_same_letters(text: str) -> None:
    letters = re.compile(r"[^\W_]+")
    assert letters.findall(ADDED_TAG.sub(" ", jira_to_markdown(text))) == letters.findall(text)


LITERALS = [
    "<b>", "</b>", "<!--", "-->", "<?x", "> ", ">", "##", "~~", "~~~", "__", "===", "---", "--", "](", "[w]:",
    "[w][w]", "]", "\\.", '\\"', "+ ", "**", "***", "\n", "\n\n", " ", "(", " _ ", " * ", "``", "&", "\t", "/", "w*",
    "a*b*c", "w_", "(http", "_w", "word", "word ",
]  # fmt: skip
MARKUP = re.compile(
    r"^\s*([#*]+ |-{4}|-\s)|(?<![\w*])\*[^\s*][^*\n]*\*|(?<![\w_])_[^\s_][^_\n]*_|(?<!\w)-[^\s-][^-\n]*-"
    r"|\+[^\s+][^+\n]*\+|(?<!`)`[^`\n]+`(?!`)|~[^\s~][^~\n]*~|\\\\|\\[*_~\[\]+-]|\\\Z|\\$|[#*]+\s+\S",
    re.MULTILINE,
)  # fmt: skip


@examples(
    80, 400, st.lists(st.sampled_from(LITERALS), max_size=12).map("".join).filter(lambda text: not MARKUP.search(text))
)
def test_plain_text_of_jira_is_plain_in_markdown(text: str) -> None:
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(jira_to_markdown(text))
    # A line break of Jira's may show as one in Markdown too, after two blanks.
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= {"p", "pre", "code", "br"}
    shown = re.sub(r"<[^>]*>", "", html)
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        shown = shown.replace(entity, sign)
    assert "".join(shown.split()) == "".join(text.split())


HOSTILE = [
    "{code}", "{code:java}", "{quote}", "{quote}a\n", "{panel:title=x}", "{color:red}a", "[", "[a|", "[~", "![",
    "[[a](", "[a](http://", "*", " *a", "_", " _a", "!", "!a|", "!a.b", "{{", "{{x ", "{", "{*}a", "\\", "\\\\ ",
    "a\\\\b", "`", "``a", "```\n", "<", "<http:", "http://", "-", " -a", "----- ", "-- ", " +a", " ^a", " ~a", " ??a",
    "h1. #\n", "* a\n", "# ", "##", "*#", "|", "|a", "|a|\n", "|[", "|{code}a{code}", "bq. a\n", "    ", "\t", "\n",
    "\n    ", ">", "= \n", "\r", " \n",
]  # fmt: skip


LOOKS = 8


def seconds(text: str) -> float:
    """Processor time of this thread alone."""
    start = time.thread_time()
    jira_to_markdown(text)
    return time.thread_time() - start


@pytest.mark.parametrize("part", HOSTILE)
@pytest.mark.parametrize("frame", ["{}", "|{}|"])
def test_time_grows_with_the_length_only(part: str, frame: str) -> None:
    """Sixteen times the text; a quadratic pattern takes 256 times as long, each time that one looks.

    What else the machine does can only add to a time: the first look that finds the pattern quick is right.
    """
    short, long = (frame.replace("{}", part * times) for times in (500, 8000))
    least = max(min(seconds(short) for _ in range(2)), 0.001)
    assert any(seconds(long) < 64 * least for _ in range(LOOKS))


def test_a_table_costs_cells_and_not_rows_times_columns() -> None:
    text = "|" + "a|" * 20_000 + "\n" + "|b|\n" * 20_000
    assert len(jira_to_markdown(text)) < 4 * len(text)
