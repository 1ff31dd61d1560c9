from infra.db.first_use import Repositories, first_use
from infra.milestones.repository import SqlMilestoneRepository


class MilestoneRepositories(Repositories):
    milestones = first_use(SqlMilestoneRepository)
