"""Table of who may use each mutation and read each type, from which the permission tests are generated.

The tests fail for each mutation, and each field that leads from one object to others, that is missing here.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import insert

from domain.auth.model import ApiKey, Session
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.milestones.slice import MILESTONES
from domain.projects.model import Project, ProjectMember, State
from domain.shared.actor import Role
from domain.shared.batches import BatchRun, BatchState
from domain.transfers.model import ImportFormat, ImportRun, Upload
from domain.transfers.records import LossCode
from domain.workspaces.model import Invitation, Member, Workspace
from infra.accounts.tables import PasswordRow
from infra.audit.tables import SecurityEventRow
from infra.batches.repository import SqlBatchRunRepository
from infra.transfers.repository import SqlImportRunRepository, SqlUploadRepository
from infra.transfers.tables import ImportLossKindRow, ImportLossRow, ImportMappingRow
from tests.client import Client
from tests.factories.accounts import IDS, PASSWORD, PASSWORD_HASH, UserFactory
from tests.factories.auth import ApiKeyFactory, SecurityEventFactory, SessionFactory, store_keys
from tests.factories.batches import BatchRunFactory, BatchSkipFactory
from tests.factories.moments import MADE
from tests.factories.workspaces import InvitationFactory, MemberFactory, WorkspaceFactory
from tests.tracker.api.world import Place, World
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.events import log_events
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, ProjectMemberFactory, StateFactory
from tests.tracker.factories.storing import link

LETTERS = {"o": Role.OWNER, "a": Role.ADMIN, "m": Role.MEMBER, "g": Role.GUEST}
"""`oam-` allows all but guests."""

EVERYBODY = "oamg"


def roles(letters: str) -> list[Role]:
    return [LETTERS[letter] for letter in letters if letter != "-"]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The world of API tests with something for each mutation to be done to."""

    world: World
    child: Issue
    trashed: Issue
    guest_comment: Comment
    next_milestone: Milestone
    empty_project: Project
    archived_project: Project
    second_owner: Member
    spare: Workspace
    """An empty workspace with the same people in the same roles."""
    placeholder: Member
    """A guest who is in the empty project, as the other guest is."""
    other_place: ProjectMember
    owners_invitation: Invitation
    """Invitation to become another owner."""
    accepted_invitation: Invitation
    party: Workspace
    """A workspace of other people."""
    party_token: str
    """Accepts an invitation to it."""
    uploads: Mapping[Role, Upload]
    api_keys: Mapping[Role, ApiKey]
    foreign_api_key: ApiKey
    further_sessions: Mapping[Role, Session]
    """Second session of each user, by role."""
    foreign_session: Session
    run: ImportRun
    replaced_state: State
    """A state of the empty project that a batch run is replacing."""
    replaced_milestone: Milestone
    replaced_label: Label
    batch_run: BatchRun
    foreign_batch_run: BatchRun
    foreign_upload: Upload
    foreign_run: ImportRun
    role: Role = Role.OWNER
    """Role of the actor, for inputs that name an object of the actor's own."""

    @property
    def here(self) -> Place:
        return self.world.here

    def client(self, role: Role | None) -> Client:
        """A client with that role here and in the spare workspace, or of another workspace."""
        client = self.world.client(role)
        if role is None:
            return client
        here = {self.here.workspace.id: role, self.spare.id: role}
        projects = {
            self.here.workspace.id: frozenset({self.here.project.id, self.empty_project.id, self.archived_project.id}),
            self.spare.id: frozenset[str](),
        }
        is_guest = role is Role.GUEST
        return replace(client, actor=replace(client.actor, roles=here, areas=projects if is_guest else {}))


WITHIN: Mapping[str, Callable[[Scene], dict[str, Any]]] = {
    "move": lambda scene: {"projectId": scene.empty_project.id},
}
"""Optional field of an input with an input of its own -> the fields that this one requires."""

_STORED = (
    "child",
    "trashed",
    "guest_comment",
    "next_milestone",
    "empty_project",
    "archived_project",
    "replaced_state",
    "replaced_milestone",
    "replaced_label",
    "batch_run",
    "foreign_batch_run",
)


