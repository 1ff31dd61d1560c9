"""Ids are TypeIDs: a prefix that names the kind, `_`, and a UUIDv7 in Crockford base32 (TypeID specification 0.3).

The last 16 bits of an id in a workspace are its route: the last 16 bits of SHA-256 of the workspace's id. A lookup by
id thus knows the few workspaces of the actor that can hold the row, and one statement never has to ask all of them.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from domain.shared.errors import WrongId

NO_ROUTE = -1
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

_SUFFIX = re.compile(r"[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}", re.ASCII)
_ROUTE_BITS = 0xFFFF
_PAIRS = {first + second: high << 5 | low for high, first in enumerate(ALPHABET) for low, second in enumerate(ALPHABET)}


class IdFactory(Protocol):
    def new(self, prefix: str) -> str:
        """A fresh TypeID of an object outside workspaces; ids made later in one process sort after earlier ones."""
        ...

    def new_in(self, workspace_id: str, prefix: str) -> str:
        """A fresh TypeID of an object in the workspace, with the workspace's route."""
        ...


@lru_cache(4_096)
def route_of_workspace(workspace_id: str) -> int:
    """The 16 bits that end the id of every object in the workspace."""
    return int.from_bytes(sha256(workspace_id.encode()).digest()[-2:])


def route_of(entity_id: str) -> int:
    """The last 16 bits of an id, NO_ROUTE for text that is not an id. Objects outside workspaces have random ones."""
    try:
        return (_PAIRS[entity_id[-4:-2]] << 10 | _PAIRS[entity_id[-2:]]) & _ROUTE_BITS
    except KeyError:
        return NO_ROUTE


def time_of(entity_id: str) -> datetime:
    """The time at which a well-formed id was made, in whole milliseconds."""
    milliseconds = 0
    for character in entity_id[-26:-16]:
        milliseconds = milliseconds << 5 | ALPHABET.index(character)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def by_route(workspace_ids: Iterable[str], ids: Iterable[str]) -> dict[str, list[str]]:
    """The ids by the workspaces that can hold them. An id is under two workspaces if these share a route."""
    routes: dict[int, list[str]] = {}
    for entity_id in dict.fromkeys(ids):
        routes.setdefault(route_of(entity_id), []).append(entity_id)
    candidates = ((workspace_id, routes.get(route_of_workspace(workspace_id))) for workspace_id in workspace_ids)
    return {workspace_id: found for workspace_id, found in candidates if found}


def is_id(text: str, prefix: str) -> bool:
    """Whether the text is a well-formed id of this kind."""
    kind, _, suffix = text.rpartition("_")
    return kind == prefix and _SUFFIX.fullmatch(suffix) is not None


def prefix_of(text: str, *, path: tuple[str, ...] = ("id",)) -> str:
    """The kind that an id names; raises WrongId for text that is not an id."""
    kind, _, suffix = text.rpartition("_")
    if not kind or _SUFFIX.fullmatch(suffix) is None:
        raise WrongId("Expected the ID of an object, such as `iss_…`.", path=path)
    return kind


def check_id(text: str, prefix: str, path: tuple[str, ...], *, noun: str = "") -> None:
    """Raises WrongId unless the text is a well-formed id of this kind; `noun` names the kind in the message."""
    if not is_id(text, prefix):
        # "a user": no noun that begins with a vowel letter but not with a vowel sound is given with u.
        article = "an" if (noun or "ID")[0].lower() in "aeio" else "a"
        raise WrongId(f"Expected {article} {noun} ID (`{prefix}_…`).".replace("  ", " "), path=path)
