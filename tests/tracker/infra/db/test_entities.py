import dataclasses
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import pytest

import domain.transfers.model as transfers
from domain.accounts.model import User
from domain.auth.model import Session, SigningKey
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from domain.workspaces.model import Member, Workspace
from infra.db.entities import builder_of

ENTITIES: list[type[Any]] = [
    User,
    Session,
    SigningKey,
    Comment,
    Issue,
    Label,
    Milestone,
    Project,
    State,
    Member,
    Workspace,
    transfers.ImportRun,
    transfers.ImportLoss,
    transfers.LossKind,
    transfers.ImportMapping,
]


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("start", [0, 3])
def test_built_entities_equal_constructed_ones(entity: type[Any], start: int):
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