async def build_scene(world: World) -> Scene:
    here = world.here
    spare = WorkspaceFactory()
    second_owner = UserFactory()
    imported = UserFactory(is_placeholder=True, email=None)
    party, host, party_token = WorkspaceFactory(), UserFactory(), "wgi_" + "p" * 43
    by_owner = {"workspace": here.workspace, "created_by_id": here.people[Role.OWNER].id}
    next_milestone = MilestoneFactory(project=here.project)
    replaced_milestone = MilestoneFactory(project=here.project, deleting_since=MADE, replaced_by_id=next_milestone.id)
    placeholder = MemberFactory(workspace=here.workspace, user_id=imported.id, role=Role.GUEST)
    empty_project = ProjectFactory(workspace=here.workspace)
    target_state = StateFactory(project=empty_project, position=1)
    target_label = LabelFactory(workspace=here.workspace)
    archived_project = ProjectFactory(workspace=here.workspace, archived_at=MADE)
    scene = Scene(
        world=world,
        child=IssueFactory(project=here.project, state=here.todo, number=2, creator_id=here.issue.creator_id),
        trashed=IssueFactory(
            project=here.project, state=here.todo, number=3, creator_id=here.issue.creator_id, trashed_at=MADE
        ),
        guest_comment=CommentFactory(issue=here.issue, author_id=here.people[Role.GUEST].id),
        next_milestone=next_milestone,
        empty_project=empty_project,
        archived_project=archived_project,
        second_owner=MemberFactory(workspace=here.workspace, user_id=second_owner.id, role=Role.OWNER),
        spare=spare,
        placeholder=placeholder,
        other_place=ProjectMemberFactory(project=empty_project, member=placeholder),
        owners_invitation=InvitationFactory(**by_owner, role=Role.OWNER),
        accepted_invitation=InvitationFactory(
            **by_owner,
            accepted_at=MADE,
            accepted_by_id=here.people[Role.MEMBER].id,
            area_ids=(here.project.id,),
        ),
        party=party,
        party_token=party_token,
        api_keys={role: ApiKeyFactory(user_id=user.id) for role, user in here.people.items()},
        foreign_api_key=ApiKeyFactory(user_id=world.elsewhere.people[Role.MEMBER].id),
        further_sessions={role: SessionFactory(user_id=user.id) for role, user in here.people.items()},
        foreign_session=SessionFactory(user_id=world.elsewhere.people[Role.MEMBER].id),
        uploads={role: upload_of(user.id) for role, user in here.people.items()},
        run=run_of(here),
        replaced_state=StateFactory(
            project=empty_project, position=2, deleting_since=MADE, replaced_by_id=target_state.id
        ),
        replaced_milestone=replaced_milestone,
        replaced_label=LabelFactory(workspace=here.workspace, deleting_since=MADE, replaced_by_id=target_label.id),
        batch_run=BatchRunFactory(
            change_set=9,
            workspace=here.workspace,
            started_by_id=here.people[Role.OWNER].id,
            state=BatchState.RUNNING,
            subject_id=replaced_milestone.id,
            kind=MILESTONES.kind,
            finished_at=None,
        ),
        foreign_batch_run=BatchRunFactory(
            workspace=world.elsewhere.workspace, started_by_id=world.elsewhere.people[Role.OWNER].id
        ),
        foreign_upload=upload_of(world.elsewhere.people[Role.OWNER].id),
        foreign_run=run_of(world.elsewhere),
    )
    scene = replace(scene, child=replace(scene.child, parent_id=here.issue.id))
    await log_events(world.engine, here.issue, [{"title": ["Before", here.issue.title]}])
    await log_events(world.engine, here.comment, [{"body": ["Before", here.comment.body]}])
    await world.store(
        target_state,
        target_label,
        IssueFactory(
            project=here.project,
            state=here.todo,
            number=4,
            creator_id=here.issue.creator_id,
            milestone_id=replaced_milestone.id,
        ),
        spare,
        second_owner,
        imported,
        *(MemberFactory(workspace=spare, user_id=user.id, role=role) for role, user in here.people.items()),
        *(getattr(scene, name) for name in _STORED),
        *scene.further_sessions.values(),
        scene.foreign_session,
        SessionFactory(user_id=world.elsewhere.people[Role.OWNER].id),
        scene.second_owner,
        scene.placeholder,
        scene.owners_invitation,
        scene.accepted_invitation,
        party,
        host,
        MemberFactory(workspace=party, user_id=host.id, role=Role.OWNER),
        InvitationFactory(workspace=party, created_by_id=host.id, token=party_token),
        scene.other_place,
        *(
            ProjectMemberFactory(project=project, member=here.members[Role.GUEST])
            for project in (empty_project, archived_project)
        ),
    )
    await link(world.engine, here.issue, assignees=[here.people[Role.MEMBER]], labels=[here.label])
    await store_import(scene)
    async with world.engine.begin() as connection:
        skip = BatchSkipFactory(workspace_id=here.workspace.id)
        await SqlBatchRunRepository(connection).add_skips(scene.batch_run, [skip])
    await store_keys(world.engine, *scene.api_keys.values(), scene.foreign_api_key)
    await store_accounts(scene)
    return scene


