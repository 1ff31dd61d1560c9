"""The composition root: opens the shared parts, and lets each slice provide its services (`infra/slices.py`)."""

import logging
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from redis.asyncio import Redis

from domain.app import App, Readers
from domain.auth.ports import ActorMemory
from domain.shared.clock import Clock
from domain.shared.mail import Mailer
from infra.accounts.hashing import PasslibPasswordHasher
from infra.auth.access_changes import tell_own_changes
from infra.auth.access_listener import AccessListener, open_listener
from infra.auth.actor_memory import NoMemory, RecentActors
from infra.auth.keys import derived_key
from infra.db.engine import Engines, engine_options, open_engines
from infra.db.read import ReadSession
from infra.db.recent_writers import RecentWriters
from infra.db.replica import Replica, open_replica
from infra.db.statement_trace import ContextStatementTrace
from infra.db.usage import RequestUsage
from infra.jobs.queue import ArqJobQueue
from infra.limits.budget import LocalBudget, RedisBudget
from infra.limits.throttle import LocalThrottle, RedisThrottle
from infra.limits.time_budget import RedisTimeBudget, TimeOptions
from infra.mail.letters import JinjaLetters
from infra.mail.mailbox import DiskMailbox, MailboxMailer
from infra.mail.smtp import SmtpMailer, SmtpServer, UnsetMailer
from infra.parts import Parts, SliceAdapters
from infra.settings import Settings
from infra.shared.clock import SystemClock
from infra.shared.health import ServerHealth
from infra.shared.ids import Uuid7IdFactory
from infra.shared.redis import redis_client
from infra.slices import PLATFORM, TRACKER
from infra.uow import Remember, SqlUowFactory

log = logging.getLogger(__name__)

SLICES = (*PLATFORM, *TRACKER)

# A hash takes 19 MiB and one core. On two cores, a second thread checks 25 % more passwords, but concurrent reads take
# four times as long (p99; 1.5 times with one thread).
HASHING_THREADS = 1


@asynccontextmanager
async def open_app(
    settings: Settings, slices: Sequence[SliceAdapters] = SLICES, *, remembers: bool = False
) -> AsyncIterator[App]:
    """The application of these slices, connected to its servers. Leaving the block closes everything.

    If it `remembers`, as processes that serve requests do, it remembers actors for WORKGRAPH_SESSION_MEMORY_SECONDS.
    """
    redis_url = settings.redis_url.get_secret_value()
    clock = SystemClock()
    ids = Uuid7IdFactory(clock)
    trace = ContextStatementTrace() if settings.is_development else None
    async with AsyncExitStack() as stack:
        engines = await stack.enter_async_context(
            open_engines(settings.database_url.get_secret_value(), engine_options(settings), trace)
        )
        # Before the first connection, because it hears the changes of each new connection.
        memory, listener = await stack.enter_async_context(_memory(settings, engines, remembers=remembers))
        await engines.require_guards()
        queue = ArqJobQueue(redis_url)
        stack.push_async_callback(queue.aclose)
        redis = redis_client(redis_url)
        stack.push_async_callback(redis.aclose)
        threads = stack.enter_context(ThreadPoolExecutor(HASHING_THREADS, thread_name_prefix="hash"))
        replica, remember = await stack.enter_async_context(_replica(settings, engines, redis, trace))
        reads = ReadSession(engines.read, replica)
        time_budget = RedisTimeBudget(redis, time_options(settings))
        stack.push_async_callback(time_budget.aclose)
        app = App(
            budget=RedisBudget(redis, LocalBudget(clock), clock),
            clock=clock,
            health=ServerHealth(engines.write, redis, replica, listener),
            read=Readers(),
            reads=reads.scope,
            statement_trace=trace,
            time_budget=time_budget,
            usage=RequestUsage,
        )
        parts = Parts(
            settings=settings,
            slices=[each.domain for each in slices],
            named=[named for each in slices for named in each.named],
            job_runs=[runs for each in slices for runs in each.job_runs],
            clock=clock,
            ids=ids,
            reads=reads,
            uow=SqlUowFactory(
                engines.write,
                clock,
                ids,
                queue.after_commit,
                make_way=reads.make_way,
                remember=remember,
                trace=trace,
                slices=tuple(slices),
            ),
            write_engine=engines.write,
            redis=redis,
            throttle=RedisThrottle(redis, LocalThrottle()),
            hasher=PasslibPasswordHasher(threads),
            mail=mailer(settings, clock),
            memory=memory,
            key_for=partial(derived_key, settings.secret_key.get_secret_value()),
            closing=stack,
        )
        for each in slices:
            each.provide(app, parts)
        yield app


def time_options(settings: Settings) -> TimeOptions:
    return TimeOptions(
        seconds=settings.database_budget_seconds,
        period=settings.database_budget_period_seconds,
        free=settings.database_budget_free_seconds,
    )


@asynccontextmanager
async def _replica(
    settings: Settings, engines: Engines, redis: Redis, trace: ContextStatementTrace | None
) -> AsyncIterator[tuple[Replica | None, Remember | None]]:
    """The replica, and what remembers the accounts that commit; nothing without WORKGRAPH_DATABASE_READ_URL."""
    url = settings.database_read_url.get_secret_value()
    if not url:
        yield None, None
        return
    writers = RecentWriters(redis)
    async with open_replica(url, engine_options(settings), engines.write, writers, trace) as replica:
        yield replica, writers.add


@asynccontextmanager
async def _memory(
    settings: Settings, engines: Engines, *, remembers: bool
) -> AsyncIterator[tuple[ActorMemory, AccessListener | None]]:
    """The memory of actors, and the listener that keeps it true; without a listener, nothing is remembered."""
    if not remembers or not settings.session_memory_seconds:
        yield NoMemory(), None
        return
    url = settings.listening_url
    if not url:
        log.info("Sessions are read for each request. To remember them, set WORKGRAPH_DATABASE_DIRECT_URL.")
        yield NoMemory(), None
        return
    memory = RecentActors(settings.session_memory_seconds)
    tell_own_changes(engines.write, memory.forget)
    async with open_listener(url, memory) as listener:
        yield memory, listener


def mailer(settings: Settings, clock: Clock) -> Mailer:
    letters = JinjaLetters(site=settings.issuer)
    if settings.smtp_url.get_secret_value():
        server = SmtpServer(settings.smtp_url.get_secret_value(), encryption=settings.smtp_encryption)
        return SmtpMailer(server, letters, clock, sender=settings.mail_from)
    return MailboxMailer(mailbox(settings), letters, clock) if settings.has_mailbox else UnsetMailer()


def mailbox(settings: Settings) -> DiskMailbox:
    return DiskMailbox(settings.data_dir / "mail")
