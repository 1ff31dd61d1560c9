from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, select

from domain.shared import letters
from domain.shared.actor import Actor
from domain.shared.pages import DEFAULT, Direction, Page, PageRequest, Sort
from domain.shared.projections import Projection, in_order
from domain.workspaces.model import Invitation, Member, Workspace
from domain.workspaces.queries import InvitationOrder, MemberFilter, MemberOrder, MemberQuery, WorkspaceOrder
from infra.accounts.filters import USER_FILTERS
from infra.accounts.tables import UserRow
from infra.db.entities import builder_of, columns_of
from infra.db.filters import Filters, ToOne
from infra.db.keyset import Keyset
from infra.db.parents import ids_of, pages_by_workspace
from infra.db.projected import NamedColumns
from infra.db.read import ReadSession
from infra.db.reader import EntityTable, among_ids
from infra.db.rows import KeyedRows
from infra.db.rows_by_ids import RowsByIds
from infra.db.visibility import in_workspace, visibility, visible
from infra.workspaces.filters import MEMBERS_OF_GUESTS
from infra.workspaces.tables import InvitationRow, MemberRow, RevisionRow, WorkspaceRow

_SELECT = select(*columns_of(WorkspaceRow, Workspace)).where(
    visible(WorkspaceRow.id), WorkspaceRow.deleting_since.is_(None)
)
_BY_SLUG = _SELECT.where(WorkspaceRow.slug == bindparam("slug"))
_ID_BY_SLUG = select(WorkspaceRow.id).where(WorkspaceRow.slug == bindparam("slug"))
_OWN = (
    select(*columns_of(WorkspaceRow, Workspace))
    .join(MemberRow, MemberRow.workspace_id == WorkspaceRow.id)
    .where(MemberRow.user_id == bindparam("user_id"))
)
_BY_IDS = _SELECT.where(among_ids(WorkspaceRow.id))
_REVISION = select(RevisionRow.revision).where(in_workspace(RevisionRow.workspace_id))
_KEYSET = Keyset(WorkspaceOrder, {WorkspaceOrder.SLUG: WorkspaceRow.slug}, id_column=WorkspaceRow.id)
_COLUMNS = NamedColumns.of(WorkspaceRow, Workspace)
_build = builder_of(Workspace)

_MEMBERS = EntityTable(
    MemberRow,
    Member,
    orders=MemberOrder,
    columns={MemberOrder.CREATED_AT: MemberRow.created_at},
    filters=Filters(
        of=MemberFilter,
        scalars={"id": MemberRow.id, "role": MemberRow.role},
        to_one={"user": ToOne(MemberRow.user_id, UserRow.id, USER_FILTERS)},
    ),
    visible_by=MemberRow.workspace_id,
    guests=MEMBERS_OF_GUESTS,
)
_MEMBERS_OF = _MEMBERS.children_of(MemberRow.workspace_id, name="members", default=DEFAULT)

_INVITATIONS = select(*columns_of(InvitationRow, Invitation))
_OPEN_INVITATIONS = _INVITATIONS.where(
    in_workspace(InvitationRow.workspace_id), InvitationRow.accepted_at.is_(None), InvitationRow.revoked_at.is_(None)
)
_INVITATIONS_BY_IDS = RowsByIds(_INVITATIONS, InvitationRow.id, InvitationRow.workspace_id)
_INVITATION_KEYS = Keyset(
    InvitationOrder, {InvitationOrder.CREATED_AT: InvitationRow.created_at}, id_column=InvitationRow.id
)
_build_invitation = builder_of(Invitation)


class SqlWorkspaceReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_slug(self, actor: Actor, slug: str) -> Workspace | None:
        named = letters.lower(slug)
        if actor.on_demand is not None:
            await actor.reach_workspaces([row[0] for row in await self._reads.fetch_aside(_ID_BY_SLUG, slug=named)])
        rows = await self._reads.fetch(_BY_SLUG, slug=named, **visibility(actor))
        return _build(rows[0]) if rows else None

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Workspace]:
        await actor.reach_workspaces(ids)
        if projection is not None:
            names = in_order(projection)
            statement = _COLUMNS.select(_BY_IDS, names, WorkspaceRow.id)
            return KeyedRows.of(names, await self._reads.fetch(statement, ids=list(ids), **visibility(actor)))
        rows = await self._reads.fetch(_BY_IDS, ids=list(ids), **visibility(actor))
        return {row[0]: _build(row) for row in rows}

    async def page(self, actor: Actor, request: PageRequest) -> Page[Workspace]:
        sort = (Sort(by=WorkspaceOrder.SLUG),)
        plan = _KEYSET.plan(sort, request, default=DEFAULT, scope="workspaces", parents=[actor.user_id or ""])
        if actor.on_demand is not None:
            return await plan.page(self._reads, _OWN, _build, user_id=actor.user_id)
        return await plan.page(self._reads, _SELECT, _build, **visibility(actor))

    async def revisions_of_workspaces(self, actor: Actor, workspaces: Sequence[Workspace]) -> Sequence[int]:
        found = {}
        for workspace_id in dict.fromkeys(workspace.id for workspace in workspaces):
            rows = await self._reads.fetch(_REVISION, workspace_id=workspace_id)
            found[workspace_id] = rows[0][0] if rows else 0
        return [found[workspace.id] for workspace in workspaces]


class SqlMemberReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Member]:
        return await _MEMBERS.by_ids(self._reads, actor, ids, projection)

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: MemberQuery, request: PageRequest
    ) -> Sequence[Page[Member]]:
        return await _MEMBERS_OF.pages(
            self._reads, actor, workspaces, filter=query.filter, sort=query.sort, request=request
        )


class SqlInvitationReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, Invitation]:
        rows = await _INVITATIONS_BY_IDS.fetch(self._reads, actor, ids)
        return {row[0]: _build_invitation(row) for row in rows}

    async def open_of_workspaces(
        self, workspaces: Sequence[Workspace], request: PageRequest
    ) -> Sequence[Page[Invitation]]:
        sort = (Sort(by=InvitationOrder.CREATED_AT, direction=Direction.DESC),)
        plan = _INVITATION_KEYS.plan(sort, request, default=DEFAULT, scope="invitations", parents=ids_of(workspaces))
        return await pages_by_workspace(
            self._reads, plan, workspaces, _OPEN_INVITATIONS, _build_invitation, parent=InvitationRow.workspace_id
        )
