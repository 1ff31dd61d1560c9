import zlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import CTE, Delete, delete, func, insert, literal, or_, select, text, update
from sqlalchemy.orm import aliased

from domain.auth.api_keys import USE_PERIOD
from domain.auth.model import ApiKey, EndReason, Session, SigningKey, SpentToken
from domain.auth.policies import SPENT_TOKENS_KEPT
from infra.accounts.tables import UserRow
from infra.auth.tables import ApiKeyRow, RefreshTokenRow, SessionRow, SigningKeyRow
from infra.db.arrays import among_values
from infra.db.entities import builder_of, columns_of
from infra.db.repository import SqlRepository

_KEY_LOCK = zlib.crc32(b"workgraph signing keys")
_SESSION_COLUMNS = columns_of(SessionRow, Session)
_build_session = builder_of(Session)
_build_key = builder_of(SigningKey)


class SqlSessionRepository(SqlRepository[Session]):
    table = SessionRow
    entity = Session

    async def end(self, session_id: str, reason: EndReason, *, now: datetime) -> None:
        alive = (SessionRow.id == session_id) & SessionRow.ended_at.is_(None)
        await self._connection.execute(update(SessionRow).where(alive).values(ended_at=now, end_reason=reason))

    async def end_all(
        self, user_id: str, reason: EndReason, *, now: datetime, except_session: str | None = None
    ) -> Sequence[str]:
        mine = (SessionRow.user_id == user_id) & SessionRow.ended_at.is_(None) & (SessionRow.expires_at > now)
        if except_session is not None:
            mine &= SessionRow.id != except_session
        # Lock rows in the order of their IDs, like all repositories, so that transactions cannot deadlock.
        locked = select(SessionRow.id).where(mine).order_by(SessionRow.id).with_for_update()
        ids = list(await self._connection.scalars(locked))
        if ids:
            ending = update(SessionRow).where(among_values(SessionRow.id, ids)).values(ended_at=now, end_reason=reason)
            await self._connection.execute(ending)
        return ids

    async def remove_all(self, user_id: str) -> None:
        await self._connection.execute(delete(SessionRow).where(SessionRow.user_id == user_id))

    async def add_token(self, session_id: str, digest: str, *, expires_at: datetime) -> None:
        values = {"digest": digest, "session_id": session_id, "expires_at": expires_at}
        await self._connection.execute(insert(RefreshTokenRow).values(values))

    async def rotate(self, digest: str, successor: str, *, now: datetime, idle_end: datetime) -> Session | None:
        # Reading before writing let all of 32 simultaneous refreshes succeed. The row lock of this UPDATE lets one
        # through; the others then find the token spent.
        spent = (
            update(RefreshTokenRow)
            .where(
                RefreshTokenRow.digest == digest,
                RefreshTokenRow.used_at.is_(None),
                RefreshTokenRow.expires_at > now,
                SessionRow.id == RefreshTokenRow.session_id,
                SessionRow.ended_at.is_(None),
                SessionRow.expires_at > now,
            )
            .values(used_at=now)
            .returning(*_SESSION_COLUMNS)
            .cte("spent")
        )
        added = (
            insert(RefreshTokenRow)
            .from_select(
                ["digest", "session_id", "expires_at"],
                select(literal(successor), spent.c.id, func.least(literal(idle_end), spent.c.expires_at)),
            )
            .cte("added")
        )
        removed = _older_tokens(spent).cte("removed")
        noted = update(SessionRow).where(SessionRow.id == spent.c.id).values(last_used_at=now).cte("noted")
        row = (await self._connection.execute(select(*spent.c).add_cte(added, removed, noted))).first()
        return None if row is None else _build_session(row)

    async def spent_token(self, family: str, digest: str, successor: str) -> SpentToken | None:
        next_token = aliased(RefreshTokenRow)
        statement = (
            select(
                *_SESSION_COLUMNS,
                RefreshTokenRow.expires_at.label("token_expires_at"),
                RefreshTokenRow.used_at,
                (next_token.used_at.is_(None) & next_token.digest.is_not(None)).label("is_successor_unused"),
            )
            .select_from(SessionRow)
            .outerjoin(
                RefreshTokenRow, (RefreshTokenRow.session_id == SessionRow.id) & (RefreshTokenRow.digest == digest)
            )
            .outerjoin(next_token, next_token.digest == successor)
            .where(
                SessionRow.token_family == family,
                or_(RefreshTokenRow.digest.is_(None), RefreshTokenRow.used_at.is_not(None)),
            )
            .with_for_update(of=SessionRow)
        )
        row = (await self._connection.execute(statement)).first()
        if row is None:
            return None
        *_, expires_at, used_at, is_successor_unused = row
        return SpentToken(
            session=_build_session(row),
            expires_at=expires_at,
            used_at=used_at,
            is_successor_unused=is_successor_unused,
        )

    async def of_family(self, family: str) -> Session | None:
        found = await self.where(SessionRow.token_family == family)
        return found[0] if found else None


