"""Requests that no honest client sends, made from a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

METHODS = ("POST", "POST", "POST", "POST", "POST", "POST", "GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
CONTENT_TYPES = (
    *("application/json",) * 8,
    "application/json; charset=utf-8",
    "application/json; charset=utf-16",
    "application/json; charset=\x80",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
    ";;;=",
    "",
)
ACCEPTS = (
    "application/json",
    "application/graphql-response+json",
    "*/*",
    "",
    "text/html",
    ";q=,,q=;",
    "application/json;q=1e999",
    "application/json;q=nan",
    "*/*;q=-1",
)
QUERIES = (
    "{viewer}",
    "{item{name}}",
    "query($n:String!){item(name:$n){name}}",
    "query($f:Form!){form(form:$f)}",
    "query($n:[Int!]!){numbers(numbers:$n)}",
    "query($by:Choice!){choice(by:$by)}",
    "mutation{change}",
    "{__schema{types{name}}}",
)
PIECES = (
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "...",
    "$",
    "@skip",
    "!",
    ":",
    "=",
    "|",
    "&",
    "#",
    '"',
    '"""',
    "\\u",
    "\x00",
    "\ud800",
)
WORDS = (
    "item",
    "name",
    "on",
    "fragment",
    "F",
    "query",
    "null",
    "true",
    "1e999",
    "-0",
    "9" * 400,
    "ü",
    "\u202e",
    "__proto__",
)
EXTREMES = (
    None,
    True,
    0,
    -1,
    2**31,
    -(2**63),
    2**63,
    1e308,
    0.1,
    "",
    "x" * 3_000,
    "\x00",
    "\u202e",
    [],
    {},
    [[]],
    {"": {}},
)


@dataclass(frozen=True, slots=True)
class Malformed:
    method: str
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    body: bytes = b""
    query_string: bytes = b""


def malformed_requests(count: int, *, seed: int) -> Iterator[Malformed]:
    chance = random.Random(seed)
    for _ in range(count):
        headers = [
            ("content-type", chance.choice(CONTENT_TYPES).encode("latin-1")),
            ("accept", chance.choice(ACCEPTS).encode("latin-1")),
        ]
        body = _body(chance)
        query_string = _query_string(chance) if chance.random() < 0.2 else b""
        yield Malformed(chance.choice(METHODS), headers, body, query_string)


def _body(chance: random.Random) -> bytes:
    kind = chance.randrange(9)
    if kind == 0:
        return chance.randbytes(chance.randrange(200))
    if kind == 1:
        depth = chance.choice((10, 500, 1_023, 1_024, 1_025, 20_000))
        opening, closing = chance.choice(((b"[", b"]"), (b'{"a":', b"}")))
        return opening * depth + b"1" + closing * chance.choice((depth, 0))
    if kind == 2:
        return orjson.dumps(
            chance.choice(EXTREMES[5:]) if chance.random() < 0.1 else chance.choice((None, 1, "x", [], [{}]))
        )
    if kind == 3:
        number = chance.choice((b"9" * 5_000, b"1e99999", b"-", b"0x1", b"NaN", b"Infinity", b"01", b"1."))
        return b'{"query":"{viewer}","variables":{"n":' + number + b"}}"
    if kind == 4:
        escape = chance.choice((rb"\ud800", rb"\udc00\ud800", rb"\u0000", rb"\x", rb"\u12"))
        return b'{"query":"{item(name:\\"' + escape + b'\\"){name}}","operationName":"' + escape + b'"}'
    request = orjson.dumps(_request(chance))
    if kind == 5:
        return request[: chance.randrange(len(request))]
    if kind == 6:
        place = chance.randrange(len(request))
        return request[:place] + chance.randbytes(chance.randrange(1, 4)) + request[place + 1 :]
    return request


def _request(chance: random.Random) -> dict[str, object]:
    request: dict[str, object] = {"query": _query(chance)}
    if chance.random() < 0.6:
        names = ("n", "f", "by", "", "__proto__")
        request["variables"] = {chance.choice(names): _value(chance, 0) for _ in range(chance.randrange(4))}
    for name in ("query", "variables", "operationName", "extensions"):
        if chance.random() < 0.15:
            request[name] = _value(chance, 0)
    return request


def _query(chance: random.Random) -> str:
    query = chance.choice(QUERIES)
    for _ in range(chance.choice((0, 0, 1, 3))):
        place = chance.randrange(len(query) + 1)
        query = query[:place] + chance.choice(PIECES[:-1] + WORDS) + query[place + chance.randrange(2) :]
    return query


def _value(chance: random.Random, depth: int) -> object:
    if depth > 4 or chance.random() < 0.5:
        return chance.choice([each for each in EXTREMES if not (isinstance(each, int) and abs(each) > 2**63)])
    if chance.random() < 0.5:
        return [_value(chance, depth + 1) for _ in range(chance.choice((1, 2, 260)) if depth == 0 else 2)]
    names = ("title", "numbers", "inner", "byName", "byNumber", "", "__class__")
    return {chance.choice(names): _value(chance, depth + 1) for _ in range(3)}


def _query_string(chance: random.Random) -> bytes:
    parts = (
        b"query={viewer}",
        b"query=%ff",
        b"query=",
        b"variables={",
        b"variables=%7B%22n%22:1%7D",
        b"&",
        b"=",
        b"%",
        b"a=1",
    )
    return b"&".join(chance.choice(parts) for _ in range(chance.randrange(1, 14)))
