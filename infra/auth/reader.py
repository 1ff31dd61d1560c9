from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
)

from domain.accounts.model import User
from domain.auth.model import ApiKey, LiveToken, Session, SigningKey
from domain.auth.ports import KeyHolder, Membership, Person
from domain.shared.actor import MOST_LOADED, Role
from domain.shared.pages import DEFAULT_NESTED, Direction, Page, PageRequest, Sort
from infra.accounts.tables import UserRow
from infra.auth.tables import ApiKeyRow, RefreshTokenRow, SessionRow, SigningKeyRow
from infra.db.entities import builder_of, columns_of
from infra.db.keyset import Keyset
from infra.db.read import ReadSession
from infra.workspaces.tables import AreaGrantRow, MemberRow

# Looked up for guests only, because other roles do not need it.
_AREA_IDS = case(
    (
        MemberRow.role == Role.GUEST,
        select(func.array_agg(AreaGrantRow.area_id))
        .where(AreaGrantRow.workspace_id == MemberRow.workspace_id, AreaGrantRow.member_id == MemberRow.id)
        .scalar_subquery(),
    )
)
# In the text: PostgreSQL keeps no generic plan for an unknown limit.
_LIMIT = literal_column(str(MOST_LOADED + 1), Integer)
_PERSON = (
    select(MemberRow.workspace_id, MemberRow.role, _AREA_IDS, *columns_of(UserRow, User), SessionRow.expires_at)
    .select_from(SessionRow)
    .join(UserRow, UserRow.id == SessionRow.user_id)
    .outerjoin(MemberRow, MemberRow.user_id == SessionRow.user_id)
    .where(
        SessionRow.id == bindparam("session_id"),
        SessionRow.user_id == bindparam("user_id"),
        SessionRow.ended_at.is_(None),
        SessionRow.expires_at > bindparam("now"),
        UserRow.is_placeholder.is_(False),
        UserRow.deactivated_at.is_(None),
    )
    .limit(_LIMIT)
)
_MEMBERSHIPS = select(MemberRow.workspace_id, MemberRow.role, _AREA_IDS).where(
    MemberRow.user_id == bindparam("user_id"), MemberRow.route == any_(bindparam("routes", type_=ARRAY(Integer)))
)
_SIGNED_IN_FROM = (
    select(SessionRow.id)
    .join(UserRow, UserRow.id == SessionRow.user_id)
    .where(UserRow.email == bindparam("email"), SessionRow.source == bindparam("source"))
    .limit(1)
)
_REFRESH_TOKEN = (
    select(SessionRow.user_id, SessionRow.client_id, func.least(RefreshTokenRow.expires_at, SessionRow.expires_at))
    .join(SessionRow, SessionRow.id == RefreshTokenRow.session_id)
    .where(
        RefreshTokenRow.digest == bindparam("digest"),
        RefreshTokenRow.used_at.is_(None),
        RefreshTokenRow.expires_at > bindparam("now"),
        SessionRow.ended_at.is_(None),
        SessionRow.expires_at > bindparam("now"),
    )
)
_SESSIONS_OF = select(*columns_of(SessionRow, Session)).where(
    SessionRow.user_id == bindparam("user_id"),
    SessionRow.ended_at.is_(None),
    SessionRow.expires_at > bindparam("now"),
    SessionRow.last_used_at > bindparam("used_after"),
)


class _SessionOrder(StrEnum):
    CREATED_AT = "created_at"


_SESSION_KEYS = Keyset(_SessionOrder, {_SessionOrder.CREATED_AT: SessionRow.created_at}, id_column=SessionRow.id)
_NEWEST_FIRST = (Sort(by=_SessionOrder.CREATED_AT, direction=Direction.DESC),)
_build_session = builder_of(Session)
_SIGNING_KEYS = select(*columns_of(SigningKeyRow, SigningKey)).order_by(SigningKeyRow.id)
_KEY_COLUMNS = columns_of(ApiKeyRow, ApiKey)


_IS_OPENED = or_(ApiKeyRow.workspace_ids.is_(None), MemberRow.workspace_id == any_(ApiKeyRow.workspace_ids))
"""Memberships that a key opens; of a key limited to some workspaces, these are fewer than are loaded at once."""


