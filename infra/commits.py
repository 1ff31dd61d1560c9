"""Commit of a Unit of Work: events, list sizes, jobs, security log and idempotency key, beside the rows."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import orjson
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.batches.events import BatchStarted
from domain.batches.jobs import RunBatch
from domain.shared.actor import Actor, Cause, IdempotencyKey
from domain.shared.batches import BatchKind, BatchRun, BatchRunId
from domain.shared.budget import user_key
from domain.shared.clock import Clock
from domain.shared.errors import Conflict, ErrorCode
from domain.shared.events import Event, FieldChange, plain
from domain.shared.ids import IdFactory
from domain.shared.jobs import Job, Progress
from domain.shared.many import BatchResult
from domain.shared.security import SecurityEvent, SecurityEventKind
from domain.shared.slices import Reaction
from domain.shared.uow import Outcome, P, Replayed, Written
from infra.audit.log import forget_texts, is_logged, log_of
from infra.audit.tables import EventRow, SecurityEventRow
from infra.batches.tables import BatchRunRow
from infra.commit_routine import NAME
from infra.db.list_sizes import ListSizes
from infra.db.visibility import in_workspace
from infra.db.write_connection import WriteConnection
from infra.jobs.outbox import advance_job, end_jobs, job_values
from infra.jobs.tables import IdempotencyRow, JobRow

T = TypeVar("T")
R = TypeVar("R")

# Built once, because building a statement takes as long as running it.
_ADD_JOBS = insert(JobRow)
_ADD_RUN = insert(BatchRunRow)
_NOTE = insert(SecurityEventRow)
_IS_MINE = (IdempotencyRow.user_id == bindparam("by")) & (IdempotencyRow.key == bindparam("with_key"))
_TAKE_KEY = upsert(IdempotencyRow).on_conflict_do_nothing().returning(IdempotencyRow.key)
_SPENT = select(
    IdempotencyRow.fingerprint, IdempotencyRow.subject_id, IdempotencyRow.revision, IdempotencyRow.outcome
).where(_IS_MINE)
_LAST_OF = select(func.max(EventRow.revision)).where(
    in_workspace(EventRow.workspace_id),
    EventRow.subject_id == bindparam("subject"),
    EventRow.type == bindparam("kind"),
    EventRow.occurred_at == bindparam("at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """Result of a commit: last revisions by workspace, and IDs of the jobs that are due."""

    revisions: Mapping[str, int] = field(default_factory=dict)
    job_ids: Sequence[str] = field(default_factory=tuple)


class SqlCommit:
    """The commit half of a Unit of Work: collects events, jobs and notes, and writes them last in the transaction."""

    reactions: ClassVar[Mapping[type[Event], Sequence[Reaction]]] = MappingProxyType({})
    """Jobs that follow from each event type, set by the Unit of Work of an application (`infra/uow.py`)."""

    def __init__(self, connection: WriteConnection, actor: Actor, clock: Clock, ids: IdFactory) -> None:
        self.connection = connection
        self.ids = ids
        self.sizes = ListSizes()
        self.committed: Committed | None = None
        self._actor = actor
        self._now: datetime | None = None
        self._clock = clock
        self._events: list[Event] = []
        self._jobs: list[dict[str, Any]] = []
        self._security_events: list[dict[str, Any]] = []
        self._started: list[tuple[str, Any, Callable[[Any], Awaitable[None]]]] = []
        self._checkpoint: tuple[Mapping[str, Any], Progress] | None = None

    @property
    def accounts(self) -> set[str]:
        """Accounts whose next reads must show this commit: the actor's, and those that sign in or up with it."""
        noted = {event["user_id"] for event in self._security_events}
        return {user_key(user_id) for user_id in (self._actor.user_id, *noted) if user_id is not None}

    @property
    def now(self) -> datetime:
        """The time of the transaction, fixed when it is first asked for.

        Services ask after they have locked their rows, so that of two changes of a row the later one has the later
        time, however long it waited for the lock.
        """
        if self._now is None:
            self._now = self._clock.now()
        return self._now

    def record(self, event: Event) -> None:
        self._events.append(event)
        # Imports and demo data cause no outward reactions, such as mails, for the changes that they record.
        is_quiet = self._actor.cause in (Cause.IMPORT, Cause.SEED)
        for reaction in self.reactions[type(event)]:
            if not (reaction.is_outward and is_quiet):
                self.enqueue(reaction.job(event), workspace_id=event.workspace_id)

    def note(
        self,
        kind: SecurityEventKind,
        *,
        user_id: str | None,
        subject_id: str | None = None,
        workspace_id: str | None = None,
    ) -> None:
        actor, client = self._actor, self._actor.client
        event = SecurityEvent(
            id=self.ids.new(SecurityEvent.prefix),
            kind=kind,
            user_id=user_id,
            actor_id=actor.user_id,
            credential_id=actor.grant.key_id if actor.grant else actor.session_id,
            subject_id=subject_id,
            workspace_id=workspace_id,
            address=client.address if client else None,
            device=client.device if client else None,
            occurred_at=self.now,
        )
        self._security_events.append(asdict(event))

    def enqueue(self, job: Job, *, run_at: datetime | None = None, workspace_id: str | None = None) -> str:
        now = self.now
        job_id = self.ids.new("job")
        self._jobs.append(job_values(job, id=job_id, run_at=run_at or now, workspace_id=workspace_id, now=now))
        return job_id

    def begin_batch(
        self, kind: BatchKind, *, workspace_id: str, subject_id: str, target_id: str | None = None
    ) -> BatchRunId:
        run = self._begun_run(kind, workspace_id, subject_id=subject_id, target_id=target_id)
        self.start(run, BatchStarted.between(None, run), self._add_batch_run)
        return run.id

    async def begin_selected_batch(
        self,
        kind: BatchKind,
        *,
        workspace_id: str,
        options: Mapping[str, Any],
        select: Callable[[BatchRun], Awaitable[int]],
        logged: Mapping[str, FieldChange],
    ) -> BatchRun:
        run = self._begun_run(kind, workspace_id, subject_id=workspace_id)
        # Before the commit, which locks the counter of the workspace: many rows take a while.
        await self.connection.execute(_ADD_RUN, {**asdict(run), "options": options})
        run = run.selected(await select(run))
        started = BatchStarted.between(None, run)
        self.start(run, replace(started, changes={**started.changes, **logged}), self._complete_batch_run)
        return run

    def start(self, run: R, event: Event, add: Callable[[R], Awaitable[None]]) -> None:
        self._started.append((event.workspace_id, run, add))
        self.record(event)

    async def end_jobs(self, workspace_id: str) -> None:
        await end_jobs(self.connection, workspace_id, now=self.now)

    async def forget_texts(self, workspace_id: str, ids: Collection[str]) -> None:
        await forget_texts(self.connection, workspace_id, ids)

    def checkpoint(self, state: Mapping[str, Any], *, progress: Progress) -> None:
        self._checkpoint = (state, progress)

    async def commit(self, value: T) -> Written[T]:
        now = self.now
        if self._jobs:
            await self.connection.execute(_ADD_JOBS, self._jobs)
        if self._security_events:
            await self.connection.execute(_NOTE, self._security_events)
        if self._actor.job is not None:
            await advance_job(self.connection, self._actor.job, self._checkpoint, now=now)
        events, sizes = self._log()
        revisions: Mapping[str, int] = {}
        if self._started:
            # The rows of runs have the revision, so they are written after the log and before the commit.
            revisions = await self._numbered(events, await self.connection.call(NAME, events, sizes, None))
            for workspace_id, run, add in self._started:
                stored = replace(run, change_set=revisions[workspace_id])
                await add(stored)
                value = stored if value is run else value
            events, sizes = {}, {}
        revision = next(iter(revisions.values())) if len(revisions) == 1 else None
        key = self._actor.idempotency
        spent = None if key is None else self._spent(key, value, revision)
        if events or sizes or spent:
            told = await self.connection.call(NAME, events, sizes, spent, commits=True)
            revisions = revisions or await self._numbered(events, told)
            revision = next(iter(revisions.values())) if len(revisions) == 1 else None
        else:
            await self.connection.commit()
        self.committed = Committed(
            revisions=revisions,
            job_ids=[job["id"] for job in self._jobs if job["run_at"] <= now],
        )
        return Written(value=value, revision=revision)

    async def preview(self, value: P) -> Written[P]:
        await self.connection.rollback()
        time = plain(self.now)
        planned = (
            replace(event, changes={name: each for name, each in event.changes.items() if is_logged(name, each, time)})
            for event in self._events
        )
        return Written(value=value.previewed(planned), revision=None)

    async def begin(self) -> None:
        """Takes the actor's idempotency key. Raises Replayed if an earlier request used it."""
        wanted = self._actor.idempotency
        if wanted is None:
            return
        row = {
            "user_id": self._actor.signed_in_id,
            "key": wanted.key,
            "fingerprint": wanted.fingerprint,
            # Not the time of the transaction, which is asked for after the rows are locked.
            "created_at": self._clock.now(),
        }
        # The INSERT waits for a concurrent transaction with the same key, so only one of two attempts runs.
        if (await self.connection.execute(_TAKE_KEY, row)).first() is not None:
            return
        mine = {"by": row["user_id"], "with_key": wanted.key}
        fingerprint, subject_id, revision, outcome = (await self.connection.execute(_SPENT, mine)).one()
        if fingerprint != wanted.fingerprint:
            raise Conflict(
                "This idempotency key was already used for another request. Use a new key.",
                path=("idempotency_key",),
                code=ErrorCode.IDEMPOTENCY_MISMATCH,
            )
        raise Replayed(subject_id, revision, outcome or {})

    def _log(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The events and the changes of list sizes by workspace, in the form that `workgraph_commit` stores."""
        by_workspace: dict[str, list[Event]] = {}
        for event in self._events:
            by_workspace.setdefault(event.workspace_id, []).append(event)
        logs = {place: log_of(events, actor=self._actor, now=self.now) for place, events in by_workspace.items()}
        return logs, {place: self.sizes.changes_in(place) for place in self.sizes.workspace_ids}

    async def _numbered(self, logs: Mapping[str, Any], told: Sequence[str]) -> Mapping[str, int]:
        """The last revision of each log, as the database has told it with its answer, or else as it is stored."""
        if told or not logs:
            return {place: last for each in told for place, last in sorted(orjson.loads(each).items())}
        # A pooler or a setting of the server keeps back such messages.
        is_open = self.connection.is_open
        found: dict[str, int] = {}
        for place, log in sorted(logs.items()):
            last = log["events"][-1]
            given = {"workspace_id": place, "subject": last["subject_id"], "kind": last["type"], "at": self.now}
            found[place] = await self.connection.scalar(_LAST_OF, given)
        if not is_open:
            await self.connection.rollback()
        return found

    def _begun_run(
        self, kind: BatchKind, workspace_id: str, *, subject_id: str, target_id: str | None = None
    ) -> BatchRun:
        """A new run with its job. The commit adds the job."""
        run_id = BatchRunId(self.ids.new_in(workspace_id, BatchRun.prefix))
        return BatchRun.begun(
            id=run_id,
            workspace_id=workspace_id,
            kind=kind,
            subject_id=subject_id,
            target_id=target_id,
            job_id=self.enqueue(RunBatch(run_id=run_id), workspace_id=workspace_id),
            started_by_id=self._actor.user_id,
            now=self.now,
        )

    async def _add_batch_run(self, run: BatchRun) -> None:
        await self.connection.execute(_ADD_RUN, asdict(run))

    async def _complete_batch_run(self, run: BatchRun) -> None:
        own = (BatchRunRow.workspace_id == run.workspace_id) & (BatchRunRow.id == run.id)
        known = {"total": run.total, "change_set": run.change_set}
        await self.connection.execute(update(BatchRunRow).where(own).values(known))

    def _spent(self, key: IdempotencyKey, value: object, revision: int | None) -> Mapping[str, Any]:
        """The outcome to store with the key. The database adds the revision if it is not known yet."""
        outcome: Mapping[str, Any] | None = asdict(value) if isinstance(value, Outcome) else None
        if isinstance(value, BatchResult):
            outcome = value.kept()
        return {
            "user_id": self._actor.signed_in_id,
            "key": key.key,
            "subject_id": value if isinstance(value, str) else getattr(value, "id", None),
            "outcome": outcome,
            "revision": revision,
        }
