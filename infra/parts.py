"""Parts that slices add to the application, and parts that the composition root gives them."""

import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.accounts.ports import PasswordHasher
from domain.app import App
from domain.auth.ports import ActorMemory
from domain.shared.actor import Actor
from domain.shared.clock import Clock
from domain.shared.ids import IdFactory
from domain.shared.jobs import Job
from domain.shared.mail import Mailer
from domain.shared.slices import Slice, Unregistered
from domain.shared.throttle import Throttle
from infra.db.base import Base
from infra.db.first_use import Repositories
from infra.db.job_runs import JobRuns
from infra.db.named_rows import NamedRows
from infra.db.read import ReadSession
from infra.settings import Settings

if TYPE_CHECKING:
    from infra.uow import SqlUowFactory  # imports the repositories of all slices, so a circular import at run time

JobHandler = Callable[[App, Actor, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Connections and services that are opened once and shared by all slices."""

    settings: Settings
    slices: Sequence[Slice]
    """Slices of the application that is being opened."""
    named: Sequence[NamedRows]
    """Names that changes in histories refer to."""
    job_runs: Sequence[JobRuns]
    """Runs of jobs that change workspaces."""
    clock: Clock
    ids: IdFactory
    reads: ReadSession
    uow: "SqlUowFactory"
    write_engine: AsyncEngine
    redis: Redis
    throttle: Throttle
    hasher: PasswordHasher
    mail: Mailer
    memory: ActorMemory
    key_for: Callable[[str], bytes]
    """Derives a key for one purpose from the server's secret."""
    closing: AsyncExitStack
    """Exit stack of the application, for resources that a slice opens."""


def _nothing(app: App, parts: Parts) -> None:
    """`provide` of a slice without services."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SliceAdapters:
    """One slice of `infra`, the constant `SLICE` of `infra/<name>/slice.py`."""

    domain: Slice
    tables: Sequence[type[Base]] = ()
    named: Sequence[NamedRows] = ()
    """Names of the slice's objects that changes in histories refer to."""
    job_runs: Sequence[JobRuns] = ()
    """Tables with runs of the slice's jobs that change workspaces."""
    repositories: type[Repositories] = Repositories
    provide: Callable[[App, Parts], None] = _nothing
    """Sets the slice's attributes of `App`; those of earlier slices are set already."""
    jobs: Mapping[type[Job], JobHandler] = field(default_factory=dict)
    """Handlers of the slice's jobs, by job type."""

    def __post_init__(self) -> None:
        name = self.domain.name
        for attribute, missing in (
            *(("tables", each) for each in _classes(f"infra.{name}.tables", Base) if each not in self.tables),
            *(("jobs", each) for each in _classes(f"domain.{name}.jobs", Job) if each not in self.jobs),
        ):
            raise Unregistered(f"infra/{name}/slice.py: enter {missing.__name__} in `{attribute}`.")


def _classes(module: str, base: type) -> Iterator[type]:
    """Subclasses of `base` that an imported module defines."""
    for value in vars(sys.modules[module]).values() if module in sys.modules else ():
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module:
            yield value
