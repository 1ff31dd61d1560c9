import gc
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import hypothesis
import pytest
import redis.asyncio

from api.main import OBJECTS_BETWEEN_LOOKS
from infra import bootstrap
from infra.accounts.hashing import MEMORY_COST, PasslibPasswordHasher
from infra.settings import PREFIX, Settings
from tests import execution_modes, partitions
from tests.examples import AT_LENGTH, EVERYDAY
from tests.messages import MessageWatch
from tests.patience import PATIENT_READS, PATIENT_SETTINGS
from tests.sample.fixtures import (
    empty_sample_tables,
    sample_app,
    sample_database_url,
    sample_engine,
    sample_worlds,
)
from tests.servers import create_database, drop_databases, refuse_foreign_hosts, running_servers, table_emptier

__all__ = ["empty_sample_tables", "sample_app", "sample_database_url", "sample_engine", "sample_worlds"]

# One suite, one answer: new examples are looked for by hand, with --hypothesis-seed.
# How long an example takes is the machine's affair.
for profile, most_examples in (("suite", EVERYDAY), ("verify", AT_LENGTH)):
    hypothesis.settings.register_profile(
        profile,
        max_examples=most_examples,
        derandomize=True,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
hypothesis.settings.load_profile("suite")

URLS = pytest.StashKey[dict[str, str]]()
EXECUTION = pytest.StashKey[str | None]()
PARTITIONED = pytest.StashKey[bool]()
OPEN = pytest.StashKey[ExitStack]()
EXTERNAL_REDIS_DATABASES = 15


def pytest_configure(config: pytest.Config) -> None:
    given = {name: os.environ.pop(name) for name in tuple(os.environ) if name.startswith(PREFIX)}
    config.stash[EXECUTION] = given.pop(execution_modes.VARIABLE, None)
    config.stash[PARTITIONED] = given.pop(partitions.VARIABLE, None) is not None
    if hasattr(config, "workerinput"):
        config.stash[EXECUTION] = config.workerinput["execution"]
        config.stash[PARTITIONED] = config.workerinput["partitioned"]
        config.stash[URLS] = config.workerinput["workgraph"]
    elif not config.option.collectonly:
        config.stash[OPEN] = ExitStack()
        config.stash[URLS] = config.stash[OPEN].enter_context(running_servers(given))
    if config.stash[EXECUTION] is not None:
        execution_modes.choose(config.stash[EXECUTION])
        config.pluginmanager.register(execution_modes.ExecutionReport())
    config.pluginmanager.register(MessageWatch())
    if URLS in config.stash:
        urls = config.stash[URLS]
        refuse_foreign_hosts(urls["database_url"], urls["redis_url"])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["workgraph"] = node.config.stash[URLS]
    node.workerinput["execution"] = node.config.stash[EXECUTION]
    node.workerinput["partitioned"] = node.config.stash[PARTITIONED]


def pytest_unconfigure(config: pytest.Config) -> None:
    if OPEN in config.stash:
        config.stash[OPEN].close()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """Keeps garbage collections away from what a session has imported and collected, which stays until its end.

    Afterwards they are as rare as in a process of the API.
    """
    # Half of the time of the collection is spent in them, because its million objects make them ever longer.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(OBJECTS_BETWEEN_LOOKS)


@pytest.fixture(scope="session", autouse=True)
def plain_interrupts() -> Iterator[None]:
    """An interrupt ends the run without the help of asyncio.

    Its own handler, which asyncio.Runner sets for each test and each fixture, costs 2 ms of a test: to read the handler
    back, Python writes the task's repr with the fixture in it, and drops that.
    """

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def patient_reads() -> Iterator[None]:
    """Reads with a filter that take the form of an idle machine on a busy one too."""
    with pytest.MonkeyPatch.context() as patch:
        for name, seconds in PATIENT_READS.items():
            patch.setattr(name, seconds)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Applications in this process hash passwords with a hundredth of the memory, in 1 ms instead of 20."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            bootstrap, "PasslibPasswordHasher", partial(PasslibPasswordHasher, memory_cost=MEMORY_COST // 100)
        )
        yield


@pytest.fixture
def small_heap() -> None:
    """Full garbage collections look only at what the test makes: at a whole session's objects they take seconds."""
    gc.freeze()


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> dict[str, str]:
    return pytestconfig.stash[URLS]


@pytest.fixture(scope="session")
def worker(pytestconfig: pytest.Config) -> int:
    """Number of this xdist worker; 0 without xdist."""
    name: str = getattr(pytestconfig, "workerinput", {}).get("workerid", "gw0")
    return int(name.removeprefix("gw"))


@pytest.fixture(scope="session")
async def database_url(servers: dict[str, str], worker: int, pytestconfig: pytest.Config) -> AsyncIterator[str]:
    """A database with all tables, for this worker alone."""
    run = servers["run"]
    name = f"{run}_{worker}"
    url = await create_database(servers["database_url"], run=run, name=name)
    if pytestconfig.stash[PARTITIONED]:
        async with partitions.checked(url):
            yield url
    else:
        yield url
    await drop_databases(servers["database_url"], run=name)


@pytest.fixture(scope="session")
async def redis_url(servers: dict[str, str], worker: int) -> str:
    """An empty numbered Redis database, for this worker alone."""
    url = f"{servers['redis_url'].partition('?')[0]}?db={1 + worker % EXTERNAL_REDIS_DATABASES}"
    client = redis.asyncio.from_url(url)
    keys = await client.dbsize()
    await client.aclose()
    if keys:
        pytest.exit(f"{url} holds {keys} keys, and the tests would delete them. Use another server.")
    return url


@pytest.fixture
async def database(database_url: str, empty_tables: Callable[[], Awaitable[None]]) -> AsyncIterator[str]:
    """The database's URL; all its tables are emptied after the test."""
    yield database_url
    await empty_tables()


@pytest.fixture(scope="session")
async def empty_tables(database_url: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    async with table_emptier(database_url) as empty:
        yield empty


@pytest.fixture
async def redis_database(redis_url: str) -> AsyncIterator[str]:
    """The Redis database's URL; it is emptied before the test, of what others left, and after it."""
    client = redis.asyncio.from_url(redis_url)
    await client.flushdb()
    yield redis_url
    await client.flushdb()
    await client.aclose()


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return Settings(
        _env_file=None,
        database_url=database_url,
        redis_url=redis_url,
        secret_key="Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv",
        data_dir=tmp_path / "data",
        **PATIENT_SETTINGS,
    )
