from collections.abc import Mapping, Sequence
from dataclasses import fields

from domain.labels.model import Label
from domain.shared.errors import Conflict, ErrorCode
from infra.db.bulk import row_inserts
from infra.db.repository import SqlTenantRepository
from infra.labels.tables import LabelRow


class SqlLabelRepository(SqlTenantRepository[Label]):
    table = LabelRow
    entity = Label
    conflicts = {
        "uq_label_workspace_id_name": ("name", "Another label of the workspace has this name. Choose a different name.")
    }

    async def add_new(self, labels: Sequence[Label]) -> Mapping[str, Conflict]:
        if not labels:
            return {}
        # In the order of names, so that two transactions with the same names wait for each other without a deadlock.
        # The sort is stable: of labels with one name, the first is added.
        names = [field.name for field in fields(Label)]
        added, values = row_inserts(LabelRow, names, sorted(labels, key=lambda label: label.name))
        taken = added.on_conflict_do_nothing(index_elements=[LabelRow.workspace_id, LabelRow.name])
        ids = set((await self._guarded(taken.returning(LabelRow.id), values)).scalars())
        [(field, message)] = self.conflicts.values()
        return {
            label.id: Conflict(message, path=(field,), code=ErrorCode.ALREADY_EXISTS)
            for label in labels
            if label.id not in ids
        }
