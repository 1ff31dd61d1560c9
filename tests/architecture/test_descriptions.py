"""Descriptions of the SDL are plain API English: each can be understood alone, in a tooltip or by a language model."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_introspection_type,
    is_specified_directive,
    is_specified_scalar_type,
)

from tests.plain_english import forbidden_phrases
from tests.root_fields import SCHEMA

LEAST_WORDS, LEAST_WORDS_OF_ENUM_VALUE = 4, 2

PRONOUNS = (
    "I we you your yours he she it its they their them this that these those such as nothing something everything "
    "anything nobody somebody everybody anybody someone everyone anyone one whoever whatever"
)
QUESTION_WORDS = "who whom whose what which when where why how until since"
PREPOSITIONS = "by in of for from to up with without"
FORBIDDEN_FIRST = frozenset(f"{PRONOUNS} {QUESTION_WORDS} {PREPOSITIONS}".lower().split())
"""A description starts with a noun or a verb; a list field may start with `All` or `At least one` item."""

LITERALS: Mapping[str, str] = {
    "2026-01-31": "example of a Date",
    "2026-01-31T12:00:00Z": "example of a DateTime",
    "#": "first character of a color",
    "#5e6ad2": "example of a color",
    "://": "text that a name must not contain",
    "www.": "text that a name must not contain",
    "ENG": "example of a project key",
    "ENG-12": "example of an identifier",
    "EN": "start of identifiers",
    "ENG-": "start of identifiers",
    "ENG-1": "start of identifiers",
    "Europe/Berlin": "example of a time zone",
    "UTC": "the default time zone",
    "usr": "example of an ID's prefix",
    "jira": "example of a value",
    "github": "example of a value",
    "comments.body": "example of a value",
    "pulls": "member of a file",
    "/imports/files": "path of the REST API",
    "User-Agent": "header of HTTP",
    "__schema": "field of introspection",
    "__type": "field of introspection",
}
"""Text allowed between backticks without being a name of the SDL -> its meaning."""


class Text(NamedTuple):
    place: str
    text: str
    least_words: int = LEAST_WORDS


def descriptions(of: GraphQLSchema) -> Iterator[Text]:
    """Every description of the SDL; what has none is found by `undescribed` in test_schema.py."""
    for name, kind in of.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        yield Text(name, kind.description or "")
        if isinstance(kind, GraphQLEnumType):
            for value, each in kind.values.items():
                yield Text(f"{name}.{value}", each.description or "", LEAST_WORDS_OF_ENUM_VALUE)
        elif isinstance(kind, GraphQLInputObjectType):
            yield from (Text(f"{name}.{field}", each.description or "") for field, each in kind.fields.items())
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field, each in kind.fields.items():
                yield Text(f"{name}.{field}", each.description or "")
                arguments = each.args.items()
                yield from (Text(f"{name}.{field}({key}:)", argument.description or "") for key, argument in arguments)
    for directive in of.directives:
        if not is_specified_directive(directive):
            yield Text(f"@{directive.name}", directive.description or "")
            arguments = directive.args.items()
            yield from (Text(f"@{directive.name}({key}:)", each.description or "") for key, each in arguments)


def names(of: GraphQLSchema) -> frozenset[str]:
    """Every type, field, argument, input field and enum value."""
    return frozenset(re.findall(r"\w+", " ".join(each.place for each in descriptions(of))))


def faults(each: Text, known: frozenset[str]) -> Iterator[str]:
    text = each.text
    words = text.split()
    if len(words) < each.least_words:
        yield f"has fewer than {each.least_words} words"
    first = re.match(r"\w+", text)
    if first and first[0].lower() in FORBIDDEN_FIRST:
        yield f"starts with `{first[0]}`; start with a noun or a verb"
    if not re.match(r"[A-Z`]", text) or not text.endswith("."):
        yield "is no sentence: start with a capital letter and end with a full stop"
    for phrase in forbidden_phrases(text):
        yield f"says `{phrase}`"
    for name in re.findall(r"`([^`]*)`", text):
        if name not in known and name not in LITERALS:
            yield f"names `{name}`, which is not in the SDL"
    if snake := re.search(r"(?<![\w/.-])[a-z]+(?:_[a-z]+)+", text):
        yield f"names `{snake[0]}` as Python does"


def found(of: GraphQLSchema, known: frozenset[str]) -> list[str]:
    return [f"{each.place} {fault}: {each.text!r}" for each in descriptions(of) for fault in faults(each, known)]


def test_descriptions_are_plain_english() -> None:
    assert found(SCHEMA, names(SCHEMA)) == []
    assert sum(1 for _ in descriptions(SCHEMA)) > 1000


def test_every_literal_is_needed() -> None:
    quoted = {name for each in descriptions(SCHEMA) for name in re.findall(r"`([^`]*)`", each.text)}
    assert LITERALS.keys() - quoted == set()
    assert LITERALS.keys() & names(SCHEMA) == set()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("By name.", "fewer than 4 words"),
        ("Its number in the project.", "starts with `Its`"),
        ("Who created the issue, if known.", "starts with `Who`"),
        ("When the issue was created.", "starts with `When`"),
        ("What's left of the comment.", "starts with `What`"),
        ("Whoever has the link first.", "starts with `Whoever`"),
        ("Nobody has set a priority.", "starts with `Nobody`"),
        ("By the name of the label.", "starts with `By`"),
        ("Title of the issue, one line", "no sentence"),
        ("title of the issue, one line.", "no sentence"),
        ("An invitation that is good once.", "says `good once`"),
        ("Link that nobody can accept any more.", "says `any more`"),
        ("The token is valid no more.", "says `no more`"),
        ("Status, as it stands now.", "says `stands`"),
        ("Filter for labels, as above.", "says `as above`"),
        ("Time when the user logged in.", "says `logged in`"),
        ("State given in `replaceBy` or `issues`.", "names `replaceBy`"),
        ("Must not be after due_date of the issue.", "names `due_date` as Python does"),
    ],
)
def test_a_planted_description_is_refused(text: str, fault: str) -> None:
    lines = list(faults(Text("Thing.field", text), frozenset({"issues"})))
    assert any(fault in line for line in lines), lines


@pytest.mark.parametrize(
    "text",
    [
        "The user who created the issue.",
        "Whether the issue has understands in `issues`.",
        "A project has no more than 50 states.",
        "`User-Agent` header of the client.",
    ],
)
def test_a_plain_description_passes(text: str) -> None:
    assert list(faults(Text("Thing.field", text), frozenset({"issues"}))) == []


def test_every_kind_of_description_is_read() -> None:
    sample = build_schema(
        """
        "By." directive @ours("By." by: Int) on FIELD
        "By." type Query { "By." thing("By." id: ID): Thing }
        "By." interface Thing { "By." id: ID }
        "By." enum Color { "By." RED "Dark blue." BLUE }
        "By." input In { "By." size: Int }
        "By." scalar Day
        """
    )
    places = {line.partition(" ")[0] for line in found(sample, frozenset()) if "fewer than" in line}
    assert places == {
        "@ours",
        "@ours(by:)",
        "Query",
        "Query.thing",
        "Query.thing(id:)",
        "Thing",
        "Thing.id",
        "Color",
        "Color.RED",
        "In",
        "In.size",
        "Day",
    }
