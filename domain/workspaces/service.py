from collections.abc import Sequence
from datetime import datetime

from domain.accounts.model import UserId
from domain.shared.actor import Actor, Permission, Role
from domain.shared.clock import Clock
from domain.shared.entities import revised
from domain.shared.errors import Conflict, ErrorCode, NotFound
from domain.shared.ids import IdFactory
from domain.shared.mail import Mail, Mailer
from domain.shared.pages import Page, PageRequest
from domain.shared.uow import OpenUow, Written
from domain.workspaces.commands import MemberDraft, WorkspaceChanges, WorkspaceDraft
from domain.workspaces.events import (
    MemberAdded,
    MemberRemoved,
    MemberUpdated,
    WorkspaceCreated,
    WorkspaceDeleted,
    WorkspaceUpdated,
)
from domain.workspaces.jobs import SendMemberWelcome
from domain.workspaces.mails import MemberWelcome
from domain.workspaces.model import Member, MemberId, Workspace, WorkspaceId
from domain.workspaces.ports import WorkspaceReader, WorkspaceUow
from domain.workspaces.queries import MemberQuery


class WorkspaceService:
    def __init__(
        self,
        uow: OpenUow[WorkspaceUow],
        read: WorkspaceReader,
        clock: Clock,
        ids: IdFactory,
        mailer: Mailer,
        *,
        public_url: str,
    ) -> None:
        self._uow = uow
        self._read = read
        self._clock = clock
        self._ids = ids
        self._mailer = mailer
        self._public_url = public_url

    async def by_slug(self, actor: Actor, slug: str) -> Workspace | None:
        return await self._read.by_slug(actor, slug)

    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, Workspace]:
        return await self._read.by_ids(actor, ids)

    async def page(self, actor: Actor, request: PageRequest) -> Page[Workspace]:
        return await self._read.page(actor, request)

    async def members_of(
        self, actor: Actor, workspaces: Sequence[Workspace], query: MemberQuery, request: PageRequest
    ) -> Sequence[Page[Member]]:
        return await self._read.members_of([workspace.id for workspace in workspaces], query, request)

    async def members_by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, Member]:
        return await self._read.members_by_ids(actor, ids)

    async def create(self, actor: Actor, draft: WorkspaceDraft) -> Written[Workspace]:
        """Whoever creates a workspace owns it."""
        owner_id = actor.signed_in_id
        async with self._uow(actor) as uow:
            workspace = Workspace.drafted(draft, id=WorkspaceId(self._ids.new(Workspace.prefix)), now=self._clock.now())
            await uow.workspaces.add(workspace)
            uow.record(WorkspaceCreated.between(None, workspace))
            await self._add_member(uow, workspace, owner_id, Role.OWNER, now=workspace.created_at)
            return await uow.commit(workspace)

    async def update(self, actor: Actor, workspace_id: str, changes: WorkspaceChanges) -> Written[Workspace]:
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, workspace_id, for_update=True)
            actor.require(Permission.WORKSPACE_UPDATE, workspace.id)
            changed = workspace.changed(changes, now=self._clock.now())
            if changed != workspace:
                await uow.workspaces.save(workspace, changed)
                uow.record(WorkspaceUpdated.between(workspace, changed))
            return await uow.commit(changed)

    async def delete(self, actor: Actor, workspace_id: str) -> Written[str]:
        """Only an empty workspace: no projects, no labels."""
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, workspace_id, for_update=True)
            actor.require(Permission.WORKSPACE_DELETE, workspace.id)
            for member in await uow.members.of(workspace.id):
                await uow.members.remove(member)
            await uow.workspaces.remove(workspace)
            uow.record(WorkspaceDeleted.between(workspace, None))
            return await uow.commit(workspace.id)

    async def add_member(self, actor: Actor, draft: MemberDraft) -> Written[Member]:
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, draft.workspace_id, path=("workspace_id",))
            _require_rank(actor, workspace.id, draft.role)
            user = await uow.users.by_email(draft.email)
            if user is None:
                raise NotFound("Nobody has signed up with this address.", path=("email",))
            member = await self._add_member(uow, workspace, user.id, draft.role, now=self._clock.now())
            return await uow.commit(member)

    async def change_role(self, actor: Actor, member_id: str, role: Role) -> Written[Member]:
        async with self._uow(actor) as uow:
            member, owners = await self._locked(uow, actor, member_id)
            _require_rank(actor, member.workspace_id, role, member.role)
            if role != Role.OWNER:
                _keep_an_owner(owners, member)
            changed = revised(member, now=self._clock.now(), role=role)
            if changed != member:
                await uow.members.save(member, changed)
                uow.record(MemberUpdated.between(member, changed))
            return await uow.commit(changed)

    async def remove_member(self, actor: Actor, member_id: str) -> Written[str]:
        """Everybody may leave; what the person wrote and was assigned stays."""
        async with self._uow(actor) as uow:
            member, owners = await self._locked(uow, actor, member_id)
            if member.user_id != actor.user_id:
                _require_rank(actor, member.workspace_id, member.role)
            _keep_an_owner(owners, member)
            await uow.members.remove(member)
            uow.record(MemberRemoved.between(member, None))
            return await uow.commit(member.id)

    async def send_welcome(self, actor: Actor, job: SendMemberWelcome) -> None:
        """Mails a new member; nobody who has left again, founded the workspace or has no address gets any."""
        async with self._uow(actor) as uow:
            try:
                member = await uow.members.get(actor, job.member_id)
            except NotFound:
                return
            workspace = await uow.workspaces.get(actor, member.workspace_id)
            user = await uow.users.by_id(member.user_id)
        if user is None or user.email is None or user.is_placeholder or member.created_at == workspace.created_at:
            return
        letter = MemberWelcome(person=user.name, workspace=workspace.name, url=f"{self._public_url}/{workspace.slug}")
        mail_id = actor.job.id if actor.job is not None else member.id
        await self._mailer.send(Mail(id=mail_id, to=user.email, letter=letter))

    async def _add_member(
        self, uow: WorkspaceUow, workspace: Workspace, user_id: str, role: Role, *, now: datetime
    ) -> Member:
        member = Member(
            id=MemberId(self._ids.new(Member.prefix)),
            workspace_id=workspace.id,
            user_id=UserId(user_id),
            role=role,
            created_at=now,
            updated_at=now,
        )
        await uow.members.add(member)
        uow.record(MemberAdded.between(None, member))
        return member

    async def _locked(self, uow: WorkspaceUow, actor: Actor, member_id: str) -> tuple[Member, list[Member]]:
        """The member and the owners, locked: whoever changes memberships of one workspace takes turns."""
        member = await uow.members.get(actor, member_id)
        owners = await uow.members.owners(member.workspace_id)
        return await uow.members.get(actor, member_id, for_update=True), owners


def _keep_an_owner(owners: Sequence[Member], leaving: Member) -> None:
    if [owner.id for owner in owners] == [leaving.id]:
        raise Conflict("A workspace keeps at least one owner.", code=ErrorCode.LAST_OWNER)


def _require_rank(actor: Actor, workspace_id: str, *roles: Role) -> None:
    """Owners are appointed and dismissed by owners, everybody else by admins too."""
    actor.require(Permission.MEMBER_MANAGE, workspace_id)
    if Role.OWNER in roles:
        actor.require(Permission.OWNER_MANAGE, workspace_id)
