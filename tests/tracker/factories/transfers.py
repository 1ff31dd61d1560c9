import factory

from domain.transfers.model import ImportFormat, ImportLoss, ImportMapping, ImportRun, ImportState
from domain.transfers.records import LossCode
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.factories.workspaces import WorkspaceFactory


class ImportRunFactory(factory.Factory):
    """Finished import of an empty file."""

    class Meta:
        model = ImportRun

    class Params:
        workspace = factory.SubFactory(WorkspaceFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, ImportRun.prefix))
    workspace_id = factory.SelfAttribute("workspace.id")
    format = ImportFormat.JIRA
    project_key = None
    include_restricted = False
    project_id = None
    site = None
    site_id = None
    file_name = factory.Sequence(lambda number: f"export-{number}.jsonl")
    file_digest = factory.Sequence(lambda number: f"{number:064x}")
    upload_id = factory.LazyFunction(lambda: IDS.new("fil"))
    job_id = factory.LazyFunction(lambda: IDS.new("job"))
    started_by_id = factory.LazyFunction(lambda: IDS.new("usr"))
    state = ImportState.DONE
    failure = None
    change_set = 0
    position = 0
    total = 0
    file_size = 0
    bytes_read = 0
    issues_read = 0
    issues_created = 0
    issues_changed = 0
    issues_unchanged = 0
    comments_read = 0
    comments_created = 0
    comments_changed = 0
    comments_unchanged = 0
    people_created = 0
    labels_created = 0
    loss_count = 0
    created_at = MADE
    updated_at = MADE
    finished_at = MADE


class ImportLossFactory(factory.Factory):
    class Meta:
        model = ImportLoss

    id = factory.LazyFunction(lambda: IDS.new("los"))
    line = factory.Sequence(lambda number: number + 1)
    key = None
    field = "comments.body"
    code = LossCode.CUT
    reason = "It was longer than the limit."
    count = 1


class ImportMappingFactory(factory.Factory):
    class Meta:
        model = ImportMapping

    id = factory.LazyFunction(lambda: IDS.new("map"))
    kind = "label"
    source = factory.Sequence(lambda number: f"source {number:04}")
    target = "target"
    count = 1
