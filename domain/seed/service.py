from collections.abc import Callable, Sequence
from itertools import islice

from domain.accounts.commands import Registration
from domain.accounts.model import User, UserId
from domain.accounts.passwords import PasswordRules
from domain.accounts.ports import PasswordHasher
from domain.comments.events import CommentCreated
from domain.comments.model import Comment
from domain.issues.events import IssueCreated
from domain.issues.model import Issue
from domain.labels.events import LabelCreated
from domain.projects.events import ProjectCreated, ProjectMemberAdded, StateCreated
from domain.seed.commands import SeedOrder
from domain.seed.generator import Generator
from domain.seed.model import PlannedIssue, SeedOutcome
from domain.seed.ports import SeedUow
from domain.seed.scene import Scene
from domain.shared.actor import Actor
from domain.shared.clock import Clock
from domain.shared.errors import NotFound, PermissionDenied
from domain.shared.events import FieldChange
from domain.shared.ids import IdFactory
from domain.shared.jobs import Progress
from domain.shared.uow import OpenUow
from domain.workspaces.events import MemberAdded, WorkspaceCreated

BATCH = 500  # issues; the default size is one batch, so that it is there whole or not at all


class SeedService:
    def __init__(
        self, uow: OpenUow[SeedUow], hasher: PasswordHasher, rules: PasswordRules, clock: Clock, ids: IdFactory
    ) -> None:
        self._uow = uow
        self._hasher = hasher
        self._rules = rules
        self._clock = clock
        self._ids = ids

    async def seed(
        self, actor: Actor, order: SeedOrder, *, on_progress: Callable[[Progress], None] = lambda progress: None
    ) -> SeedOutcome:
        """Makes a demo workspace, or nothing if it exists; only the server itself may.

        Raises NotFound if the owner has no account and the order no password.
        """
        if not actor.is_system:
            raise PermissionDenied("Demo data can be created only with the command `workgraph seed`.")
        async with self._uow(actor) as uow:
            if await uow.seed.has_workspace(None if order.is_first_only else order.slug):
                owner = await uow.users.by_email(order.owner_email)
                return SeedOutcome(is_new=False, has_owner=owner is not None)
            generator = Generator(order, now=self._clock.now())
            issues = generator.issues()
            batch = list(islice(issues, BATCH))
            owner = await self._owner(uow, order, name=generator.plan.people[0].name)
            scene = Scene(generator.plan, self._ids, slug=order.slug, owner=owner)
            await self._add_scene(uow, scene)
            comments = await self._add_issues(uow, scene, batch)
            await uow.commit(scene.workspace)
        done = len(batch)
        on_progress(Progress(done=done, total=order.size))
        while batch := list(islice(issues, BATCH)):
            async with self._uow(actor) as uow:
                comments += await self._add_issues(uow, scene, batch)
                await uow.commit(scene.workspace)
            done += len(batch)
            on_progress(Progress(done=done, total=order.size))
        return SeedOutcome(is_new=True, people=len(scene.people), issues=done, comments=comments)

    async def _owner(self, uow: SeedUow, order: SeedOrder, *, name: str) -> User:
        owner = await uow.users.by_email(order.owner_email)
        if owner is not None:
            return owner
        if order.owner_password is None:
            raise NotFound(f"No account has the email address {order.owner_email}.", path=("owner_email",))
        registration = Registration(email=order.owner_email, name=name, password=order.owner_password)
        user_id = UserId(self._ids.new(User.prefix))
        owner = User.registered(registration, id=user_id, now=self._clock.now(), rules=self._rules)
        password_hash = await self._hasher.hash(registration.password)
        await uow.users.add(owner)
        await uow.passwords.add(owner.id, password_hash, now=owner.created_at)
        return owner

    async def _add_scene(self, uow: SeedUow, scene: Scene) -> None:
        await uow.workspaces.add(scene.workspace)
        uow.record(WorkspaceCreated.between(None, scene.workspace))
        for user in scene.people[1:]:
            await uow.users.add(user)
        for member in scene.members:
            await uow.members.add(member)
            uow.record(MemberAdded.between(None, member))
        for label in scene.labels:
            await uow.labels.add(label)
            uow.record(LabelCreated.between(None, label))
        for project, states in zip(scene.projects, scene.states, strict=True):
            await uow.projects.add(project)
            uow.record(ProjectCreated.between(None, project))
            for state in states:
                await uow.states.add(state)
                uow.record(StateCreated.between(None, state))
        for place in scene.guest_places:
            await uow.project_members.add(place)
            uow.record(ProjectMemberAdded.between(None, place))

    async def _add_issues(self, uow: SeedUow, scene: Scene, batch: Sequence[PlannedIssue]) -> int:
        """Stores a batch of issues and returns its number of comments."""
        issues: list[Issue] = []
        comments: list[Comment] = []
        assignees: dict[str, list[str]] = {}
        labels: dict[str, list[str]] = {}
        for planned in batch:
            issue = scene.issue(planned)
            issues.append(issue)
            assignees[issue.id] = sorted(scene.people[place].id for place in planned.assignees)
            labels[issue.id] = sorted(scene.labels[place].id for place in planned.labels)
            links = {"assignees": assignees[issue.id], "labels": labels[issue.id]}
            changes = {name: FieldChange(before=[], after=after) for name, after in links.items() if after}
            uow.record(IssueCreated.between(None, issue, **changes))
            for comment in scene.comments(planned, issue):
                comments.append(comment)
                uow.record(CommentCreated.between(None, comment))
        await uow.seed.add_issues(issues, assignees=assignees, labels=labels, comments=comments)
        return len(comments)
