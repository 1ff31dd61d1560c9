"""EventVisibility's rule for guests as SQL: events of their areas, and those outside of areas that are open to them."""

from typing import Any

from sqlalchemy import ColumnElement, and_, any_, bindparam, func, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from domain.audit.policies import EventVisibility
from domain.shared.actor import Actor
from infra.db.visibility import guest_visibility_in, in_guest_areas


def seen_by_guests(area_id: Any, type_: Any) -> ColumnElement[bool]:
    """Condition for events with that area and type; run it with `seen_by_guest`."""
    is_open = func.split_part(type_, ".", 1) == any_(bindparam("open_to_guests", type_=ARRAY(Text)))
    return or_(in_guest_areas(area_id), and_(area_id.is_(None), is_open))


def seen_by_guest(visibility: EventVisibility, actor: Actor, workspace_id: str) -> dict[str, Any]:
    """Parameters of the condition for a guest of the workspace."""
    return guest_visibility_in(actor, workspace_id) | {"open_to_guests": sorted(visibility.open_to_guests)}
