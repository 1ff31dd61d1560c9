from domain.milestones.queries import MilestoneFilter
from infra.db.filters import Filters
from infra.milestones.tables import MilestoneRow

MILESTONE_FILTERS = Filters(
    of=MilestoneFilter,
    scalars={"id": MilestoneRow.id, "name": MilestoneRow.name, "due_date": MilestoneRow.due_date},
)
