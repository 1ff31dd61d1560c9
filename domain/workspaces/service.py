from domain.accounts.model import User, UserId
from domain.shared.actor import Actor, Role, Scope
from domain.shared.entities import revised
from domain.shared.errors import InvalidInput, NotFound, PermissionDenied
from domain.shared.ids import IdFactory
from domain.shared.mail import Letter, Mail, Mailer
from domain.shared.security import SecurityEventKind
from domain.shared.uow import OpenUow, Written
from domain.workspaces.commands import MemberChanges, WorkspaceChanges, WorkspaceDraft
from domain.workspaces.events import (
    MemberAdded,
    MemberRemoved,
    MemberUpdated,
    WorkspaceCreated,
    WorkspaceDeleted,
    WorkspaceUpdated,
)
from domain.workspaces.jobs import SendMemberRemoval, SendMemberWelcome, SendOwnershipMoved
from domain.workspaces.mails import MemberRemoval, MemberWelcome, OwnershipMoved
from domain.workspaces.model import Member, MemberId, Workspace, WorkspaceId
from domain.workspaces.policies import keep_an_owner, locked_person, require_rank
from domain.workspaces.ports import WorkspaceUow
from domain.workspaces.slice import OWNER_MANAGE, WORKSPACE_DELETE, WORKSPACE_UPDATE


