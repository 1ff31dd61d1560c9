"""Whether an actor can undo a change set."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.audit.change_sets import UNDOABLE_FOR, ChangeSetFacts, UndoPolicy
from domain.audit.events import ChangeSetUndone
from domain.audit.slice import UNDO_ANY
from domain.batches.events import BatchStarted
from domain.shared.actor import Actor, Cause, Grant, Permission, Role, Scope, with_held
from domain.shared.slices import Slice
from domain.shared.undo import Obstacle
from tests.factories.moments import MADE
from tests.sample.domain import events
from tests.sample.domain.slice import BOOK_WRITE, SHELF_WRITE

WORKSPACE, USER = "wsp_1", "usr_1"
LIBRARY = Slice(
    name="library",
    undo={
        ChangeSetUndone: None,
        BatchStarted: None,
        events.BookUpdated: BOOK_WRITE,
        events.BookDeleted: Obstacle.PERMANENTLY_DELETED,
        events.ShelfUpdated: SHELF_WRITE,
        events.TagCreated: Permission("create tags", Role.GUEST),
    },
)
RULES = UndoPolicy.of([LIBRARY], any_change_set=UNDO_ANY)
FACTS = ChangeSetFacts(
    workspace_id=WORKSPACE,
    revision=5,
    after=3,
    actor_id=USER,
    cause=Cause.USER,
    occurred_at=MADE,
    is_undone=False,
    is_unfinished=False,
    counts={"book.updated": 2},
    is_partly_hidden=False,
)


def actor(role: Role | None = Role.MEMBER, *, user_id: str = USER, scope: Scope | None = None) -> Actor:
    roles = {} if role is None else {WORKSPACE: role}
    grant = None if scope is None else Grant(key_id="key_1", scopes=with_held([scope]), is_confined=False)
    return Actor(user_id=user_id, roles=roles, grant=grant)


def obstacles(of: Actor, age: timedelta = timedelta(), **changed: Any) -> list[Obstacle]:
    return list(RULES.obstacles(of, replace(FACTS, **changed), now=MADE + age))


OF_CHANGES: Mapping[str, tuple[dict[str, Any], list[Obstacle]]] = {
    "ordinary changes": ({}, []),
    "an undo": ({"cause": Cause.UNDO, "counts": {"book.updated": 1, "change_set.undone": 1}}, []),
    "a batch run": ({"counts": {"batch.started": 1, "book.updated": 5000}}, []),
    "an import": ({"cause": Cause.IMPORT}, [Obstacle.IMPORTED]),
    "demo data": ({"cause": Cause.SEED}, [Obstacle.IMPORTED]),
    "a deleted book": ({"counts": {"book.updated": 1, "book.deleted": 1}}, [Obstacle.PERMANENTLY_DELETED]),
    "a member": ({"counts": {"member.updated": 1}}, [Obstacle.UNSUPPORTED]),
    "a member beside a book": ({"counts": {"member.removed": 1, "book.updated": 1}}, [Obstacle.UNSUPPORTED]),
    "an event of a later release": ({"counts": {"sprint.created": 1, "book.updated": 1}}, [Obstacle.UNSUPPORTED]),
    "nothing but a start": ({"counts": {"batch.started": 1}}, [Obstacle.UNSUPPORTED]),
    "an unfinished job": ({"is_unfinished": True}, [Obstacle.UNFINISHED]),
    "an undone change set": ({"is_undone": True}, [Obstacle.ALREADY_UNDONE]),
    "hidden changes": ({"is_partly_hidden": True}, [Obstacle.PERMISSION_DENIED]),
    "several": (
        {"is_undone": True, "cause": Cause.IMPORT, "counts": {"invitation.created": 1, "book.deleted": 1}},
        [Obstacle.IMPORTED, Obstacle.PERMANENTLY_DELETED, Obstacle.UNSUPPORTED, Obstacle.ALREADY_UNDONE],
    ),
}


@pytest.mark.parametrize(("changed", "expected"), OF_CHANGES.values(), ids=OF_CHANGES)
def test_changes_can_be_in_the_way(changed: dict[str, Any], expected: list[Obstacle]) -> None:
    assert obstacles(actor(), **changed) == expected
    assert obstacles(actor(Role.ADMIN), **changed) == expected
    assert obstacles(Actor.system(), **changed) == expected


def test_members_undo_their_own_changes_of_30_days() -> None:
    second = timedelta(seconds=1)
    assert obstacles(actor(), UNDOABLE_FOR) == []
    assert obstacles(actor(), UNDOABLE_FOR + second) == [Obstacle.TOO_OLD]
    other = actor(user_id="usr_2")
    assert obstacles(other) == [Obstacle.NOT_YOUR_OWN]
    assert obstacles(other, UNDOABLE_FOR + second) == [Obstacle.NOT_YOUR_OWN, Obstacle.TOO_OLD]
    assert obstacles(actor(), actor_id=None) == [Obstacle.NOT_YOUR_OWN]
    anonymous = replace(actor(), user_id=None)
    assert Obstacle.NOT_YOUR_OWN in obstacles(anonymous, actor_id=None)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OWNER])
def test_admins_undo_changes_of_any_user_and_age(role: Role) -> None:
    assert obstacles(actor(role, user_id="usr_2"), timedelta(days=900)) == []
    assert obstacles(actor(role, user_id="usr_2"), actor_id=None) == []


@pytest.mark.parametrize(
    ("of", "counts", "is_allowed"),
    [
        (actor(Role.GUEST), {"book.updated": 1}, False),
        (actor(Role.GUEST), {"tag.created": 1}, True),
        (actor(Role.GUEST), {"tag.created": 1, "book.updated": 1}, False),
        (actor(Role.MEMBER), {"book.updated": 1}, True),
        (actor(Role.MEMBER), {"shelf.updated": 1}, False),
        (actor(Role.ADMIN), {"shelf.updated": 1}, True),
        (actor(None), {"book.updated": 1}, False),
        (actor(scope=Scope.READ), {"book.updated": 1}, False),
        (actor(scope=Scope.WRITE), {"book.updated": 1}, True),
        (actor(Role.ADMIN, scope=Scope.WRITE), {"shelf.updated": 1}, False),
        (actor(Role.ADMIN, scope=Scope.ADMIN), {"shelf.updated": 1}, True),
    ],
)
def test_an_undo_takes_the_permissions_of_the_changes(of: Actor, counts: dict[str, int], is_allowed: bool) -> None:
    assert obstacles(of, counts=counts) == ([] if is_allowed else [Obstacle.PERMISSION_DENIED])


def test_a_key_of_an_admin_undoes_changes_of_others_only_with_the_admin_scope() -> None:
    by_key = {scope: actor(Role.ADMIN, user_id="usr_2", scope=scope) for scope in (Scope.WRITE, Scope.ADMIN)}
    assert obstacles(by_key[Scope.ADMIN]) == []
    assert obstacles(by_key[Scope.WRITE]) == [Obstacle.NOT_YOUR_OWN]
    assert obstacles(replace(by_key[Scope.WRITE], user_id=USER)) == []


def test_large_imports_are_not_counted_to_the_end() -> None:
    many = {"book.created": 10_001}
    assert FACTS.event_count == 2
    assert replace(FACTS, counts=many).event_count == 10_001
    assert replace(FACTS, counts=many, cause=Cause.IMPORT).event_count is None
    assert replace(FACTS, counts={"book.created": 10_000}, cause=Cause.SEED).event_count == 10_000
