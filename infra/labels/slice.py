from infra.db.first_use import Repositories, first_use
from infra.labels.repository import SqlLabelRepository


class LabelRepositories(Repositories):
    labels = first_use(SqlLabelRepository)