class WorkspaceService:
    def __init__(
        self,
        uow: OpenUow[WorkspaceUow],
        ids: IdFactory,
        mailer: Mailer,
        *,
        public_url: str,
    ) -> None:
        self._uow = uow
        self._ids = ids
        self._mailer = mailer
        self._public_url = public_url

    async def create(self, actor: Actor, draft: WorkspaceDraft) -> Written[Workspace]:
        """Creates a workspace owned by the actor."""
        owner_id = UserId(actor.signed_in_id)
        actor.require_everywhere(Scope.ADMIN)
        async with self._uow(actor) as uow:
            await locked_person(uow.users, owner_id)
            workspace = Workspace.drafted(draft, id=WorkspaceId(self._ids.new(Workspace.prefix)), now=uow.now)
            await uow.workspaces.add(workspace)
            uow.record(WorkspaceCreated.between(None, workspace))
            member_id = MemberId(self._ids.new_in(workspace.id, Member.prefix))
            owner = Member.joining(workspace.id, owner_id, Role.OWNER, id=member_id, now=workspace.created_at)
            await uow.members.add(owner)
            uow.record(MemberAdded.between(None, owner))
            return await uow.commit(workspace)

    async def update(self, actor: Actor, workspace_id: str, changes: WorkspaceChanges) -> Written[Workspace]:
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, workspace_id, for_update=True)
            actor.require(WORKSPACE_UPDATE, workspace.id)
            changed = workspace.changed(changes, now=uow.now)
            await uow.check_unchanged(workspace, changed, changes)
            if changed != workspace:
                await uow.workspaces.save(workspace, changed)
                uow.record(WorkspaceUpdated.between(workspace, changed))
            return await uow.commit(changed)

    async def delete(self, actor: Actor, workspace_id: str) -> Written[str]:
        """Deletes a workspace without content."""
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, workspace_id, for_update=True)
            actor.require(WORKSPACE_DELETE, workspace.id)
            for member in await uow.members.of(workspace.id):
                await uow.members.remove(member)
            await uow.workspaces.remove(workspace)
            uow.record(WorkspaceDeleted.between(workspace, None))
            return await uow.commit(workspace.id)

    async def change_role(self, actor: Actor, member_id: str, changes: MemberChanges) -> Written[Member]:
        role = changes.role
        async with self._uow(actor) as uow:
            member, owners = await self._locked(uow, actor, member_id)
            require_rank(actor, member.workspace_id, role, member.role)
            if role == Role.OWNER:
                await self._require_person(uow, member)
            else:
                keep_an_owner(owners, member)
            await uow.check_unchanged(member, revised(member, now=uow.now, role=role), changes)
            return await uow.commit(await self._give_role(uow, member, role))

    async def transfer_ownership(self, actor: Actor, workspace_id: str, member_id: str) -> Written[Workspace]:
        """Makes a member an owner and the actor an admin, and notifies both."""
        user_id = actor.signed_in_id
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, workspace_id)
            actor.require(OWNER_MANAGE, workspace.id)
            heir, owners = await self._locked(uow, actor, member_id, path=("member_id",))
            if heir.workspace_id != workspace.id:
                raise NotFound("This member does not exist or is not visible to you.", path=("member_id",))
            mine = next((owner for owner in owners if owner.user_id == user_id), None)
            if mine is None:
                raise PermissionDenied("Only an owner can transfer the ownership of a workspace.")
            if heir.id == mine.id:
                raise InvalidInput("You already own this workspace.", path=("member_id",))
            await self._require_person(uow, heir, path=("member_id",))
            await self._give_role(uow, heir, Role.OWNER)
            await self._give_role(uow, mine, Role.ADMIN)
            for is_to_new_owner in (True, False):
                job = SendOwnershipMoved(
                    workspace_id=workspace.id,
                    old_owner_id=user_id,
                    new_owner_id=heir.user_id,
                    is_to_new_owner=is_to_new_owner,
                )
                uow.enqueue(job, workspace_id=workspace.id)
            return await uow.commit(workspace)

    async def remove_member(self, actor: Actor, member_id: str) -> Written[str]:
        """Removes a member, or lets members leave; their content and assignments stay."""
        async with self._uow(actor) as uow:
            member, owners = await self._locked(uow, actor, member_id)
            if member.user_id != actor.user_id:
                require_rank(actor, member.workspace_id, member.role)
                job = SendMemberRemoval(workspace_id=member.workspace_id, user_id=member.user_id)
                uow.enqueue(job, workspace_id=member.workspace_id)
            actor.require_scope(Scope.ADMIN)
            keep_an_owner(owners, member)
            await uow.members.remove(member)
            uow.record(MemberRemoved.between(member, None))
            kind = SecurityEventKind.MEMBER_REMOVED
            uow.note(kind, user_id=member.user_id, subject_id=member.id, workspace_id=member.workspace_id)
            return await uow.commit(member.id)

    async def send_welcome(self, actor: Actor, job: SendMemberWelcome) -> None:
        """Mails a new member, unless they have left again, founded the workspace or have no address."""
        async with self._uow(actor) as uow:
            try:
                member = await uow.members.get(actor, job.member_id)
            except NotFound:
                return
            workspace = await uow.workspaces.get(actor, member.workspace_id)
            user = await uow.users.by_id(member.user_id)
        if user is None or member.created_at == workspace.created_at:
            return
        letter = MemberWelcome(person=user.name, workspace=workspace.name, url=self._url(workspace))
        await self._send(actor, user, letter)

    async def send_removal(self, actor: Actor, job: SendMemberRemoval) -> None:
        """Mails a user who was removed by others and has not returned."""
        async with self._uow(actor) as uow:
            workspace = await _found(uow, actor, job.workspace_id)
            is_back = await uow.members.are_in(job.workspace_id, [job.user_id])
            user = await uow.users.by_id(job.user_id)
        if workspace is not None and user is not None and not is_back:
            await self._send(actor, user, MemberRemoval(person=user.name, workspace=workspace.name))

    async def send_ownership_moved(self, actor: Actor, job: SendOwnershipMoved) -> None:
        async with self._uow(actor) as uow:
            workspace = await _found(uow, actor, job.workspace_id)
            old_owner, new_owner = [await uow.users.by_id(each) for each in (job.old_owner_id, job.new_owner_id)]
        user = new_owner if job.is_to_new_owner else old_owner
        if workspace is None or old_owner is None or new_owner is None or user is None:
            return
        letter = OwnershipMoved(
            person=user.name,
            workspace=workspace.name,
            old_owner=old_owner.name,
            new_owner=new_owner.name,
            url=self._url(workspace),
        )
        await self._send(actor, user, letter)

    async def _send(self, actor: Actor, user: User, letter: Letter) -> None:
        """Sends the letter, unless the user has no address."""
        if user.email is not None and not user.is_placeholder:
            mail_id = actor.job.id if actor.job is not None else user.id
            await self._mailer.send(Mail(id=mail_id, to=user.email, letter=letter))

    def _url(self, workspace: Workspace) -> str:
        return f"{self._public_url}/{workspace.slug}"

    async def _give_role(self, uow: WorkspaceUow, member: Member, role: Role) -> Member:
        changed = revised(member, now=uow.now, role=role)
        if changed != member:
            await uow.members.save(member, changed)
            # A member who becomes a guest again starts without areas.
            for event in await uow.areas.leave_all(member):
                uow.record(event)
            uow.record(MemberUpdated.between(member, changed))
            kind = SecurityEventKind.MEMBER_ROLE_CHANGED
            uow.note(kind, user_id=member.user_id, subject_id=member.id, workspace_id=member.workspace_id)
        return changed

    async def _require_person(self, uow: WorkspaceUow, member: Member, *, path: tuple[str, ...] = ("id",)) -> None:
        """Refuses placeholders as owners: they cannot sign in, so the workspace would have no owner."""
        user = await uow.users.by_id(member.user_id)
        if user is None or user.is_placeholder:
            raise InvalidInput("A placeholder cannot own a workspace. Choose a member with an account.", path=path)

    async def _locked(
        self, uow: WorkspaceUow, actor: Actor, member_id: str, *, path: tuple[str, ...] = ("id",)
    ) -> tuple[Member, list[Member]]:
        """The member and the owners, locked, so that changes of memberships in one workspace run one at a time."""
        member = await uow.members.get(actor, member_id, path=path)
        # Who the owners are changes with every turn, so their rows alone would be locked in no fixed order.
        await uow.workspaces.get(actor, member.workspace_id, for_update=True)
        owners = await uow.members.owners(member.workspace_id)
        return await uow.members.get(actor, member_id, path=path, for_update=True), owners


async def _found(uow: WorkspaceUow, actor: Actor, workspace_id: str) -> Workspace | None:
    try:
        return await uow.workspaces.get(actor, workspace_id)
    except NotFound:
        return None