def upload_of(owner_id: str) -> Upload:
    return Upload(id=IDS.new(Upload.prefix), owner_id=owner_id, name="all.jsonl", size=1, digest="00", created_at=MADE)


def run_of(place: Place) -> ImportRun:
    return ImportRun.begun(
        upload_of(place.people[Role.OWNER].id),
        id=IDS.new_in(place.workspace.id, ImportRun.prefix),
        workspace=place.workspace,
        format=ImportFormat.JIRA,
        project_key=None,
        project_id=None,
        site=None,
        job_id=IDS.new("job"),
        started_by_id=place.people[Role.OWNER].id,
        now=MADE,
    )


async def store_import(scene: Scene) -> None:
    """Files that have been handed in, and a run that has lost and mapped something."""
    of_run = {"workspace_id": scene.run.workspace_id, "run_id": scene.run.id, "count": 1}
    loss = {"field": "issue", "code": LossCode.CUT}
    async with scene.world.engine.begin() as connection:
        await SqlUploadRepository(connection).add_all([*scene.uploads.values(), scene.foreign_upload])
        await SqlImportRunRepository(connection).add_all([scene.run, scene.foreign_run])
        line = {"id": IDS.new("los"), "line": 1, "key": None, "reason": "Cut."}
        await connection.execute(insert(ImportLossRow), line | loss | of_run)
        kind = {"places": 1, "first_line": 1, "first_reason": "Cut."}
        await connection.execute(insert(ImportLossKindRow), kind | loss | of_run)
        mapping = {"id": IDS.new("map"), "kind": "label", "source": "Bug", "target": "bug"}
        await connection.execute(insert(ImportMappingRow), mapping | of_run)


async def store_accounts(scene: Scene) -> None:
    """A password for every caller, and an event in the security log of one."""
    callers = [*scene.here.people.values(), scene.world.elsewhere.people[Role.OWNER]]
    event = asdict(SecurityEventFactory(user_id=scene.here.people[Role.MEMBER].id))
    passwords = [{"user_id": user.id, "hash": PASSWORD_HASH, "changed_at": MADE} for user in callers]
    async with scene.world.engine.begin() as connection:
        await connection.execute(insert(SecurityEventRow), event)
        await connection.execute(insert(PasswordRow), passwords)


@dataclass(frozen=True, kw_only=True)
class Use:
    """Use of a mutation: the roles that may, and an input that succeeds for all of them."""

    mutation: str
    allowed: str
    input: Callable[[Scene], Mapping[str, Any]]
    case: str = ""
    is_open: bool = False
    """Whether the mutation needs no workspace, so that every signed-in user may use it."""
    is_logged: bool = True
    """Whether the mutation writes an event to the workspace's log."""

    def given(self, scene: Scene, role: Role | None) -> dict[str, Any]:
        """The input for a caller with that role."""
        return dict(self.input(replace(scene, role=role or Role.OWNER)))

    @property
    def name(self) -> str:
        return f"{self.mutation} {self.case}".strip()

    def refuses(self, role: Role | None) -> bool:
        return not self.is_open and role not in roles(self.allowed)


