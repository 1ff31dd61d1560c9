from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, or_

from domain.shared.actor import Role
from infra.db.visibility import GuestRule, in_guest_areas
from infra.workspaces.tables import AreaGrantRow, MemberRow


def seen_by_guests(members: Any) -> ColumnElement[bool]:
    """Members that guests see: all non-guests, themselves, and guests of a shared area.

    `members` is the table of members, or an alias of it.
    """
    grants = (AreaGrantRow.workspace_id == members.workspace_id) & (AreaGrantRow.member_id == members.id)
    shares = exists().where(grants, in_guest_areas(AreaGrantRow.area_id))
    return or_(members.role != Role.GUEST, members.user_id == bindparam("viewer_id"), shares)


def members_of_guests(members: Any) -> GuestRule:
    return GuestRule(members.workspace_id, seen_by_guests(members))


MEMBERS_OF_GUESTS = members_of_guests(MemberRow)
