import json

from domain.issues.batch_commands import IssueBatchUpdate, IssueSelection
from domain.issues.commands import IssueChanges, IssueMove, IssueMoveState
from domain.issues.priorities import Priority
from domain.issues.queries import IssueFilter
from domain.shared.filters import OrderComparator
from domain.shared.many import OnError
from domain.shared.stored_commands import read_command, stored


def test_the_command_of_a_batch_run_is_read_as_it_was_stored() -> None:
    command = IssueBatchUpdate(
        workspace_id="wsp_1",
        select=IssueSelection(filter=IssueFilter(priority=OrderComparator(eq=Priority.NONE), text="door")),
        change=IssueChanges(move=IssueMove(project_id="prj_1", state=IssueMoveState(id="sta_1")), due_date=None),
        on_error=OnError.SKIP,
        expected_count=1_001,
        expected_revision=7,
    )
    assert read_command(IssueBatchUpdate, json.loads(json.dumps(stored(command)))) == command
