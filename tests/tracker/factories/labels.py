import factory

from domain.labels.model import Label
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.factories.workspaces import WorkspaceFactory


class LabelFactory(factory.Factory):
    class Meta:
        model = Label

    class Params:
        workspace = factory.SubFactory(WorkspaceFactory)

    id = factory.LazyAttribute(lambda made: IDS.new_in(made.workspace_id, Label.prefix))
    workspace_id = factory.SelfAttribute("workspace.id")
    name = factory.Sequence(lambda number: f"label {number}")
    color = "#5e6ad2"
    description = None
    created_at = MADE
    updated_at = MADE
