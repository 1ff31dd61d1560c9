from domain.milestones.model import Milestone
from infra.db.repository import SqlParentRepository
from infra.db.visibility import GuestRule
from infra.milestones.tables import MilestoneRow


class SqlMilestoneRepository(SqlParentRepository[Milestone]):
    table = MilestoneRow
    entity = Milestone
    guests = GuestRule.of_areas(MilestoneRow.workspace_id, MilestoneRow.project_id)
    conflicts = {
        "uq_milestone_workspace_id_project_id_name": (
            "name",
            "Another milestone of the project has this name. Choose a different name.",
        ),
        "fk_issue_workspace_id_project_id_milestone_id": (
            "id",
            "This milestone has issues. Set `replaceWith` to the milestone to move them to.",
        ),
    }
