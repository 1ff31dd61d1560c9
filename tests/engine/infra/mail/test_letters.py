"""Every letter that the domain can send, with ordinary facts and with hostile ones."""

import importlib
import pkgutil
import re
import sys
import typing
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, timezone
from email import policy
from html.parser import HTMLParser
from typing import ClassVar

import pytest
from jinja2 import UndefinedError

import domain
from domain.accounts.mails import AccountNotice
from domain.shared.mail import Letter, Mail
from domain.workspaces.mails import MemberWelcome
from infra.mail.letters import FOLDER, SUBJECT_LENGTH, JinjaLetters, _facts
from infra.mail.smtp import message_of
from tests.fakes.clock import MemoryClock

SITE = "https://tracker.example.org"
LETTERS = JinjaLetters(site=SITE)
LAYOUTS = {"layout.txt", "layout.html", "parts.html"}
ODD = (
    "</title><script>alert(1)</script>\r\nBcc: eve@example.org\n\n{{ site }}\u2028\u202e\0\udc80 ' \" & žluťoučký "
    + "x" * 300
)
ELEMENTS = {"html", "head", "meta", "title", "body", "div", "p", "a", "strong", "em", "ul", "ol", "li", "br", "code"}
SECRET = re.compile(r"(?:.*_)?(?:url|token|code)")


def letters_of_the_domain() -> list[type[Letter]]:
    for module in pkgutil.walk_packages(domain.__path__, "domain."):
        importlib.import_module(module.name)
    # `slots=True` makes a second class; the first is nobody's and lives until it is collected.
    known = [kind for kind in subclasses(Letter) if vars(sys.modules[kind.__module__]).get(kind.__name__) is kind]
    return sorted((kind for kind in known if kind.__module__.startswith("domain.")), key=lambda kind: kind.kind)


