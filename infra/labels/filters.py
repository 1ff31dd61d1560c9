from domain.labels.queries import LabelFilter
from infra.db.filters import Filters
from infra.labels.tables import LabelRow

LABEL_FILTERS = Filters(of=LabelFilter, scalars={"id": LabelRow.id, "name": LabelRow.name})
