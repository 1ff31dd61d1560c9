"""Writes that expect a revision: they merge with later changes of other fields, and conflict with those of the same."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import ascii_lowercase

from domain.shared.errors import Conflict, ErrorCode
from domain.shared.events import FieldChange, Plain, Texts, as_texts, plain
from domain.shared.sets import SetChange
from domain.shared.unset import Changes, PartOfChanges, sent_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterChange:
    """The value of an object's field at the expected revision, and the last of the changes that followed."""

    subject_id: str
    field: str
    base: Plain
    changed_by_id: str | None
    changed_at: datetime
    area_ids: tuple[str | None, ...] = ()
    """Areas of the field's first and last later event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldConflict:
    """A field that was changed after the expected revision, and that the caller wants to have another value."""

    field: str
    base: Texts
    current: Texts
    yours: Texts
    changed_by_id: str | None
    changed_at: datetime


class ConflictOfFields(Conflict):
    """Fields of an object cannot get the values that the write would give them; `conflicts` has their values."""

    fields: tuple[str, ...] = ()
    conflicts: tuple[FieldConflict, ...] = ()
    current_revision: int | None = None


class ChangedMeanwhile(ConflictOfFields):
    """Later changes touched fields that the write would overwrite; `conflicts` are those that the actor may see."""

    def __init__(
        self, fields: Sequence[str], conflicts: tuple[FieldConflict, ...], *, expected: int, current: int
    ) -> None:
        names, named = listed(fields)
        was = "was" if len(fields) == 1 else "were"
        super().__init__(
            f"{names} {was} changed after revision {expected}. Merge the values, and send the update again with "
            f"{{expected}} {current}.",
            path=(fields[0],),
            code=ErrorCode.CONFLICT,
            expected="expected_revision",
            **named,
        )
        self.fields = tuple(fields)
        self.conflicts = conflicts
        self.expected = expected
        self.current_revision = current


def listed(fields: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    """Placeholders for the names of the fields as a list in a sentence, and the fields by placeholder."""
    # Placeholders have letters only, and no object has more fields than the alphabet has letters.
    named = dict(zip(ascii_lowercase, fields, strict=False))
    *others, last = [f"{{{letter}}}" for letter in named]
    return (f"{', '.join(others)} and {last}" if others else last), named


def wanted_changes(
    before: object, after: object, changes: Changes, links: Mapping[str, FieldChange]
) -> dict[str, FieldChange]:
    """Fields that the caller wants to replace, with the stored value and the caller's.

    `links` are the changes of collections, whose `add` and `remove` replace nothing.
    """
    wanted = {}
    for name, sent in sent_fields(changes).items():
        if isinstance(sent, SetChange):
            if sent.set is not None and name in links:
                wanted[name] = links[name]
            continue
        for field in sent.fields if isinstance(sent, PartOfChanges) else (name,):
            stored, own = getattr(before, field), getattr(after, field)
            if stored != own:
                wanted[field] = FieldChange(before=plain(stored), after=plain(own))
    return wanted


def sent_as(changes: Changes) -> dict[str, str]:
    """The field of the changes that sets each field of the entity, where they have different names."""
    parts = ((name, sent) for name, sent in sent_fields(changes).items() if isinstance(sent, PartOfChanges))
    return {field: name for name, part in parts for field in part.fields}


def refuse_conflicts(
    wanted: Mapping[str, FieldChange],
    later: Iterable[LaterChange],
    *,
    names: Mapping[str, str],
    is_shown: Callable[[LaterChange], bool],
    expected: int,
    current: int,
) -> None:
    """Raises ChangedMeanwhile for wanted fields that changed later, unless they have their old value again.

    `names` are the fields that the caller sent for wanted ones, where they have different names.
    """
    found = [change for change in later if plain(wanted[change.field].before) != change.base]
    if not found:
        return
    shown = tuple(_conflict(change, wanted[change.field]) for change in found if is_shown(change))
    sent = dict.fromkeys(names.get(change.field, change.field) for change in found)
    raise ChangedMeanwhile(list(sent), shown, expected=expected, current=current)


def refuse_reordering(
    field: str,
    current: Sequence[str],
    wanted: Sequence[str],
    later: Iterable[LaterChange],
    *,
    expected: int,
    current_revision: int,
) -> None:
    """Raises ChangedMeanwhile if an order of objects, which `later` moved, added or removed, is not the expected one.

    `later` are changes of positions, those of an object before its creation null.
    """
    positions: dict[str, Plain] = {each: position for position, each in enumerate(current)}
    last: LaterChange | None = None
    for change in later:
        positions[change.subject_id] = change.base
        last = change if last is None or change.changed_at > last.changed_at else last
    known = {each: position for each, position in positions.items() if isinstance(position, int)}
    base = sorted(known, key=known.__getitem__)
    if last is None or base == list(current) or list(wanted) == list(current):
        return
    conflict = FieldConflict(
        field=field,
        base=tuple(base),
        current=tuple(current),
        yours=tuple(wanted),
        changed_by_id=last.changed_by_id,
        changed_at=last.changed_at,
    )
    raise ChangedMeanwhile([field], (conflict,), expected=expected, current=current_revision)


def _conflict(change: LaterChange, wanted: FieldChange) -> FieldConflict:
    return FieldConflict(
        field=change.field,
        base=as_texts(change.base),
        current=as_texts(wanted.before),
        yours=as_texts(wanted.after),
        changed_by_id=change.changed_by_id,
        changed_at=change.changed_at,
    )