def use(mutation: str, allowed: str, input: Callable[[Scene], Mapping[str, Any]], **further: Any) -> Use:
    return Use(mutation=mutation, allowed=allowed, input=input, **further)


def member_of(scene: Scene, role: Role) -> str:
    return scene.here.members[role].id


USES = (
    use("apiKeyCreate", "oamg", lambda scene: {"name": "CI", "scopes": ["READ"]}, is_open=True, is_logged=False),
    use("apiKeyRevoke", "oamg", lambda scene: {"id": scene.api_keys[scene.role].id}, is_logged=False),
    use("batchRunCancel", "oa--", lambda scene: {"id": scene.batch_run.id}),
    use("changeSetUndo", "oa--", lambda scene: {"workspaceId": scene.here.workspace.id, "changeSet": 1}),
    use("commentCreate", "oamg", lambda scene: {"issueId": scene.here.issue.id, "body": "Hello"}),
    use(
        "commentBatchCreate",
        "oamg",
        lambda scene: {
            "workspaceId": scene.here.workspace.id,
            "comments": [{"issueId": scene.here.issue.id, "body": "Hello"}],
        },
    ),
    use("commentUpdate", "--m-", lambda scene: {"id": scene.here.comment.id, "body": "New"}, case="of a member"),
    use("commentUpdate", "---g", lambda scene: {"id": scene.guest_comment.id, "body": "New"}, case="of a guest"),
    use("commentDelete", "oam-", lambda scene: {"id": scene.here.comment.id}, case="of a member"),
    use("commentDelete", "oa-g", lambda scene: {"id": scene.guest_comment.id}, case="of a guest"),
    use(
        "importStart",
        "oa--",
        lambda scene: {
            "workspaceId": scene.here.workspace.id,
            "format": "JIRA",
            "fileId": scene.uploads[scene.role].id,
        },
        is_logged=False,
    ),
    use("invitationAccept", "oamg", lambda scene: {"token": scene.party_token}, is_open=True),
    use(
        "invitationCreate",
        "oa--",
        lambda scene: {
            "workspaceId": scene.here.workspace.id,
            "role": "GUEST",
            "projectIds": [scene.here.project.id],
        },
        case="of a guest",
    ),
    use(
        "invitationCreate",
        "oa--",
        lambda scene: {"workspaceId": scene.here.workspace.id, "role": "ADMIN"},
        case="of an admin",
    ),
    use(
        "invitationCreate",
        "o---",
        lambda scene: {"workspaceId": scene.here.workspace.id, "role": "OWNER"},
        case="of an owner",
    ),
    use("invitationResend", "oa--", lambda scene: {"id": scene.here.invitation.id}),
    use(
        "invitationResend",
        "o---",
        lambda scene: {"id": scene.owners_invitation.id},
        case="of an owner",
    ),
    use("invitationRevoke", "oa--", lambda scene: {"id": scene.here.invitation.id}),
    use("invitationRevoke", "o---", lambda scene: {"id": scene.owners_invitation.id}, case="of an owner"),
    use("issueCreate", "oam-", lambda scene: {"projectId": scene.here.project.id, "title": "New"}),
    use(
        "issueBatchCreate",
        "oam-",
        lambda scene: {"projectId": scene.here.project.id, "issues": [{"title": "New"}]},
    ),
    use("issueUpdate", "oam-", lambda scene: {"id": scene.here.issue.id, "title": "New"}),
    use(
        "issueUpdate",
        "oam-",
        lambda scene: {"id": scene.here.issue.id, "move": {"projectId": scene.empty_project.id}},
        case="with a move",
    ),
    use(
        "issueBatchUpdate",
        "oam-",
        lambda scene: {
            "workspaceId": scene.here.workspace.id,
            "select": {"ids": [scene.here.issue.id]},
            "change": {"title": "New"},
        },
    ),
    use("issueArchive", "oam-", lambda scene: {"id": scene.here.issue.id}),
    use("issueRestore", "oam-", lambda scene: {"id": scene.trashed.id}),
    use("issueDelete", "oam-", lambda scene: {"id": scene.here.issue.id}),
    use("issuePurge", "oa--", lambda scene: {"id": scene.trashed.id}),
    use("labelCreate", "oam-", lambda scene: {"workspaceId": scene.here.workspace.id, "name": "n", "color": "#5e6ad2"}),
    use(
        "labelBatchCreate",
        "oam-",
        lambda scene: {"workspaceId": scene.here.workspace.id, "labels": [{"name": "m", "color": "#5e6ad2"}]},
    ),
    use("labelUpdate", "oam-", lambda scene: {"id": scene.here.label.id, "name": "new"}),
    use("labelDelete", "oam-", lambda scene: {"id": scene.here.label.id}),
    use(
        "memberClaim",
        "oa--",
        lambda scene: {"placeholderId": scene.placeholder.id, "memberId": member_of(scene, Role.MEMBER)},
    ),
    use("memberUpdate", "oa--", lambda scene: {"id": member_of(scene, Role.GUEST), "role": "MEMBER"}),
    use("memberRemove", "oa-g", lambda scene: {"id": member_of(scene, Role.GUEST)}, case="of a guest"),
    use("memberRemove", "oam-", lambda scene: {"id": member_of(scene, Role.MEMBER)}, case="of a member"),
    use("memberRemove", "oa--", lambda scene: {"id": member_of(scene, Role.ADMIN)}, case="of an admin"),
    use("memberRemove", "o---", lambda scene: {"id": scene.second_owner.id}, case="of another owner"),
    use("milestoneCreate", "oam-", lambda scene: {"projectId": scene.here.project.id, "name": "New"}),
    use("milestoneUpdate", "oam-", lambda scene: {"id": scene.here.milestone.id, "name": "New"}),
    use(
        "milestoneDelete",
        "oam-",
        lambda scene: {"id": scene.here.milestone.id, "replaceWith": scene.next_milestone.id},
    ),
    use("projectCreate", "oam-", lambda scene: {"workspaceId": scene.here.workspace.id, "key": "NEW", "name": "New"}),
    use("projectUpdate", "oam-", lambda scene: {"id": scene.here.project.id, "name": "New"}),
    use("projectArchive", "oam-", lambda scene: {"id": scene.here.project.id}),
    use("projectRestore", "oam-", lambda scene: {"id": scene.archived_project.id}),
    use("projectDelete", "oa--", lambda scene: {"id": scene.empty_project.id}),
    use("projectDelete", "oa--", lambda scene: {"id": scene.here.project.id, "cascade": True}, case="with issues"),
    use(
        "projectMemberAdd",
        "oam-",
        lambda scene: {"projectId": scene.here.project.id, "memberId": scene.placeholder.id},
    ),
    use("projectMemberRemove", "oam-", lambda scene: {"id": scene.other_place.id}, case="of another"),
    use("projectMemberRemove", "oamg", lambda scene: {"id": scene.here.guest_place.id}, case="of a guest"),
    use(
        "stateCreate",
        "oam-",
        lambda scene: {
            "projectId": scene.here.project.id,
            "name": "Review",
            "category": "STARTED",
            "color": "#5e6ad2",
        },
    ),
    use(
        "sessionEnd",
        "oamg",
        lambda scene: {"id": scene.further_sessions[scene.role].id},
        is_logged=False,
    ),
    use("sessionsEndOthers", "oamg", lambda scene: {}, is_open=True, is_logged=False),
    use("viewerUpdate", "oamg", lambda scene: {"name": "Another Name"}, is_open=True, is_logged=False),
    use("stateUpdate", "oam-", lambda scene: {"id": scene.here.todo.id, "name": "New"}),
    use(
        "statesReorder",
        "oam-",
        lambda scene: {"projectId": scene.here.project.id, "stateIds": [scene.here.done.id, scene.here.todo.id]},
    ),
    use("stateDelete", "oam-", lambda scene: {"id": scene.here.todo.id, "replaceWith": scene.here.done.id}),
    use("workspaceCreate", "oamg", lambda scene: {"slug": "new", "name": "New"}, is_open=True),
    use("workspaceUpdate", "oa--", lambda scene: {"id": scene.here.workspace.id, "name": "New"}),
    use("workspaceDelete", "o---", lambda scene: {"id": scene.spare.id}),
    use(
        "workspaceTransfer",
        "o---",
        lambda scene: {"id": scene.here.workspace.id, "memberId": member_of(scene, Role.MEMBER)},
    ),
    use(
        "workspaceDelete",
        "o---",
        lambda scene: {
            "id": scene.here.workspace.id,
            "cascade": True,
            "confirmSlug": scene.here.workspace.slug,
            "currentPassword": PASSWORD,
        },
        case="with its contents",
    ),
)

