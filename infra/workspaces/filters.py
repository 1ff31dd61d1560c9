from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, or_

from domain.shared.actor import Role
from infra.db.visibility import GuestRule, in_guest_projects
from infra.workspaces.tables import MemberRow, ProjectMemberRow


def seen_by_guests(members: Any) -> ColumnElement[bool]:
    """Of the members of a workspace its guests see all that are no guests, themselves, and whom they share a project
    with; `members` is the table or an alias of it."""
    shares = exists().where(ProjectMemberRow.member_id == members.id, in_guest_projects(ProjectMemberRow.project_id))
    return or_(members.role != Role.GUEST, members.user_id == bindparam("viewer_id"), shares)


def members_of_guests(members: Any) -> GuestRule:
    return GuestRule(members.workspace_id, seen_by_guests(members))


MEMBERS_OF_GUESTS = members_of_guests(MemberRow)
