"""Bad input by kind of value, and the proof that a refusal leaves no trace."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.client import Client
from tests.factories.accounts import IDS
from tests.worlds import TwoWorkspaces

Refusal = tuple[str, str, str]
Cases = dict[str, tuple[dict[str, Any], list[Refusal]]]
"""Name -> the fields to change in a valid input, and the errors that the changed input gets."""


def invalid(path: str, code: str = "INVALID_INPUT") -> list[Refusal]:
    return [("ValidationError", code, f"input.{path}" if path else "input")]


def missing(path: str) -> list[Refusal]:
    return [("NotFoundError", "NOT_FOUND", f"input.{path}")]


def conflict(path: str, code: str = "CONFLICT") -> list[Refusal]:
    return [("ConflictError", code, f"input.{path}" if path else "input")]


def limit(path: str) -> list[Refusal]:
    return [("LimitError", "LIMIT_EXCEEDED", f"input.{path}")]


def bad_lines(field: str, *, longest: int) -> Cases:
    return {
        f"{field} empty": ({field: ""}, invalid(field, "REQUIRED")),
        f"{field} blank": ({field: " \t\n "}, invalid(field, "REQUIRED")),
        f"{field} too long": ({field: "x" * (longest + 1)}, invalid(field, "TOO_LONG")),
        f"{field} NUL": ({field: "a\0b"}, invalid(field)),
        f"{field} surrogate": ({field: "a\ud800"}, invalid(field)),
        f"{field} two lines": ({field: "a\nb"}, invalid(field)),
        f"{field} bell": ({field: "a\x07b"}, invalid(field)),
        f"{field} C1 control": ({field: "a\x85b"}, invalid(field)),
        f"{field} line separator": ({field: "a\u2028b"}, invalid(field)),
        f"{field} paragraph separator": ({field: "a\u2029b"}, invalid(field)),
        f"{field} invisible": ({field: "\u200b \ufe0f\u3164\u2800\u00ad"}, invalid(field, "REQUIRED")),
    }


def bad_names(field: str, *, longest: int) -> Cases:
    """Names that mails carry to people outside."""
    return {
        **bad_lines(field, longest=longest),
        f"{field} scheme": ({field: "See https://evil.example"}, invalid(field)),
        f"{field} host": ({field: "WWW.evil.example"}, invalid(field)),
        f"{field} full-width": ({field: "ｗｗｗ．evil.example"}, invalid(field)),
        f"{field} long dot": ({field: "www\u3002evil.example"}, invalid(field)),
        f"{field} zero width": ({field: "evil:\u200b//example"}, invalid(field)),
        f"{field} override": ({field: "Ann \u202eelpmaxe"}, invalid(field)),
        f"{field} isolate": ({field: "Ann \u2067Lee\u2069"}, invalid(field)),
    }


def bad_texts(field: str) -> Cases:
    return {
        f"{field} too long": ({field: "ä" * (128 * 1024) + "x"}, invalid(field, "TOO_LONG")),
        f"{field} NUL": ({field: "a\0b"}, invalid(field)),
        f"{field} surrogate": ({field: "\udfff"}, invalid(field)),
    }


def bad_patterns(field: str, values: Iterable[str]) -> Cases:
    hostile = ("", " ", "a\0", "\ud800")
    return {f"{field} {value[:60]!r}": ({field: value}, invalid(field)) for value in (*values, *hostile)}


def bad_colors(field: str = "color") -> Cases:
    return bad_patterns(field, ("red", "#fff", "#5E6AD2", "#5e6ad2 ", "#5e6ad2\n", "#5e6ad2ff", "#\u0665e6ad2"))


def bad_ids(
    field: str, kind: str, *, foreign: str | None = None, path: str | None = None, listed: bool = False
) -> Cases:
    """Ids that are none, are of another kind, belong to nothing, or to the other workspace."""
    fresh = IDS.new(kind)
    other_kind = "lab" if kind != "lab" else "iss"
    wrong = {
        "empty": "",
        "junk": "junk",
        "other kind": IDS.new(other_kind),
        "upper case": fresh.upper(),
        "too large": f"{kind}_8" + fresh[len(kind) + 2 :],
        "too short": fresh[:-1],
        "line end": fresh + "\n",
        "NUL": fresh[:-1] + "\0",
        "surrogate": fresh[:-1] + "\ud800",
    }
    path = path or field
    cases = {name: (value, invalid(path, "INVALID_ID")) for name, value in wrong.items()}
    cases["of nothing"] = (fresh, missing(path))
    if foreign is not None:
        cases["foreign"] = (foreign, missing(path))
    return {
        f"{field} {name}": ({field: [value] if listed else value}, errors) for name, (value, errors) in cases.items()
    }


async def assert_refused(
    world: TwoWorkspaces[Any], client: Client, mutation: str, good: Mapping[str, Any], cases: Cases
) -> None:
    """Each case gets exactly its errors, and the database stays as it is."""
    before = await world.rows()
    answers = {name: await client.refused(mutation, {**good, **change}) for name, (change, _) in cases.items()}
    assert answers == {name: errors for name, (_, errors) in cases.items()}
    assert await world.rows() == before