def subclasses(kind: type[Letter]) -> Iterator[type[Letter]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


KINDS = letters_of_the_domain()
every_letter = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


def made(kind: type[Letter], text: str) -> Letter:
    """Letter of the given kind with `text` in every text field; links keep our own address."""
    return kind(
        **{name: fact(name, hint, text) for name, hint in typing.get_type_hints(kind).items() if name != "kind"}
    )


def fact(name: str, hint: object, text: str) -> object:
    if SECRET.fullmatch(name):
        return f"{SITE}/{name}?a=1&b=2"
    values: dict[object, object] = {str: text, int: 3, datetime: datetime(2026, 11, 23, 12, 0, tzinfo=UTC)}
    assert hint in values, f"{name}: {hint} is no text, number or moment"
    return values[hint]


WRITTEN_BY = {
    "inviter": "a person: the name, which Checks.name has let through",
    "new_owner": "the same",
    "old_owner": "the same",
    "person": "the same",
    "workspace": "a workspace's people: its name, which Checks.name has let through",
    "role": "the server",
    "what": "the server",
}
"""Each text that a letter holds -> who wrote it, and what keeps links of theirs out of it."""


def test_every_text_in_letters_has_a_known_author() -> None:
    hints = {name for kind in KINDS for name, hint in typing.get_type_hints(kind).items() if hint is str}
    texts = {name for name in hints if not SECRET.fullmatch(name)}
    assert texts == WRITTEN_BY.keys(), "Say in WRITTEN_BY who writes it: text of users needs Checks.name."


class Page(HTMLParser):
    """Elements, attributes and text of a mail, as a mail program parses it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_there_are_letters() -> None:
    assert MemberWelcome in KINDS
    assert len({kind.kind for kind in KINDS}) == len(KINDS), "two letters share their templates"


def test_each_letter_has_its_three_templates_and_no_template_is_idle() -> None:
    files = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert files == LAYOUTS | {
        f"{kind.kind.replace('.', '/')}.{part}" for kind in KINDS for part in ("subject", "txt", "html")
    }


@every_letter
def test_a_letter_belongs_to_its_slice_and_can_be_read(kind: type[Letter]) -> None:
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", kind.kind)
    assert kind.kind.split(".")[0] == kind.__module__.split(".")[1]
    written = LETTERS.write(made(kind, "Ada"))
    assert 5 < len(written.subject) <= SUBJECT_LENGTH
    assert "\n" not in written.subject
    assert written.text.endswith(f"\n-- \nWorkgraph, {SITE}\n")
    assert "\n\n\n" not in written.text
    assert SITE in Page(written.html).text


@every_letter
def test_a_letter_gives_its_facts_in_both_forms_and_its_secrets_in_no_subject(kind: type[Letter]) -> None:
    letter = made(kind, "Ada")
    written = LETTERS.write(letter)
    page = Page(written.html)
    for field in fields(letter):
        if SECRET.fullmatch(field.name):
            shown = getattr(letter, field.name)
            assert shown in written.text.splitlines(), f"{field.name} has no line of its own"
            assert shown in page.text
            assert shown not in written.subject
    assert [value for name, value in page.attributes if name == "href" and not str(value).startswith(SITE)] == []


@every_letter
def test_hostile_facts_stay_text(kind: type[Letter]) -> None:
    written = LETTERS.write(made(kind, ODD))
    page = Page(written.html)
    assert page.elements <= ELEMENTS
    assert {name for name, _ in page.attributes} <= {"lang", "charset", "name", "content", "style", "href"}
    for part in (written.subject, written.text, page.text):
        assert not re.search(r"[\0\r\u2028\u202e\ud800-\udfff]", part)
    assert not [line for line in written.text.splitlines() if line.startswith("Bcc:")]
    assert len(written.subject) <= SUBJECT_LENGTH


@every_letter
def test_nothing_is_loaded_from_elsewhere(kind: type[Letter]) -> None:
    html = LETTERS.write(made(kind, "Ada")).html
    assert not re.search(r"src=|@import|url\(|<link|<img|<script|<iframe|<form|http-equiv", html)


@every_letter
@pytest.mark.parametrize("text", ["Ada", ODD, "ž" * 400, "x" * 2000], ids=["plain", "odd", "wide", "long"])
def test_a_message_keeps_to_the_lines_of_rfc_5322(kind: type[Letter], text: str) -> None:
    mail = Mail(id="job_01", to=f"{'a' * 64}@{'b' * 180}.example", letter=made(kind, text))
    message = message_of(
        mail, LETTERS.write(mail.letter), sender="Workgraph <tracker@example.org>", clock=MemoryClock()
    )
    lines = message.as_bytes(policy=policy.SMTP).split(b"\r\n")
    assert max(len(line) for line in lines) <= 998
    body = lines[lines.index(b"") :]
    assert max(len(line) for line in body) <= 78
    headers = [
        line.partition(b":")[0].decode() for line in lines[: lines.index(b"")] if not line.startswith((b" ", b"\t"))
    ]
    assert sorted(headers) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated(Letter):
    kind: ClassVar[str] = "tests.dated"

    at: datetime


def test_a_notice_names_the_operator_where_another_password_is_of_no_use() -> None:
    written = LETTERS.write(AccountNotice(person="Ada", what="Your account was deleted.", url=None))
    for part in (written.text, Page(written.html).text):
        assert "contact the operator" in part
        assert "password" not in part


def test_times_in_letters_are_utc() -> None:
    at = datetime(2026, 3, 1, 1, 5, tzinfo=timezone(timedelta(hours=2)))
    assert _facts(Dated(at=at)) == {"at": "28 February 2026, 23:05 UTC"}


def test_a_fact_that_a_template_names_and_a_letter_lacks_is_an_error() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Poor(Letter):
        kind: ClassVar[str] = "workspaces.member_welcome"

    with pytest.raises(UndefinedError):
        LETTERS.write(Poor())
