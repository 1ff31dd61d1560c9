from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, or_, select
from sqlalchemy.orm import aliased

from domain.shared.actor import Role
from infra.db.visibility import GuestRule, in_guest_areas, in_workspace
from infra.workspaces.tables import AreaGrantRow, MemberRow


def _seen_by_guests(members: Any, grants: ColumnElement[bool]) -> ColumnElement[bool]:
    """Members that guests see: all non-guests, themselves, and guests of a shared area.

    `members` is the table of members, or an alias of it, and `grants` the condition for grants of its workspace.
    """
    shares = exists().where(grants, AreaGrantRow.member_id == members.id, in_guest_areas(AreaGrantRow.area_id))
    return or_(members.role != Role.GUEST, members.user_id == bindparam("viewer_id"), shares)


def members_of_guests(members: Any) -> GuestRule:
    """The rule for members of any workspaces."""
    grants = AreaGrantRow.workspace_id == members.workspace_id
    return GuestRule(members.workspace_id, _seen_by_guests(members, grants))


def colleagues_of_viewer(members: Any) -> ColumnElement[bool]:
    """Members whom the user `viewer_id` sees, without the user's memberships as parameters."""
    own, grants, own_grants = aliased(MemberRow), aliased(AreaGrantRow), aliased(AreaGrantRow)
    theirs = (grants.workspace_id == members.workspace_id) & (grants.member_id == members.id)
    mine = (own_grants.workspace_id == own.workspace_id) & (own_grants.member_id == own.id)
    same = own_grants.area_id == grants.area_id
    shares = select(grants.id).where(theirs, mine, same).correlate(members, own).exists()
    is_seen = or_(own.role != Role.GUEST, members.role != Role.GUEST, members.user_id == own.user_id, shares)
    return exists().where(own.user_id == bindparam("viewer_id"), own.workspace_id == members.workspace_id, is_seen)


MEMBERS_OF_GUESTS = GuestRule(
    MemberRow.workspace_id, _seen_by_guests(MemberRow, in_workspace(AreaGrantRow.workspace_id))
)
