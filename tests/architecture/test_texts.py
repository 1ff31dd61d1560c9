"""Texts for readers are plain English: messages, log lines, settings, REST documentation, pages, mails and commands."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, Source, sources
from tests.architecture.test_messages import texts
from tests.messages import SNAKE_CASE, WIRE_NAMES
from tests.plain_english import forbidden_phrases

LEAST_WORDS = 3
"""Shorter literals are names, keys and parts of formats."""
DEMO_TEXTS = ("domain/seed/texts.py", "domain/seed/words.py")
"""Files with texts that users of the demo workspace write to each other."""
SPEAKERS = re.compile(
    r"(?:\w*(?:Error|Refusal|Refused|Request|Form|Exception|Ending)|_?(?:bad|refused|refusal|problem|fail|lose|whole)"
    r"|limit_error|debug|info|warning|error|exception|Field)"
)
"""Calls whose strings are for readers: exceptions, refusals, losses of imports, log lines and settings."""
EXCEPTIONS = {("domain/accounts/passwords.py", "login"): "one of the common passwords"}
"""File and phrase -> why the phrase is no fault there."""
PROTOCOL_NAMES = WIRE_NAMES | {"connection_init"}
PAGES = ("api/**/*.html", "api/explorer/page/**/*.js", "api/explorer/page/**/*.json", "infra/mail/letters/**/*.*")
_MARKUP = re.compile(r"<script.*?</script>|<[^>]*>|\{%.*?%\}|\{#.*?#\}|\{\{.*?\}\}", re.DOTALL)
_JS_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\'(?:[^\'\\\n]|\\.)*\'')


def literals(source: Source) -> Iterator[tuple[int, str]]:
    """Line and text of every string of a module that is no docstring and has some words."""
    skipped = {id(node.value) for node in source.nodes if isinstance(node, ast.Expr)}
    skipped |= {id(part) for node in source.nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in source.nodes:
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in skipped:
            for text in texts(node):
                if len(text.split()) >= LEAST_WORDS:
                    yield node.lineno, text


def spoken(source: Source) -> Iterator[tuple[int, str]]:
    """Line and text of every string that a module gives to a call of SPEAKERS."""
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if SPEAKERS.fullmatch(name):
            given = [*node.args, *(each.value for each in node.keywords)]
            yield from ((each.lineno, text) for each in given for text in texts(each))


def faults(source: Source) -> list[str]:
    found = [
        f"{source.name}:{line}: says `{phrase}`: {text!r}"
        for line, text in literals(source)
        for phrase in forbidden_phrases(text)
        if (source.name, phrase) not in EXCEPTIONS
    ]
    return found + [
        f"{source.name}:{line}: names `{name}` as Python does: {text!r}"
        for line, text in spoken(source)
        if len(text.split()) >= LEAST_WORDS
        for name in SNAKE_CASE.findall(text)
        if name not in PROTOCOL_NAMES
    ]


def page_faults(name: str, text: str) -> list[str]:
    parts = _JS_STRING.findall(text) if name.endswith((".js", ".json")) else [_MARKUP.sub(" ", text)]
    return [f"{name}: says `{phrase}`" for part in parts for phrase in forbidden_phrases(part)]


def pages() -> list[Path]:
    return [path for pattern in PAGES for path in sorted(ROOT.glob(pattern)) if "node_modules" not in path.parts]


def test_texts_of_the_code_are_plain_english() -> None:
    searched = sources("api/**/*.py", "cli/**/*.py", "domain/**/*.py", "infra/**/*.py")
    assert [line for source in searched if source.name not in DEMO_TEXTS for line in faults(source)] == []
    assert sum(1 for source in searched for _ in literals(source)) > 1000
    assert sum(1 for source in searched for _ in spoken(source)) > 200


def test_pages_and_mails_are_plain_english() -> None:
    found = [line for path in pages() for line in page_faults(str(path.relative_to(ROOT)), path.read_text("utf-8"))]
    assert found == []
    assert {path.suffix for path in pages()} == {".html", ".js", ".json", ".subject", ".txt"}


@pytest.mark.parametrize(
    "line",
    [
        'raise NotFound("This account is no more, I fear.")',
        'raise MalformedRequest(f"{name} stands for nothing here.")',
        'log.warning("%s, whoever that may be, has logged in.", name)',
        'port = Field(80, description="Where whoever wants it finds it.")',
        'DONE = "You are logged in now."',
        'raise Refusal("Send the due_date of the issue.")',
        'log.error("The state_id of %s is wrong.", name)',
        'check.fail("title", "The due_date is too early.")',
        'reading.lose("title", CODE, "Another due_date stands in.")',
    ],
)
def test_a_planted_text_is_found(line: str) -> None:
    assert faults(Source("bad.py", f"{line}\n")) != []


@pytest.mark.parametrize(
    "line",
    [
        '"""Whoever reads a docstring is no client."""',
        'raise NotFound("This account no longer exists.")',
        'raise Conflict("An issue has no more than 20 assignees.")',
        'raise OAuthError("invalid_request", "`grant_type` is missing or empty.")',
        'names = {"login": "stands", "user_id": "no more"}',
        'check = "state_id IS NULL OR number > 0"',
    ],
)
def test_a_plain_text_passes(line: str) -> None:
    assert faults(Source("good.py", f"{line}\n")) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mail.txt", "The link is good once, until {{ expires_at }}."),
        ("page.html", "<p>Only whoever <b>logged in</b> sees this.</p>"),
        ("page.js", 'h("p", null, "Log in first.")'),
        ("page.js", "h('p', null, `${name} has logged in.`)"),
        ("samples.json", '{"shows": "Issues of others, alike"}'),
    ],
)
def test_a_planted_page_is_found(name: str, text: str) -> None:
    assert page_faults(name, text) != []


def test_markup_and_code_of_pages_are_no_texts() -> None:
    assert page_faults("page.html", '<a class="login">{% if logged in %}{{ somebody }}{% endif %}</a>') == []
    assert page_faults("page.js", 'const login = () => opens; // whoever calls\nh("p", null, "Sign in.")') == []
