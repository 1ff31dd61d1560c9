from collections.abc import Mapping, Sequence

from sqlalchemy import ARRAY, Text, any_, bindparam, exists, or_, select
from sqlalchemy.orm import aliased

from domain.accounts.model import User, UserId
from domain.accounts.ports import Credentials
from domain.shared.actor import Actor
from domain.shared.ids import is_id
from domain.shared.projections import Projection, in_order
from infra.accounts.tables import PasswordRow, UserRow
from infra.db.entities import builder_of, columns_of
from infra.db.projected import NamedColumns
from infra.db.read import ReadSession
from infra.db.reader import among_ids
from infra.db.rows import KeyedRows
from infra.db.visibility import guest_visibility
from infra.workspaces.filters import colleagues_of_viewer, members_of_guests
from infra.workspaces.tables import MemberRow

USER_COLUMNS = NamedColumns.of(UserRow, User)
_WORKSPACES = any_(bindparam("workspace_ids", type_=ARRAY(Text(collation="C"))))
_BY_IDS = select(*columns_of(UserRow, User)).where(among_ids(UserRow.id))
_COLLEAGUE = aliased(MemberRow)
_VISIBLE_BY_IDS = _BY_IDS.where(
    or_(
        UserRow.id == bindparam("viewer_id"),
        exists().where(_COLLEAGUE.user_id == UserRow.id, _COLLEAGUE.workspace_id == _WORKSPACES),
    )
)
_VISIBLE_BY_IDS_OF_GUESTS = _BY_IDS.where(
    or_(
        UserRow.id == bindparam("viewer_id"),
        exists().where(_COLLEAGUE.user_id == UserRow.id, members_of_guests(_COLLEAGUE).anywhere),
    )
)
_VISIBLE_BY_IDS_ON_DEMAND = _BY_IDS.where(
    or_(
        UserRow.id == bindparam("viewer_id"),
        exists().where(_COLLEAGUE.user_id == UserRow.id, colleagues_of_viewer(_COLLEAGUE)),
    )
)
_CREDENTIALS = (
    select(UserRow.id, PasswordRow.hash)
    .join(PasswordRow, PasswordRow.user_id == UserRow.id)
    .where(UserRow.deactivated_at.is_(None), UserRow.is_placeholder.is_(False))
)
_BY_EMAIL = _CREDENTIALS.where(UserRow.email == bindparam("email"))
_BY_ID = _CREDENTIALS.where(UserRow.id == bindparam("user_id"))


class SqlUserReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads
        self._build = builder_of(User)

    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, User]:
        if actor.is_system:
            rows = await self._reads.fetch(_BY_IDS, ids=list(ids))
            return {row[0]: self._build(row) for row in rows}
        known = [user_id for user_id in ids if is_id(user_id, User.prefix)]
        if actor.on_demand is not None:
            rows = await self._reads.fetch(_VISIBLE_BY_IDS_ON_DEMAND, ids=known, viewer_id=actor.user_id)
        elif actor.is_guest:
            rows = await self._reads.fetch(_VISIBLE_BY_IDS_OF_GUESTS, ids=known, **guest_visibility(actor))
        else:
            rows = await self._reads.fetch(
                _VISIBLE_BY_IDS, ids=known, viewer_id=actor.user_id, workspace_ids=list(actor.roles)
            )
        return {row[0]: self._build(row) for row in rows}

    async def named_by_ids(
        self, actor: Actor, ids: Sequence[UserId], projection: Projection = None
    ) -> Mapping[UserId, User]:
        if projection is not None:
            names = in_order(projection)
            statement = USER_COLUMNS.select(_BY_IDS, names, UserRow.id)
            return KeyedRows.of(names, await self._reads.fetch(statement, ids=list(ids)))
        rows = await self._reads.fetch(_BY_IDS, ids=list(ids))
        return {row[0]: self._build(row) for row in rows}


class SqlCredentialReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def credentials(self, email: str) -> Credentials | None:
        rows = await self._reads.fetch(_BY_EMAIL, email=email)
        return Credentials(user_id=rows[0][0], password_hash=rows[0][1]) if rows else None

    async def credentials_of(self, user_id: str) -> Credentials | None:
        rows = await self._reads.fetch(_BY_ID, user_id=user_id)
        return Credentials(user_id=rows[0][0], password_hash=rows[0][1]) if rows else None
