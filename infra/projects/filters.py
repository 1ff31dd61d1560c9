from domain.projects.queries import ProjectFilter, StateFilter
from infra.db.filters import Filters
from infra.projects.tables import ProjectRow, StateRow

PROJECT_FILTERS = Filters(
    of=ProjectFilter,
    scalars={
        "id": ProjectRow.id,
        "key": ProjectRow.key,
        "name": ProjectRow.name,
        "archived_at": ProjectRow.archived_at,
    },
)
STATE_FILTERS = Filters(
    of=StateFilter, scalars={"id": StateRow.id, "name": StateRow.name, "category": StateRow.category}
)
