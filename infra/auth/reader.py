from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, case, func, select

from domain.accounts.model import User
from domain.auth.model import SigningKey
from domain.auth.ports import Person
from domain.shared.actor import Role
from infra.accounts.tables import UserRow
from infra.auth.tables import SessionRow, SigningKeyRow
from infra.db.entities import builder_of, columns_of
from infra.db.read import Reads
from infra.workspaces.tables import MemberRow, ProjectMemberRow

# Looked up for guests alone, so that nobody else pays for it.
_PROJECT_IDS = case(
    (
        MemberRow.role == Role.GUEST,
        select(func.array_agg(ProjectMemberRow.project_id))
        .where(ProjectMemberRow.member_id == MemberRow.id)
        .scalar_subquery(),
    )
)
_PERSON = (
    select(MemberRow.workspace_id, MemberRow.role, _PROJECT_IDS, *columns_of(UserRow, User))
    .select_from(SessionRow)
    .join(UserRow, UserRow.id == SessionRow.user_id)
    .outerjoin(MemberRow, MemberRow.user_id == SessionRow.user_id)
    .where(
        SessionRow.id == bindparam("session_id"),
        SessionRow.user_id == bindparam("user_id"),
        SessionRow.ended_at.is_(None),
        SessionRow.expires_at > bindparam("now"),
        UserRow.is_placeholder.is_(False),
    )
)
_SIGNED_IN_FROM = (
    select(SessionRow.id)
    .join(UserRow, UserRow.id == SessionRow.user_id)
    .where(UserRow.email == bindparam("email"), SessionRow.source == bindparam("source"))
    .limit(1)
)
_SIGNING_KEYS = select(*columns_of(SigningKeyRow, SigningKey)).order_by(SigningKeyRow.id)


class SqlSessionReader:
    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._build_key = builder_of(SigningKey)
        self._build_user = builder_of(User, start=3)

    async def person(self, session_id: str, user_id: str, *, now: datetime) -> Person | None:
        """One row per membership; one with nulls for somebody who belongs nowhere yet."""
        rows = await self._reads.fetch(_PERSON, session_id=session_id, user_id=user_id, now=now)
        if not rows:
            return None
        return Person(
            account=self._build_user(rows[0]),
            roles={row[0]: row[1] for row in rows if row[0] is not None},
            projects={row[0]: frozenset(row[2] or ()) for row in rows if row[1] == Role.GUEST},
        )

    async def has_signed_in_from(self, email: str, source: str) -> bool:
        return bool(await self._reads.fetch(_SIGNED_IN_FROM, email=email, source=source))

    async def signing_keys(self) -> Sequence[SigningKey]:
        return [self._build_key(row) for row in await self._reads.fetch(_SIGNING_KEYS)]
