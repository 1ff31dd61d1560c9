from domain.projects.commands import ProjectMemberDraft
from domain.projects.events import ProjectMemberAdded, ProjectMemberRemoved
from domain.projects.model import ProjectMember, ProjectMemberId
from domain.projects.ports import ProjectMemberUow
from domain.projects.slice import PROJECT_SHARE
from domain.shared.actor import Actor, Role
from domain.shared.errors import Conflict, InvalidInput
from domain.shared.ids import IdFactory
from domain.shared.security import SecurityEventKind
from domain.shared.uow import OpenUow, Written


class ProjectMemberService:
    """Memberships of guests in projects. Other roles see every project and need none."""

    def __init__(self, uow: OpenUow[ProjectMemberUow], ids: IdFactory) -> None:
        self._uow = uow
        self._ids = ids

    async def add(self, actor: Actor, draft: ProjectMemberDraft) -> Written[ProjectMember]:
        async with self._uow(actor) as uow:
            project = await uow.projects.get(actor, draft.project_id, path=("project_id",))
            actor.require(PROJECT_SHARE, project.workspace_id)
            project.check_usable(("project_id",))
            # Locked, so that the role does not change meanwhile.
            member = await uow.members.get(actor, draft.member_id, path=("member_id",), for_update=True)
            if member.workspace_id != project.workspace_id:
                raise InvalidInput(
                    "The member belongs to another workspace. Use a member of the project's workspace.",
                    path=("member_id",),
                )
            if member.role != Role.GUEST:
                raise Conflict(
                    "Only guests can be added to a project. All other members have access to every project.",
                    path=("member_id",),
                )
            place = ProjectMember.joining(
                project,
                member,
                id=ProjectMemberId(self._ids.new_in(project.workspace_id, ProjectMember.prefix)),
                now=uow.now,
            )
            await uow.project_members.add(place)
            uow.record(ProjectMemberAdded.between(None, place))
            uow.note(
                SecurityEventKind.PROJECT_MEMBER_ADDED,
                user_id=member.user_id,
                subject_id=project.id,
                workspace_id=project.workspace_id,
            )
            return await uow.commit(place)

    async def remove(self, actor: Actor, project_member_id: str) -> Written[str]:
        """Removes a guest from a project, or lets guests leave; their content stays."""
        async with self._uow(actor) as uow:
            place = await uow.project_members.get(actor, project_member_id, for_update=True)
            member = await uow.members.get(actor, place.member_id)
            if member.user_id != actor.user_id:
                actor.require(PROJECT_SHARE, place.workspace_id)
            actor.require_scope(PROJECT_SHARE.scope)
            await uow.project_members.remove(place)
            uow.record(ProjectMemberRemoved.between(place, None))
            uow.note(
                SecurityEventKind.PROJECT_MEMBER_REMOVED,
                user_id=member.user_id,
                subject_id=place.project_id,
                workspace_id=place.workspace_id,
            )
            return await uow.commit(place.id)
