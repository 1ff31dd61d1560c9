"""Answers that a remembered actor must not get, because its account may have gained access since.

A remembered actor may only be granted something. Whatever refuses or hides is decided by the actor as it is now.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graphql import ExecutionResult

from api.graphql.masking import disclosed_causes
from api.shared.context import Context
from domain.shared.actor import Actor
from domain.shared.errors import RateLimited, Unavailable

_UNRELATED = (RateLimited, Unavailable)  # errors that do not depend on what the actor may see


def denies(result: ExecutionResult, actor: Actor) -> bool:
    """Whether the answer to a query has an error, a root field without a value, or a root list without items.

    For guests, who see parts of a workspace, lists without items count at any depth outside of other lists.
    """
    for error in result.errors or ():
        causes = disclosed_causes(error)
        if not causes or not all(isinstance(cause, _UNRELATED) for cause in causes):
            return True
    depth = None if actor.is_guest else 1
    return any(value is None or _is_empty(value, depth) for value in (result.data or {}).values())


def _is_empty(value: Any, depth: int | None) -> bool:
    """Whether a list, or one among the fields of an object down to that depth, has no items, a null or a count of 0."""
    if isinstance(value, Mapping):
        below = None if depth is None else depth - 1
        return depth != 0 and any(_is_empty(each, below) for each in value.values())
    if isinstance(value, list):
        return not value or any(item is None for item in value)
    return type(value) is int and value == 0


async def confirmed(context: Context) -> Context | None:
    """A fresh context with the actor as it is now; None if it is as it was remembered.

    Raises Unauthenticated if its session or key has ended.
    """
    if context.confirm_actor is None:
        return None
    actor = await context.confirm_actor()
    if actor == context.actor:
        return None
    return replace(context, actor=actor, confirm_actor=None, loaders={}, rows_read=0)
