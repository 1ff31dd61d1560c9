"""Values with behavior (waiting, failing, coming one by one), and a ledger of what they did."""

import asyncio
import inspect
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from graphql import GraphQLError

from strawberry_compiled.testing.fuzzing.shapes import MARK


class Ledger:
    """Record of the calls, loads and changes of one execution."""

    def __init__(self) -> None:
        self.calls: Counter[Any] = Counter()
        """Number of calls by function and arguments."""
        self.changes: list[Any] = []
        """Effects of mutations, in order."""
        self.loaded: set[tuple[str, Any, Any]] = set()
        """Entities loaded for the operation, or for its current event, with the projection for which they were."""
        self.loaded_again: list[tuple[str, Any]] = []
        self.overlaps = False
        """Whether an event began while abandoned work of an earlier event was still loading."""
        self.open_streams = 0
        self.has_faults = False
        """Whether functions that show entities may fail."""
        self.row_answers = 0
        """Number of batch functions and loads that answered with rows."""
        self.misuses: list[str] = []
        """Projections that are wrong, and parents that are rows where they must be objects."""
        self._coroutines: list[Coroutine[Any, Any, Any]] = []

    def made(self, coroutine: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
        self._coroutines.append(coroutine)
        return coroutine

    def load(self, name: str, key: Any, projection: Any = None) -> None:
        if (name, key, projection) in self.loaded:
            self.loaded_again.append((name, key))
        self.loaded.add((name, key, projection))

    def never_awaited(self) -> int:
        """Number of coroutines that were neither awaited nor closed; closes them."""
        untouched = [each for each in self._coroutines if inspect.getcoroutinestate(each) == inspect.CORO_CREATED]
        for coroutine in untouched:
            coroutine.close()
        return len(untouched)


async def turns(count: int) -> None:
    """Lets the event loop turn `count` times."""
    for _ in range(count):
        await asyncio.sleep(0)


class Fault(Enum):
    """Kinds of exceptions; each occurrence is a new exception."""

    VALUE = auto()
    KEY = auto()
    ATTRIBUTE = auto()
    EMPTY = auto()
    GRAPHQL = auto()
    STOP = auto()

    def exception(self, where: str) -> Exception:
        match self:
            case Fault.VALUE:
                return ValueError(f"{where} failed")
            case Fault.KEY:
                return KeyError(where)
            case Fault.ATTRIBUTE:
                return AttributeError(f"no {where}")
            case Fault.EMPTY:
                return RuntimeError()
            case Fault.GRAPHQL:
                return GraphQLError(f"{where} refused", extensions={"code": "REFUSED", "where": where})
            case Fault.STOP:
                return StopIteration(where)


class How(Enum):
    """Ways in which an answer arrives."""

    AT_ONCE = auto()
    COROUTINE = auto()
    FUTURE = auto()
    AWAITABLE = auto()


@dataclass(slots=True)
class Awaitable:
    """An object that can be awaited repeatedly."""

    value: Any
    fault: Fault | None
    ticks: int

    def __await__(self) -> Generator[Any, None, Any]:
        yield from turns(self.ticks).__await__()
        if self.fault is not None:
            raise self.fault.exception("awaitable")
        value: Any = given(self.value)
        return value


@dataclass(slots=True)
class Items:
    """A list that is created anew at each access, as a generator or an asynchronous generator."""

    items: Sequence[Any]
    ledger: Ledger
    is_async: bool
    ticks: int = 0
    fault: Fault | None = None

    def made(self) -> Any:
        return self._stream() if self.is_async else self._generator()

    def _generator(self) -> Iterator[Any]:
        yield from self.items
        if self.fault is not None:
            raise self.fault.exception("generator")

    async def _stream(self) -> AsyncIterator[Any]:
        self.ledger.open_streams += 1
        try:
            for item in self.items:
                await turns(self.ticks)
                yield item
            if self.fault is not None:
                raise self.fault.exception("stream")
        finally:
            self.ledger.open_streams -= 1


@dataclass(slots=True)
class Iterable:
    """A list of a custom class."""

    items: Items

    def __iter__(self) -> Iterator[Any]:
        made: Iterator[Any] = self.items.made()
        return made


@dataclass(slots=True)
class AsyncIterable:
    items: Items

    def __aiter__(self) -> AsyncIterator[Any]:
        made: AsyncIterator[Any] = self.items.made()
        return made


def given(value: Any) -> Any:
    return value.made() if isinstance(value, Items) else value


@dataclass(slots=True, kw_only=True)
class Answer:
    """Result of a function, one of `values` selected by the arguments, or an exception."""

    where: str
    values: Sequence[Any]
    fault: Fault | None = None
    how: How = How.AT_ONCE
    ticks: int = 0

    def value(self, arguments: str) -> Any:
        value = given(self.values[zlib.crc32(arguments.encode()) % len(self.values)])
        return f"{value} {arguments}" if arguments and type(value) is str else value

    def outcome(self, arguments: str) -> Any:
        if self.fault is not None:
            raise self.fault.exception(self.where)
        return self.value(arguments)

    def now(self, ledger: Ledger, arguments: str = "") -> Any:
        match self.how:
            case How.AT_ONCE:
                return self.outcome(arguments)
            case How.COROUTINE:
                return ledger.made(self.later(arguments))
            case How.FUTURE:
                return self._future(arguments)
            case How.AWAITABLE:
                return Awaitable(self.value(arguments), self.fault, self.ticks)

    async def later(self, arguments: str = "") -> Any:
        await turns(self.ticks)
        return self.outcome(arguments)

    def _future(self, arguments: str) -> Any:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        # Mark the exception as seen: after a failure elsewhere it may never be awaited.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())

        def settle() -> None:
            if future.done():
                return
            if self.fault is Fault.STOP or self.fault is not None:
                fault = Fault.VALUE if self.fault is Fault.STOP else self.fault
                future.set_exception(fault.exception(self.where))
            else:
                future.set_result(self.value(arguments))

        if self.ticks:
            loop.call_soon(settle)
        else:
            settle()
        return future


@dataclass(slots=True)
class Answers:
    """Results of the functions and properties of one object, by the Python name of their field."""

    ledger: Ledger
    identity: str
    by_field: dict[str, Answer] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    """Fields whose permission is refused."""
    made_as: tuple[str, str] = ("", "")
    """The object's type, and the type of the position for which it was made."""
    shown: Any = None
    """Object that functions of related fields show in place of this one."""


class Mark(str):
    """An object's identity, in objects and in their rows."""

    __slots__ = ("answers",)
    answers: Answers


def mark_of(answers: Answers) -> Mark:
    mark = Mark(answers.identity)
    mark.answers = answers
    return mark


def answers_of(thing: Any) -> Answers:
    """Answers of an object or a row; raises AttributeError for values of other kinds."""
    mark = getattr(thing, MARK, None)
    answers: Answers = mark.answers if type(mark) is Mark else thing.answers
    return answers


class Odd:
    """A value that fits no type, and fails when it is inspected."""

    @property
    def kind(self) -> str:
        raise LookupError("no kind")

    def __repr__(self) -> str:
        return "<Odd>"
