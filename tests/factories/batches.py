import factory

from domain.shared.batches import BatchRun, BatchSkip, BatchState
from domain.shared.errors import Conflict
from domain.undo.work import CHANGE_SET_UNDO
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.factories.workspaces import WorkspaceFactory


class BatchRunFactory(factory.Factory):
    """Finished undo of a change set, as far as its kind says."""

    class Meta:
        model = BatchRun

    class Params:
        workspace = factory.SubFactory(WorkspaceFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, BatchRun.prefix))
    workspace_id = factory.SelfAttribute("workspace.id")
    kind = CHANGE_SET_UNDO
    subject_id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, "sta"))
    target_id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, "sta"))
    job_id = factory.LazyFunction(lambda: IDS.new("job"))
    state = BatchState.DONE
    failure = None
    done = 0
    total = 0
    position = 0
    changed_count = 0
    skipped_count = 0
    change_set = 1
    started_by_id = factory.LazyFunction(lambda: IDS.new("usr"))
    created_at = MADE
    updated_at = MADE
    finished_at = MADE


class BatchSkipFactory(factory.Factory):
    class Meta:
        model = BatchSkip

    class Params:
        workspace_id = "wsp_x"

    index = 0
    subject_id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, "iss"))
    errors = (Conflict("Cannot be changed."),)
