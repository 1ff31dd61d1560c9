from domain.accounts.queries import UserFilter
from infra.accounts.tables import UserRow
from infra.db.filters import Filters

USER_FILTERS = Filters(of=UserFilter, scalars={"id": UserRow.id, "name": UserRow.name})
