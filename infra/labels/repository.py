from domain.labels.model import Label
from infra.db.repository import SqlTenantRepository
from infra.labels.tables import LabelRow


class SqlLabelRepository(SqlTenantRepository[Label]):
    table = LabelRow
    entity = Label
    conflicts = {
        "uq_label_workspace_id_name": ("name", "Another label of the workspace has this name. Choose a different name.")
    }
