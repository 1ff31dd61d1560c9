"""Whether an actor can undo changes of the tracker."""

import pytest

from domain.audit.change_sets import ChangeSetFacts, UndoPolicy
from domain.audit.slice import UNDO_ANY
from domain.shared.actor import Actor, Cause, Role
from domain.shared.undo import Obstacle
from domain.slices import PLATFORM, TRACKER
from tests.factories.moments import MADE

WORKSPACE, USER = "wsp_1", "usr_1"
RULES = UndoPolicy.of((*PLATFORM, *TRACKER), any_change_set=UNDO_ANY)
DENIED = [Obstacle.PERMISSION_DENIED]


@pytest.mark.parametrize(
    ("role", "counts", "expected"),
    [
        (Role.MEMBER, {"issue.updated": 2}, []),
        (Role.MEMBER, {"batch.started": 1, "state.deleted": 1, "issue.updated": 5000}, []),
        (Role.MEMBER, {"issue.updated": 1, "issue.purged": 1}, [Obstacle.PERMANENTLY_DELETED]),
        (Role.MEMBER, {"project.deleted": 1}, [Obstacle.PERMANENTLY_DELETED]),
        (Role.MEMBER, {"member.claimed": 1, "issue.updated": 1}, [Obstacle.UNSUPPORTED]),
        (Role.MEMBER, {"project.updated": 1}, []),
        (Role.MEMBER, {"workspace.updated": 1}, DENIED),
        (Role.ADMIN, {"workspace.updated": 1}, []),
        (Role.GUEST, {"issue.updated": 1}, DENIED),
        (Role.GUEST, {"comment.created": 1}, []),
        (Role.GUEST, {"comment.created": 1, "label.updated": 1}, DENIED),
    ],
)
def test_an_undo_takes_the_permissions_of_the_changes(
    role: Role, counts: dict[str, int], expected: list[Obstacle]
) -> None:
    facts = ChangeSetFacts(
        workspace_id=WORKSPACE,
        revision=5,
        after=3,
        actor_id=USER,
        cause=Cause.USER,
        occurred_at=MADE,
        is_undone=False,
        is_unfinished=False,
        counts=counts,
        is_partly_hidden=False,
    )
    actor = Actor(user_id=USER, roles={WORKSPACE: role})
    assert list(RULES.obstacles(actor, facts, now=MADE)) == expected
