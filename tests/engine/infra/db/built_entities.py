"""Entities that are built from rows, compared with constructed ones."""

import dataclasses
from dataclasses import fields, replace
from typing import Any

import pytest

from infra.db.entities import builder_of


def require_equal(entity: type[Any], *, start: int) -> None:
    """Asserts that what is built from a row equals what the class makes of the same values."""
    names = [field.name for field in fields(entity)]
    row = [*range(start), *(f"value of {name}" for name in names), "more"]
    built = builder_of(entity, start=start)(row)
    made = entity(**{name: f"value of {name}" for name in names})
    assert type(built) is entity
    assert built == made
    assert hash(built) == hash(made)
    assert repr(built) == repr(made)
    changed = replace(built, **{names[0]: "another"})
    assert (getattr(changed, names[0]), type(changed)) == ("another", entity)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(built, names[0], "another")
    assert not hasattr(built, "__dict__")
