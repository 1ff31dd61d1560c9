from collections.abc import Sequence
from hashlib import sha256

from domain.accounts.commands import Registration
from domain.accounts.mailed_links import source_bucket
from domain.accounts.model import User, UserId
from domain.accounts.passwords import PasswordRules
from domain.accounts.ports import PasswordHasher
from domain.shared.actor import Actor, Scope
from domain.shared.clock import Clock
from domain.shared.errors import Conflict, ErrorCode, NotFound, PermissionDenied, Unavailable
from domain.shared.ids import IdFactory
from domain.shared.mail import Mail, Mailer
from domain.shared.pages import Page, PageRequest
from domain.shared.security import SecurityEventKind
from domain.shared.throttle import Bucket, Throttle, counted_try
from domain.shared.uow import OpenUow, Written
from domain.workspaces.commands import InvitationDraft
from domain.workspaces.events import (
    InvitationAccepted,
    InvitationCreated,
    InvitationResent,
    InvitationRevoked,
    MemberAdded,
)
from domain.workspaces.jobs import SendInvitation
from domain.workspaces.mails import WorkspaceInvitation
from domain.workspaces.model import Invitation, InvitationId, IssuedInvitation, Member, MemberId, Workspace
from domain.workspaces.policies import locked_person, may_give, require_rank
from domain.workspaces.ports import InvitationReader, WorkspaceUow
from domain.workspaces.secrets import FORMAT, InvitationSecrets
from domain.workspaces.slice import MEMBER_MANAGE

INVITATIONS_PER_WORKSPACE = 200
INVITATIONS_PER_PERSON = 50
INVITATIONS_PER_ADDRESS = 5  # of one person to one address, whatever the workspace
HOUR = 3600.0  # seconds
DAY = 24 * HOUR
INVITATION_PATH = "/auth/invitation"
INVALID_INVITATION = "This invitation is invalid, already used, expired, or sent to another user. Ask for a new one."
_NOTHING: Page[Invitation] = Page(nodes=(), cursors=(), has_next_page=False, has_previous_page=False, total_count=0)


