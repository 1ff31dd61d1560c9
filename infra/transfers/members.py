"""Members of a file's objects that an import uses, so that every other member can be reported."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectKind:
    """One kind of object in a file.

    Members outside `used` are counted once per kind and import. Of a `listed` kind they are listed issue by issue,
    except those in `formal`: addresses, derived values and repetitions, which hold no content of their own.
    """

    name: str
    used: frozenset[str]
    formal: frozenset[str] = frozenset()
    is_listed: bool = False


def kind(name: str, *used: str) -> ObjectKind:
    return ObjectKind(name=name, used=frozenset(used))


def listed_kind(name: str, *used: str, formal: tuple[str, ...] = ()) -> ObjectKind:
    """The kind of the issue object; its unused members are listed per issue."""
    return ObjectKind(name=name, used=frozenset(used), formal=frozenset(formal), is_listed=True)
