from datetime import UTC, datetime

import pytest

from domain.audit.policies import EventVisibility
from domain.shared.actor import Actor, Role
from domain.shared.conflicts import LaterChange
from domain.shared.slices import Slice

VISIBILITY = EventVisibility.of([Slice(name="library", leads_elsewhere=("parent_id",))])
WORKSPACE = "wsp_1"
CHANGES = {
    "in an own area": ("title", ("shf_own", "shf_own"), True),
    "outside of areas": ("name", (None, None), True),
    "begun in a hidden area": ("title", ("shf_hidden", "shf_own"), False),
    "ended in a hidden area": ("title", ("shf_own", "shf_hidden"), False),
    "that names a hidden object": ("parent_id", ("shf_own", "shf_own"), False),
}


@pytest.mark.parametrize(("field", "area_ids", "is_shown"), CHANGES.values(), ids=CHANGES)
def test_conflicts_show_guests_only_what_events_show_them(
    field: str, area_ids: tuple[str | None, ...], is_shown: bool
) -> None:
    now = datetime.now(UTC)
    change = LaterChange(
        subject_id="bok_1", field=field, base="a", changed_by_id="usr_1", changed_at=now, area_ids=area_ids
    )
    guest = Actor(user_id="usr_2", roles={WORKSPACE: Role.GUEST}, areas={WORKSPACE: frozenset({"shf_own"})})
    member = Actor(user_id="usr_2", roles={WORKSPACE: Role.MEMBER})
    assert VISIBILITY.shows(guest, WORKSPACE, change) is is_shown
    assert VISIBILITY.shows(member, WORKSPACE, change)
