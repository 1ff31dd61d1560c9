from domain.projects.queries import ProjectFilter, StateFilter
from infra.db.filters import Filters, upper_case
from infra.projects.tables import ProjectRow, StateRow

PROJECT_FILTERS = Filters(
    of=ProjectFilter,
    scalars={
        "id": ProjectRow.id,
        "name": ProjectRow.name,
        "archived_at": ProjectRow.archived_at,
    },
    own={"key": upper_case(ProjectRow.key)},
)
STATE_FILTERS = Filters(
    of=StateFilter, scalars={"id": StateRow.id, "name": StateRow.name, "category": StateRow.category}
)
