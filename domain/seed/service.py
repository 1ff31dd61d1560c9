import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from domain.accounts.commands import Registration
from domain.accounts.model import User, UserId
from domain.accounts.passwords import PasswordRules
from domain.accounts.ports import PasswordHasher
from domain.batches.events import BatchStarted
from domain.comments.events import CommentCreated
from domain.comments.model import Comment
from domain.issues.events import IssueCreated
from domain.issues.model import Issue
from domain.labels.events import LabelCreated
from domain.projects.events import ProjectCreated, ProjectMemberAdded, StateCreated
from domain.seed.commands import SeedOrder
from domain.seed.generator import PARENT_WINDOW, Generator
from domain.seed.model import PlannedIssue, SeedOutcome, SeedRun
from domain.seed.ports import SeedUow
from domain.seed.scene import NewScene, Scene
from domain.shared.actor import Actor
from domain.shared.errors import Conflict, NotFound, PermissionDenied
from domain.shared.events import Event, FieldChange
from domain.shared.ids import IdFactory
from domain.shared.jobs import Progress
from domain.shared.uow import OpenUow
from domain.workspaces.events import MemberAdded, WorkspaceCreated

BATCH = 500  # issues; the default size is one batch, so that it is there whole or not at all
BULK_SIZE = 20_000  # issues from which it is faster to build the indexes at the end


