from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from domain.accounts.model import User
from domain.auth.model import Session, SigningKey
from domain.workspaces.model import Member, Workspace
from infra.db.entities import builder_of
from tests.engine.infra.db.built_entities import require_equal
from tests.sample.domain.model import Author, Book, Shelf, Tag

ENTITIES: list[type[Any]] = [User, Session, SigningKey, Member, Workspace, Shelf, Author, Tag, Book]


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("start", [0, 3])
def test_built_entities_equal_constructed_ones(entity: type[Any], start: int):
    require_equal(entity, start=start)


def test_a_class_of_another_layout_is_refused_at_once():
    @dataclass(frozen=True, slots=True)
    class Base:
        one: int

    @dataclass(frozen=True, slots=True)
    class Derived(Base):
        prefix: ClassVar[str] = "der"
        two: int

    with pytest.raises((TypeError, AttributeError)):
        builder_of(Derived)


def test_a_row_that_is_too_short_is_our_mistake():
    with pytest.raises(IndexError):
        builder_of(User)(["usr_1"])