def _holder(condition: ColumnElement[bool]) -> Select[Any]:
    """Query for the user of an API key: one row per membership, or one row with nulls without a membership."""
    return (
        select(MemberRow.workspace_id, MemberRow.role, _AREA_IDS, *columns_of(UserRow, User), *_KEY_COLUMNS)
        .select_from(ApiKeyRow)
        .join(UserRow, UserRow.id == ApiKeyRow.user_id)
        .outerjoin(MemberRow, and_(MemberRow.user_id == ApiKeyRow.user_id, _IS_OPENED))
        .where(
            condition,
            ApiKeyRow.revoked_at.is_(None),
            or_(ApiKeyRow.expires_at.is_(None), ApiKeyRow.expires_at > bindparam("now")),
            UserRow.is_placeholder.is_(False),
            UserRow.deactivated_at.is_(None),
        )
        .limit(_LIMIT)
    )


_BY_DIGEST = _holder(ApiKeyRow.digest == bindparam("digest"))
_BY_ID = _holder(ApiKeyRow.id == bindparam("key_id"))
_OF_USER = (
    select(*_KEY_COLUMNS)
    .where(ApiKeyRow.user_id == bindparam("user_id"), ApiKeyRow.revoked_at.is_(None))
    .order_by(ApiKeyRow.id.desc())
)


_build_user = builder_of(User, start=3)


def _person(rows: Sequence[Any], *, ends_at: datetime | None = None) -> Person:
    """The person of rows that each have a membership, followed by the user."""
    return Person(
        account=_build_user(rows[0]),
        roles={row[0]: row[1] for row in rows if row[0] is not None},
        areas={row[0]: frozenset(row[2] or ()) for row in rows if row[1] == Role.GUEST},
        has_more=len(rows) > MOST_LOADED,
        ends_at=ends_at,
    )


class SqlMemberships:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def memberships(self, user_id: str, routes: Collection[int]) -> Sequence[Membership]:
        rows = await self._reads.fetch_aside(_MEMBERSHIPS, user_id=user_id, routes=list(routes))
        return [Membership(workspace_id=row[0], role=row[1], area_ids=frozenset(row[2] or ())) for row in rows]


class SqlSessionReader(SqlMemberships):
    def __init__(self, reads: ReadSession) -> None:
        super().__init__(reads)
        self._build_key = builder_of(SigningKey)

    async def person(self, session_id: str, user_id: str, *, now: datetime) -> Person | None:
        """The person of a session that has not ended; None if it has."""
        rows = await self._reads.fetch(_PERSON, session_id=session_id, user_id=user_id, now=now)
        if not rows:
            return None
        return _person(rows, ends_at=rows[0][-1])

    async def refresh_token(self, digest: str, *, now: datetime) -> LiveToken | None:
        rows = await self._reads.fetch(_REFRESH_TOKEN, digest=digest, now=now)
        if not rows:
            return None
        user_id, client_id, expires_at = rows[0]
        return LiveToken(user_id=user_id, client_id=client_id, expires_at=expires_at)

    async def of_user(
        self, user_id: str, request: PageRequest, *, now: datetime, used_after: datetime
    ) -> Page[Session]:
        plan = _SESSION_KEYS.plan(_NEWEST_FIRST, request, default=DEFAULT_NESTED, scope="sessions", parents=[user_id])
        return await plan.page(
            self._reads, _SESSIONS_OF, _build_session, user_id=user_id, now=now, used_after=used_after
        )

    async def has_signed_in_from(self, email: str, source: str) -> bool:
        return bool(await self._reads.fetch(_SIGNED_IN_FROM, email=email, source=source))

    async def signing_keys(self) -> Sequence[SigningKey]:
        return [self._build_key(row) for row in await self._reads.fetch(_SIGNING_KEYS)]


class SqlApiKeyReader(SqlMemberships):
    def __init__(self, reads: ReadSession) -> None:
        super().__init__(reads)
        self._build_key = builder_of(ApiKey, start=3 + len(fields(User)))
        self._build_own = builder_of(ApiKey)

    async def holder(self, digest: str, *, now: datetime) -> KeyHolder | None:
        return self._built(await self._reads.fetch(_BY_DIGEST, digest=digest, now=now))

    async def holder_by_id(self, key_id: str, *, now: datetime) -> KeyHolder | None:
        return self._built(await self._reads.fetch(_BY_ID, key_id=key_id, now=now))

    async def of_user(self, user_id: str) -> Sequence[ApiKey]:
        return [self._build_own(row) for row in await self._reads.fetch(_OF_USER, user_id=user_id)]

    def _built(self, rows: Sequence[Any]) -> KeyHolder | None:
        if not rows:
            return None
        return KeyHolder(api_key=self._build_key(rows[0]), person=_person(rows))