SEEN_BY = {
    "BatchRun.progress": "oa--",
    "BatchRun.skipped": "oa--",
    "BatchRun.startedBy": "oa--",
    "Comment.author": EVERYBODY,
    "Comment.history": EVERYBODY,
    "Comment.issue": EVERYBODY,
    "ImportRun.lossKinds": "oam-",
    "ImportRun.losses": "oam-",
    "ImportRun.mappings": "oam-",
    "ImportRun.progress": "oam-",
    "ImportRun.startedBy": "oam-",
    "Invitation.acceptedBy": "oa--",
    "Invitation.createdBy": "oa--",
    "Invitation.projects": "oa--",
    "Invitation.workspace": "oa--",
    "Issue.assignees": EVERYBODY,
    "Issue.children": EVERYBODY,
    "Issue.comments": EVERYBODY,
    "Issue.creator": EVERYBODY,
    "Issue.history": EVERYBODY,
    "Issue.labels": EVERYBODY,
    "Issue.milestone": EVERYBODY,
    "Issue.parent": EVERYBODY,
    "Issue.project": EVERYBODY,
    "Issue.state": EVERYBODY,
    "Member.user": EVERYBODY,
    "Member.workspace": EVERYBODY,
    "Milestone.issues": EVERYBODY,
    "Milestone.project": EVERYBODY,
    "Label.replacedBy": EVERYBODY,
    "Milestone.replacedBy": EVERYBODY,
    "Project.issues": EVERYBODY,
    "Project.members": EVERYBODY,
    "Project.milestones": EVERYBODY,
    "Project.states": EVERYBODY,
    "Project.workspace": EVERYBODY,
    "ProjectMember.member": EVERYBODY,
    "ProjectMember.project": EVERYBODY,
    "State.project": EVERYBODY,
    "State.replacedBy": EVERYBODY,
    "User.apiKeys": "--m-",
    "User.securityEvents": "--m-",
    "User.sessions": "--m-",
    "Workspace.batchRuns": "oa--",
    "Workspace.changeSet": EVERYBODY,
    "Workspace.changes": EVERYBODY,
    "Workspace.imports": "oam-",
    "Workspace.invitations": "oa--",
    "Workspace.issue": EVERYBODY,
    "Workspace.issues": EVERYBODY,
    "Workspace.labels": EVERYBODY,
    "Workspace.members": EVERYBODY,
    "Workspace.project": EVERYBODY,
    "Workspace.projects": EVERYBODY,
    "Workspace.trash": EVERYBODY,
}
"""Fields that lead from an object to others -> who of the workspace gets something there."""

PARENTS: Mapping[str, Callable[[Scene], Any]] = {
    "BatchRun": lambda scene: scene.batch_run,
    "Comment": lambda scene: scene.here.comment,
    "ImportRun": lambda scene: scene.run,
    "Invitation": lambda scene: scene.accepted_invitation,
    "Issue": lambda scene: scene.here.issue,
    "Label": lambda scene: scene.replaced_label,
    "Member": lambda scene: scene.here.members[Role.MEMBER],
    "Milestone": lambda scene: scene.replaced_milestone,
    "Project": lambda scene: scene.here.project,
    "ProjectMember": lambda scene: scene.here.guest_place,
    "State": lambda scene: scene.replaced_state,
    "User": lambda scene: scene.here.people[Role.MEMBER],
    "Workspace": lambda scene: scene.here.workspace,
}
"""Type -> an object of the scene whose fields all lead somewhere."""

READ_BY = {"BatchRun": "oa--", "ImportRun": "oam-", "Invitation": "oa--"}
"""Type whose objects only some roles of the workspace may read -> these roles."""

ROOTS = {"node", "nodes", "rateLimit", "viewer", "workspace", "workspaces"}
"""Root fields of Query that the tests know; each has a test of its own."""