def _older_tokens(spent: CTE) -> Delete:
    """Deletes the spent tokens that are not among the last of the session whose token is spent now."""
    # The snapshot of the statement shows the token that is spent now as unused, so that one fewer is left out.
    kept = (
        select(RefreshTokenRow.digest)
        .where(RefreshTokenRow.session_id == spent.c.id, RefreshTokenRow.used_at.is_not(None))
        .order_by(RefreshTokenRow.used_at.desc(), RefreshTokenRow.digest)
        .limit(SPENT_TOKENS_KEPT - 1)
        .correlate(spent)
    )
    return delete(RefreshTokenRow).where(
        RefreshTokenRow.session_id == spent.c.id,
        RefreshTokenRow.used_at.is_not(None),
        RefreshTokenRow.digest.not_in(kept),
    )


class SqlSigningKeyRepository(SqlRepository[SigningKey]):
    table = SigningKeyRow
    entity = SigningKey

    async def all_locked(self) -> Sequence[SigningKey]:
        await self._connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _KEY_LOCK})
        statement = select(*columns_of(SigningKeyRow, SigningKey)).order_by(SigningKeyRow.id)
        return [_build_key(row) for row in await self._connection.execute(statement)]


class SqlApiKeyRepository(SqlRepository[ApiKey]):
    table = ApiKeyRow
    entity = ApiKey

    async def count_locked(self, user_id: str) -> int:
        owner = select(UserRow.id).where(UserRow.id == user_id).with_for_update(key_share=True)
        await self._connection.execute(owner)
        open_keys = select(func.count()).where(ApiKeyRow.user_id == user_id, ApiKeyRow.revoked_at.is_(None))
        return int((await self._connection.execute(open_keys)).scalar_one())

    async def remove_all(self, user_id: str) -> None:
        await self._connection.execute(delete(ApiKeyRow).where(ApiKeyRow.user_id == user_id))

    async def add_key(self, key: ApiKey, digest: str) -> None:
        values = {each.name: getattr(key, each.name) for each in fields(key)}
        await self._guarded(insert(ApiKeyRow), values | {"digest": digest})

    async def by_digest(self, digest: str) -> ApiKey | None:
        found = await self.where(ApiKeyRow.digest == digest, for_update=True)
        return found[0] if found else None

    async def touch(self, uses: Mapping[str, datetime]) -> None:
        """Stores when keys were last used, unless another process did so within the same minute."""
        for key_id, at in sorted(uses.items()):
            is_due = or_(ApiKeyRow.last_used_at.is_(None), ApiKeyRow.last_used_at <= at - USE_PERIOD)
            await self._connection.execute(
                update(ApiKeyRow).where(ApiKeyRow.id == key_id, is_due).values(last_used_at=at)
            )
