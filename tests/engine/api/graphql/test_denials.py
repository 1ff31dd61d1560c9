"""Answers that refuse something or hide it, so that a remembered actor must not get them."""

from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError

from api.graphql.denials import confirmed, denies
from api.shared.context import Context
from domain.shared.actor import Actor, Role
from domain.shared.errors import NotFound, PermissionDenied, RateLimited, Unavailable

MEMBER = Actor(user_id="usr_1", roles={"wsp_1": Role.MEMBER})
GUEST = Actor(user_id="usr_1", roles={"wsp_1": Role.MEMBER, "wsp_2": Role.GUEST})


def answer(data: Any, *errors: Exception) -> ExecutionResult:
    found = [GraphQLError("", path=["workspaces", "nodes", 3, "secret"], original_error=error) for error in errors]
    return ExecutionResult(data, found or None)


@pytest.mark.parametrize(
    "data",
    [
        {"viewer": {"name": "Ann", "ownInitials": None}},
        {"a": {"nodes": [{"parent": None, "tags": [], "volumes": {"nodes": [], "totalCount": 0}}]}},
        {"workspace": {"tags": {"nodes": [], "totalCount": 0}}},
        {"workspaces": {"nodes": [{}], "totalCount": 1, "pageInfo": {"endCursor": None}}},
        {"nodes": [{"id": "bok_1"}]},
        {"viewer": {"isActive": False}},
        {},
    ],
)
def test_what_is_granted_to_a_member(data: Any) -> None:
    assert not denies(answer(data), MEMBER)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"workspace": None},
        {"a": {"id": "usr_1"}, "b": None},
        {"workspaces": {"n": []}},
        {"workspaces": {"edges": []}},
        {"workspaces": {"count": 0}},
        {"nodes": []},
        {"nodes": [{"id": "bok_1"}, None]},
    ],
)
def test_what_hides_something_from_each_actor(data: Any) -> None:
    result = ExecutionResult(data, None if data is not None else [GraphQLError("")])
    assert denies(result, MEMBER)
    assert denies(result, GUEST)


def test_lists_below_the_root_can_hide_something_from_guests() -> None:
    for data in (
        {"workspace": {"shelves": {"nodes": []}}},
        {"workspace": {"shelves": {"totalCount": 0}}},
        {"node": {"shelf": {"books": {"nodes": []}}}},
    ):
        assert denies(answer(data), GUEST)
        assert not denies(answer(data), MEMBER)
    assert not denies(answer({"workspace": {"shelves": {"nodes": [{"tags": []}]}}}), GUEST)


@pytest.mark.parametrize("error", [NotFound("x"), PermissionDenied("x"), ValueError("x")], ids=repr)
def test_errors_count_wherever_they_are(error: Exception) -> None:
    data = {"workspaces": {"nodes": [{"secret": None}]}}
    assert denies(answer(data, error), MEMBER)
    assert denies(answer(data, Unavailable("x"), error), MEMBER)


@pytest.mark.parametrize("error", [RateLimited("x", 1.0), Unavailable("x")], ids=repr)
def test_errors_of_busy_servers_do_not_count(error: Exception) -> None:
    data = {"workspaces": {"nodes": [{"secret": None}]}}
    assert not denies(answer(data, error), MEMBER)


async def test_an_actor_that_is_as_it_was_is_confirmed_without_another_run() -> None:
    app: Any = None

    async def same() -> Actor:
        return Actor(user_id="usr_1", roles={"wsp_1": Role.MEMBER})

    async def other() -> Actor:
        return GUEST

    assert await confirmed(Context(app=app, actor=MEMBER)) is None
    assert await confirmed(Context(app=app, actor=MEMBER, confirm_actor=same)) is None
    before = Context(app=app, actor=MEMBER, confirm_actor=other, rows_read=3, loaders={"a": 1})
    after = await confirmed(before)
    assert after == Context(app=app, actor=GUEST)
    assert before.loaders == {"a": 1}