class SeedService:
    def __init__(self, uow: OpenUow[SeedUow], hasher: PasswordHasher, rules: PasswordRules, ids: IdFactory) -> None:
        self._uow = uow
        self._hasher = hasher
        self._rules = rules
        self._ids = ids

    async def seed(
        self,
        actor: Actor,
        order: SeedOrder,
        *,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        on_index: Callable[[int], None] = lambda left: None,
    ) -> SeedOutcome:
        """Makes a demo workspace, completes an interrupted one, or does nothing; only the server itself may.

        `on_index` gets the number of indexes that are still to be built at the end. Raises NotFound if the owner has
        no account and the order no password, and Conflict for an interrupted run of another size.
        """
        if not actor.is_system:
            raise PermissionDenied("Demo data can be created only with the command `workgraph seed`.")
        async with self._uow(actor) as uow:
            run = await uow.seed.unfinished(order.slug)
            if run is None and await uow.seed.has_workspace(None if order.is_first_only else order.slug):
                owner = await uow.users.by_email(order.owner_email)
                return SeedOutcome(is_new=False, has_owner=owner is not None)
            if run is None:
                work = await self._begin(uow, order)
            elif run.size == order.size:
                work = await self._resume(uow, order, run)
            elif order.is_first_only:
                return SeedOutcome(is_new=False)
            else:
                message = f"The demo data of this workspace is not complete. Repeat the command with size {run.size}."
                raise Conflict(message, path=("size",))
            written = await uow.commit(work.scene.workspace)
        actor = replace(actor, change_set=written.revision if run is None else run.change_set)
        done = await self._store_issues(actor, work, on_progress)
        if work.size > BATCH:
            await self._finish(actor, work.scene.workspace.id, on_index)
        people = len(work.scene.people) if run is None else 0
        return SeedOutcome(is_new=True, people=people, issues=done, comments=work.comments)

    async def _begin(self, uow: SeedUow, order: SeedOrder) -> "_Work":
        now = uow.now
        generator = Generator(order, now=now)
        owner = await self._owner(uow, order, name=generator.plan.people[0].name)
        new = NewScene(generator.plan, self._ids, slug=order.slug, owner=owner)
        await self._add_scene(uow, new)
        work = _Work(new.scene, generator.issues(), order.size)
        run = SeedRun(workspace_id=new.workspace.id, size=order.size, done=0, ends_at=now)
        workspace_id = run.workspace_id
        started = BatchStarted.of("SEED", run, "size", workspace_id=workspace_id, subject_id=workspace_id)
        if order.size > BATCH:
            is_bulk = order.size >= BULK_SIZE and await uow.seed.is_first_workspace()
            uow.start(run, started, partial(uow.seed.begin, is_bulk=is_bulk))
        else:
            uow.record(started)
            await self._add_issues(uow, work.next_batch(), work)
        return work

    async def _resume(self, uow: SeedUow, order: SeedOrder, run: SeedRun) -> "_Work":
        generator = Generator(order, now=run.ends_at)
        owner = await self._owner(uow, order, name=generator.plan.people[0].name)
        stored = await uow.seed.stored_scene(run.workspace_id)
        scene = Scene.of_stored(generator.plan, self._ids, stored, owner=owner)
        for place, project in enumerate(scene.projects):
            scene.remember_parents(place, await uow.seed.last_issues(project, PARENT_WINDOW))
        return _Work(scene, islice(generator.issues(), run.done, None), order.size, done=run.done)

    async def _store_issues(self, actor: Actor, work: "_Work", on_progress: Callable[[Progress], None]) -> int:
        """Stores what is left of the issues, in batches, and returns the number of all that this run has stored."""
        first = work.done
        if work.size <= BATCH:
            on_progress(Progress(done=work.size, total=work.size))
            return work.size
        batch = work.next_batch()
        while batch.issues:
            # The next batch is written while PostgreSQL stores this one.
            upcoming = asyncio.create_task(asyncio.to_thread(work.next_batch))
            try:
                async with self._uow(actor) as uow:
                    await self._add_issues(uow, batch, work)
                    await uow.seed.advance(work.scene.workspace.id, work.done)
                    await uow.commit(work.scene.workspace)
            finally:
                batch = await upcoming
            on_progress(Progress(done=work.done, total=work.size))
        return work.done - first

    async def _finish(self, actor: Actor, workspace_id: str, on_index: Callable[[int], None]) -> None:
        is_left: int | None = 1
        while is_left is not None:
            async with self._uow(actor) as uow:
                is_left = await uow.seed.build_next_index(workspace_id)
                await uow.commit(None)
            if is_left is not None:
                on_index(is_left)
        async with self._uow(actor) as uow:
            await uow.seed.finish(workspace_id)
            await uow.commit(None)

    async def _owner(self, uow: SeedUow, order: SeedOrder, *, name: str) -> User:
        owner = await uow.users.by_email(order.owner_email)
        if owner is not None:
            return owner
        if order.owner_password is None:
            raise NotFound(f"No account has the email address {order.owner_email}.", path=("owner_email",))
        registration = Registration(email=order.owner_email, name=name, password=order.owner_password)
        user_id = UserId(self._ids.new(User.prefix))
        owner = User.registered(registration, id=user_id, now=uow.now, rules=self._rules)
        password_hash = await self._hasher.hash(registration.password)
        await uow.users.add(owner)
        await uow.passwords.add(owner.id, password_hash, now=owner.created_at)
        return owner

    async def _add_scene(self, uow: SeedUow, new: NewScene) -> None:
        scene = new.scene
        await uow.workspaces.add(scene.workspace)
        uow.record(WorkspaceCreated.between(None, scene.workspace))
        for user in scene.people[1:]:
            await uow.users.add(user)
        for member in new.members:
            await uow.members.add(member)
            uow.record(MemberAdded.between(None, member))
        for label in filter(None, scene.labels):
            await uow.labels.add(label)
            uow.record(LabelCreated.between(None, label))
        for project, states in zip(scene.projects, scene.states, strict=True):
            await uow.projects.add(project)
            uow.record(ProjectCreated.between(None, project))
            for state in states:
                await uow.states.add(state)
                uow.record(StateCreated.between(None, state))
        for place in new.guest_places:
            await uow.project_members.add(place)
            uow.record(ProjectMemberAdded.between(None, place))

    async def _add_issues(self, uow: SeedUow, batch: "_Batch", work: "_Work") -> None:
        for event in batch.events:
            uow.record(event)
        await uow.seed.add_issues(batch.issues, assignees=batch.assignees, labels=batch.labels, comments=batch.comments)
        work.done += len(batch.issues)
        work.comments += len(batch.comments)


@dataclass(slots=True)
class _Batch:
    """Issues to store together, with what belongs to them."""

    issues: list[Issue] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    assignees: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class _Work:
    """The issues that are left to store, and how many of the run are stored."""

    scene: Scene
    planned: Iterator[PlannedIssue]
    size: int
    done: int = 0
    comments: int = 0

    def next_batch(self) -> _Batch:
        """The next issues, at most BATCH; none at the end."""
        batch, scene = _Batch(), self.scene
        for planned in islice(self.planned, BATCH):
            issue = scene.issue(planned)
            batch.issues.append(issue)
            assignees = batch.assignees[issue.id] = sorted(scene.people[place].id for place in planned.assignees)
            labels = batch.labels[issue.id] = scene.label_ids(planned)
            links = {"assignees": assignees, "labels": labels}
            changes = {name: FieldChange(before=[], after=after) for name, after in links.items() if after}
            batch.events.append(IssueCreated.between(None, issue, **changes))
            for comment in scene.comments(planned, issue):
                batch.comments.append(comment)
                batch.events.append(CommentCreated.between(None, comment))
        return batch
