"""Visibility of rows for an actor, as conditions of statements.

Members see everything in their workspaces; guests see what the rule of the kind of entity allows. Guests have separate
statements, so that other statements stay simple. Run each statement with the parameters from `visibility` or
`guest_visibility`, and a statement on one workspace with `workspace_id` and those from `guest_visibility_in`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, any_, bindparam, false, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import Boolean, Text

from domain.shared.actor import Actor

Column = InstrumentedAttribute[Any] | ColumnElement[Any]


def visible(workspace_id: Column) -> ColumnElement[bool]:
    """Condition for rows of the actor's workspaces; run it with `**visibility(actor)`."""
    return or_(bindparam("sees_all", type_=Boolean), among_own(workspace_id, "own_workspaces"))


def visibility(actor: Actor) -> dict[str, Any]:
    return {"own_workspaces": list(actor.roles), "sees_all": actor.is_system}


def in_workspace(workspace_id: Column) -> ColumnElement[bool]:
    """Condition for rows of one workspace; run it with `workspace_id`.

    One value, because with `= ANY(…)` a table that is partitioned by workspace is scanned in all of its partitions.
    """
    return workspace_id == bindparam("workspace_id")


class GuestRule:
    """Visibility rule for actors who are guests in a workspace; run it with `**guest_visibility(actor)`.

    `within` selects the rows of a workspace that its guests see, `anywhere` these rows and all rows of the actor's
    other workspaces. `area_id` is the column of the area if guests see exactly the rows of their areas.
    """

    def __init__(self, workspace_id: Column, within: ColumnElement[bool], *, area_id: Column | None = None) -> None:
        self.within = within
        self.area_id = area_id
        self.anywhere = or_(
            among_own(workspace_id, "whole_workspaces"), and_(among_own(workspace_id, "guest_workspaces"), within)
        )

    @classmethod
    def of_areas(cls, workspace_id: Column, area_id: Column) -> "GuestRule":
        """Rule for rows in the guest's areas."""
        return cls(workspace_id, in_guest_areas(area_id), area_id=area_id)

    @classmethod
    def nothing(cls, workspace_id: Column) -> "GuestRule":
        return cls(workspace_id, false())


def in_guest_areas(area_id: Column) -> ColumnElement[bool]:
    return among_own(area_id, "guest_areas")


def guest_visibility(actor: Actor) -> dict[str, Any]:
    guest_workspaces = [workspace_id for workspace_id in actor.roles if actor.is_guest_in(workspace_id)]
    return {
        "whole_workspaces": [workspace_id for workspace_id in actor.roles if not actor.is_guest_in(workspace_id)],
        "guest_workspaces": guest_workspaces,
        "guest_areas": _areas(actor, guest_workspaces),
        "viewer_id": actor.user_id,
    }


def guest_visibility_in(actor: Actor, workspace_id: str) -> dict[str, Any]:
    """Parameters of `within` for a guest of the workspace."""
    return {"guest_areas": sorted(actor.areas.get(workspace_id, ())), "viewer_id": actor.user_id}


def _areas(actor: Actor, guest_workspaces: Sequence[str]) -> list[str]:
    return sorted(set[str]().union(*(actor.areas.get(workspace_id, ()) for workspace_id in guest_workspaces)))


def among_own(column: Column, name: str) -> ColumnElement[bool]:
    return column == any_(bindparam(name, type_=ARRAY(Text)))