class InvitationService:
    def __init__(
        self,
        uow: OpenUow[WorkspaceUow],
        invitations: InvitationReader,
        secrets: InvitationSecrets,
        throttle: Throttle,
        clock: Clock,
        ids: IdFactory,
        mailer: Mailer,
        hasher: PasswordHasher,
        rules: PasswordRules,
        *,
        public_url: str,
    ) -> None:
        self._uow = uow
        self._invitations = invitations
        self._secrets = secrets
        self._throttle = throttle
        self._clock = clock
        self._ids = ids
        self._mailer = mailer
        self._hasher = hasher
        self._rules = rules
        self._public_url = public_url

    async def open_of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], request: PageRequest
    ) -> Sequence[Page[Invitation]]:
        """Open invitations of each workspace; empty for actors who cannot manage its members."""
        await actor.reach_workspaces(each.id for each in workspaces)
        managed = [each for each in workspaces if actor.may(MEMBER_MANAGE, each.id)]
        pages = await self._invitations.open_of_workspaces(managed, request) if managed else ()
        found = {workspace.id: page for workspace, page in zip(managed, pages, strict=True)}
        return [found.get(workspace.id, _NOTHING) for workspace in workspaces]

    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, Invitation]:
        """The invitations to workspaces whose members the actor manages, by id."""
        found = await self._invitations.by_ids(actor, ids)
        return {key: each for key, each in found.items() if actor.may(MEMBER_MANAGE, each.workspace_id)}

    async def create(self, actor: Actor, draft: InvitationDraft) -> Written[IssuedInvitation]:
        """Creates an invitation, whether or not the address has an account; raises TooOften.

        Revokes an earlier open invitation to the same address.
        """
        inviter_id = UserId(actor.signed_in_id)
        async with self._uow(actor) as uow:
            workspace = await uow.workspaces.get(actor, draft.workspace_id, path=("workspace_id",))
            require_rank(actor, workspace.id, draft.role)
            new_id = InvitationId(self._ids.new_in(workspace.id, Invitation.prefix))
            digest, now = self._secrets.digest(new_id, 1), uow.now
            invitation = Invitation.drafted(draft, id=new_id, digest=digest, created_by_id=inviter_id, now=now)
            await uow.areas.require(actor, workspace.id, invitation.area_ids)
            if invitation.email is not None:
                await self._make_room(uow, actor, workspace, invitation.email)
            await self._admit(actor, invitation)
            await uow.invitations.add(invitation)
            uow.record(InvitationCreated.between(None, invitation))
            self._send(uow, invitation)
            written = await uow.commit(invitation)
        return self._issued(written)

    def link_of(self, actor: Actor, invitation: Invitation) -> str | None:
        """The link of an open invitation, for its issuer while the issuer still has permission."""
        if not invitation.is_open or invitation.created_by_id != actor.user_id:
            return None
        try:
            require_rank(actor, invitation.workspace_id, invitation.role)
        except PermissionDenied:
            return None
        return self._link_to(invitation)

    async def resend(self, actor: Actor, invitation_id: str) -> Written[IssuedInvitation]:
        """Sends a new secret, valid as long as that of a new invitation; the previous secret becomes invalid.

        The actor becomes the inviter.
        """
        inviter_id = UserId(actor.signed_in_id)
        async with self._uow(actor) as uow:
            invitation = await self._open(uow, actor, invitation_id)
            await self._admit(actor, invitation)
            digest = self._secrets.digest(invitation.id, invitation.generation + 1)
            renewed = invitation.renewed(inviter_id, digest=digest, now=uow.now)
            await uow.invitations.save(invitation, renewed)
            uow.record(InvitationResent.between(invitation, renewed))
            self._send(uow, renewed)
            written = await uow.commit(renewed)
        return self._issued(written)

    async def revoke(self, actor: Actor, invitation_id: str) -> Written[Invitation]:
        async with self._uow(actor) as uow:
            invitation = await self._open(uow, actor, invitation_id)
            return await uow.commit(await self._revoke(uow, invitation))

    async def accept(self, actor: Actor, token: str) -> Written[Member]:
        """Makes the actor a member; raises one NotFound for every secret that is invalid for the actor."""
        user_id = actor.signed_in_id
        actor.require_everywhere(Scope.ADMIN)
        async with self._uow(actor) as uow:
            user = await locked_person(uow.users, user_id)
            invitation = await self._good(uow, token, path=("token",))
            if invitation.email not in (None, user.email):
                raise _not_good(("token",))
            if await uow.members.of_user(invitation.workspace_id, user_id) is not None:
                raise Conflict(
                    "You are already a member of this workspace.", path=("token",), code=ErrorCode.ALREADY_EXISTS
                )
            return await uow.commit(await self._join(uow, invitation, user))

    async def register(self, actor: Actor, token: str, registration: Registration) -> Written[User]:
        """Signs up the recipient of an invitation's mail, which proves the address, and makes them a member.

        Raises what `accept` does, also for a link, which proves nothing; Rejected naming every broken rule, Conflict
        for an address that already has an account, and TooOften.
        """
        if not FORMAT.matches(token):
            raise _not_good(("invitation_token",))
        user_id = UserId(self._ids.new(User.prefix))
        user = User.registered(registration, id=user_id, now=self._clock.now(), rules=self._rules)
        async with counted_try(self._throttle, [source_bucket("register", actor)]):
            password_hash = await self._hasher.hash(registration.password)
        async with self._uow(actor) as uow:
            invitation = await self._good(uow, token, path=("invitation_token",))
            if invitation.email != user.email:
                raise _not_good(("invitation_token",))
            await uow.users.add(user)
            await uow.passwords.add(user.id, password_hash, now=user.created_at)
            uow.note(SecurityEventKind.REGISTERED, user_id=user.id)
            await self._join(uow, invitation, user)
            return await uow.commit(user)

    async def send(self, actor: Actor, job: SendInvitation) -> None:
        """Mails an invitation, unless it has been accepted, revoked or sent again meanwhile."""
        async with self._uow(actor) as uow:
            try:
                invitation = await uow.invitations.get(actor, job.invitation_id)
            except NotFound:
                return
            workspace = await uow.workspaces.get(actor, invitation.workspace_id)
            inviter = await uow.users.by_id(invitation.created_by_id)
        if invitation.email is None or invitation.generation != job.generation or inviter is None:
            return
        token = self._secrets.of_invitation(invitation)
        letter = WorkspaceInvitation(
            inviter=inviter.name,
            workspace=workspace.name,
            role=invitation.role.value.lower(),
            expires_at=invitation.expires_at,
            url=self._link(token),
            token=token,
        )
        mail_id = actor.job.id if actor.job is not None else invitation.id
        await self._mailer.send(Mail(id=mail_id, to=invitation.email, letter=letter))

    async def _open(self, uow: WorkspaceUow, actor: Actor, invitation_id: str) -> Invitation:
        invitation = await uow.invitations.get(actor, invitation_id, for_update=True)
        require_rank(actor, invitation.workspace_id, invitation.role)
        if not invitation.is_open:
            raise Conflict("This invitation has already been accepted or revoked.", path=("id",))
        return invitation

    async def _good(self, uow: WorkspaceUow, token: str, *, path: tuple[str, ...]) -> Invitation:
        """The invitation of a secret, locked; void if its inviter has left or lost the rank to grant the role."""
        digest = FORMAT.presented_digest(token)
        invitation = await uow.invitations.by_digest(digest) if digest is not None else None
        if invitation is None or not invitation.is_good(uow.now):
            raise _not_good(path)
        inviter = await uow.members.of_user(invitation.workspace_id, invitation.created_by_id)
        if inviter is None or not may_give(inviter.role, invitation.role):
            raise _not_good(path)
        return invitation

    async def _make_room(self, uow: WorkspaceUow, actor: Actor, workspace: Workspace, email: str) -> None:
        if await uow.members.has_address(workspace.id, email):
            raise Conflict(
                "This user is already a member of the workspace.", path=("email",), code=ErrorCode.ALREADY_EXISTS
            )
        earlier = await uow.invitations.open_for(workspace.id, email)
        if earlier is not None:
            require_rank(actor, workspace.id, earlier.role)
            await self._revoke(uow, earlier)

    async def _admit(self, actor: Actor, invitation: Invitation) -> None:
        """Counts one invitation; raises TooOften, or Unavailable where no mail can be sent.

        No bucket tells what others have sent to the address.
        """
        if invitation.email is not None and not self._mailer.is_set:
            raise Unavailable(
                "This server cannot send mail. Omit {field} to create an invitation link instead.", path=("email",)
            )
        inviter, workspace = actor.signed_in_id, invitation.workspace_id
        buckets = [
            Bucket(f"invite-to:{workspace}", INVITATIONS_PER_WORKSPACE, DAY),
            Bucket(f"invite-by:{inviter}", INVITATIONS_PER_PERSON, HOUR),
        ]
        if invitation.email is not None:
            name = sha256(invitation.email.encode()).hexdigest()
            buckets.append(Bucket(f"invite:{inviter}:{name}", INVITATIONS_PER_ADDRESS, DAY))
        await self._throttle.take(buckets)

    def _send(self, uow: WorkspaceUow, invitation: Invitation) -> None:
        uow.note(
            SecurityEventKind.INVITED, user_id=None, subject_id=invitation.id, workspace_id=invitation.workspace_id
        )
        if invitation.email is not None:
            job = SendInvitation(invitation_id=invitation.id, generation=invitation.generation)
            uow.enqueue(job, workspace_id=invitation.workspace_id)

    async def _revoke(self, uow: WorkspaceUow, invitation: Invitation) -> Invitation:
        revoked = invitation.revoked(now=uow.now)
        await uow.invitations.save(invitation, revoked)
        uow.record(InvitationRevoked.between(invitation, revoked))
        kind = SecurityEventKind.INVITATION_REVOKED
        uow.note(kind, user_id=None, subject_id=invitation.id, workspace_id=invitation.workspace_id)
        return revoked

    async def _join(self, uow: WorkspaceUow, invitation: Invitation, user: User) -> Member:
        now = uow.now
        accepted = invitation.accepted(user.id, now=now)
        await uow.invitations.save(invitation, accepted)
        new_id = MemberId(self._ids.new_in(invitation.workspace_id, Member.prefix))
        member = Member.joining(invitation.workspace_id, user.id, invitation.role, id=new_id, now=now)
        await uow.members.add(member)
        uow.record(InvitationAccepted.between(invitation, accepted))
        uow.record(MemberAdded.between(None, member))
        for event in await uow.areas.let_in(member, invitation.area_ids, now=now):
            uow.record(event)
        kind = SecurityEventKind.INVITATION_ACCEPTED
        uow.note(kind, user_id=user.id, subject_id=invitation.id, workspace_id=invitation.workspace_id)
        return member

    def _issued(self, written: Written[Invitation]) -> Written[IssuedInvitation]:
        return written.of(IssuedInvitation(invitation=written.value, link=self._link_to(written.value)))

    def _link_to(self, invitation: Invitation) -> str | None:
        """The link; None for an invitation sent by email, so that the inviter cannot accept it."""
        return self._link(self._secrets.of_invitation(invitation)) if invitation.email is None else None

    def _link(self, secret: str) -> str:
        return f"{self._public_url}{INVITATION_PATH}?token={secret}"


def _not_good(path: tuple[str, ...]) -> NotFound:
    return NotFound(INVALID_INVITATION, path=path)
