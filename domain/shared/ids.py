"""Ids are TypeIDs: a prefix that names the kind, `_`, and a UUIDv7 in Crockford base32 (TypeID specification 0.3)."""

import re
from typing import Protocol

from domain.shared.errors import WrongId

_SUFFIX = re.compile(r"[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}", re.ASCII)


class IdFactory(Protocol):
    def new(self, prefix: str) -> str:
        """A fresh TypeID; ids made later in one process sort after earlier ones."""
        ...


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
