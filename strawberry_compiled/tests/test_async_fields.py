"""Fields with async functions: when they begin, where they run, and how they end; the same under both executors."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Annotated, Any

import pytest
import strawberry

from strawberry_compiled import CompiledExecutor, batched

EVERY = pytest.mark.parametrize("executor", [None, CompiledExecutor], ids=["stock", "compiled"])
language: ContextVar[str] = ContextVar("language", default="none")


class Gate:
    """Lets one field wait for another."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.entered = asyncio.Event()
        self.ended: list[str] = []

    async def wait(self) -> None:
        self.entered.set()
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.ended.append("canceled")
            raise


@strawberry.input
class Word:
    text: int

    def __post_init__(self) -> None:
        if self.text == 7:
            raise ValueError("seven")


@strawberry.type
class Child:
    @strawberry.field
    async def opens(self, info: strawberry.Info) -> str:
        info.context.opened.set()
        return "open"

    @strawberry.field
    async def spoken(self) -> str:
        return language.get()

    @strawberry.field
    async def child(self) -> "Child":
        await asyncio.sleep(0)
        return Child()


@strawberry.type
class Strict:
    @strawberry.field
    async def echo(self, word: Word) -> int:
        return word.text


@strawberry.type
class Mutation:
    @strawberry.field
    def strict(self) -> Strict:
        return Strict()

    @strawberry.field
    async def echo(self, info: strawberry.Info, word: Word) -> int | None:
        info.context.append("entered")
        await asyncio.sleep(0)
        info.context.append("left")
        return word.text

    @strawberry.field
    def count(self, info: strawberry.Info) -> int:
        info.context.append("counted")
        return len(info.context)


@strawberry.type
class Query:
    @strawberry.field
    def strict(self) -> Strict | None:
        return Strict()

    @strawberry.field
    async def child(self) -> Child:
        language.set("English")
        return Child()

    @strawberry.field
    async def other(self) -> Child:
        return Child()

    @strawberry.field
    async def gated(self, info: strawberry.Info) -> str:
        await info.context.wait()
        return "through"

    @strawberry.field
    async def required(self, info: strawberry.Info) -> str:
        await info.context.entered.wait()
        raise ValueError("missing")

    @strawberry.field
    async def canceled(self) -> str:
        raise asyncio.CancelledError

    @strawberry.field
    async def limited(self) -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.sleep(10)
        except TimeoutError:
            return "timed out"
        return "too late"

    @strawberry.field
    async def echo(self, word: Word) -> int | None:
        return word.text


async def executed(executor: Any, query: str, context: Any = None, **variables: Any) -> Any:
    schema = strawberry.Schema(Query, Mutation, execution_context_class=executor)
    async with asyncio.timeout(5):
        return await schema.execute(query, variables, context_value=context)


@EVERY
async def test_a_field_begins_when_its_own_parent_is_there(executor: Any) -> None:
    result = await executed(executor, "{ gated child { child { opens } } }", Gate())
    assert (result.data, result.errors) == ({"gated": "through", "child": {"child": {"opens": "open"}}}, None)


@EVERY
async def test_fields_see_context_variables_of_their_parents_and_not_of_others(executor: Any) -> None:
    result = await executed(executor, "{ child { spoken } other { spoken child { spoken } } }")
    assert result.data == {"child": {"spoken": "English"}, "other": {"spoken": "none", "child": {"spoken": "none"}}}


@EVERY
async def test_a_time_limit_of_a_field_ends_that_field_only(executor: Any) -> None:
    result = await executed(executor, "{ a: limited child { child { spoken } } b: limited }")
    assert result.data == {"a": "timed out", "child": {"child": {"spoken": "English"}}, "b": "timed out"}


@EVERY
async def test_an_error_that_leaves_no_data_does_not_wait_for_other_fields(executor: Any) -> None:
    gate = Gate()
    result = await executed(executor, "{ gated required }", gate)
    assert result.data is None
    assert [error.message for error in result.errors] == ["missing"]
    assert gate.ended == ["canceled"]


@EVERY
async def test_canceling_the_operation_cancels_its_fields(executor: Any) -> None:
    gate = Gate()
    operation = asyncio.create_task(executed(executor, "{ gated child { spoken } }", gate))
    await gate.entered.wait()
    operation.cancel()
    with pytest.raises(asyncio.CancelledError):
        await operation
    assert gate.ended == ["canceled"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


@EVERY
async def test_a_canceled_field_cancels_the_operation(executor: Any) -> None:
    with pytest.raises(asyncio.CancelledError):
        await executed(executor, "{ canceled child { spoken } }")
    assert asyncio.all_tasks() == {asyncio.current_task()}


@EVERY
async def test_an_argument_that_cannot_be_made_is_the_error_of_its_field(executor: Any) -> None:
    result = await executed(executor, "{ echo(word: {text: 7}) }")
    assert result.data == {"echo": None}
    assert [(error.message, error.path) for error in result.errors] == [("seven", ["echo"])]


@EVERY
async def test_an_argument_that_cannot_be_made_nulls_the_object_of_a_non_null_field(executor: Any) -> None:
    result = await executed(executor, "{ strict { echo(word: {text: 7}) } }")
    assert result.data == {"strict": None}
    assert [(error.message, error.path) for error in result.errors] == [("seven", ["strict", "echo"])]


@EVERY
async def test_an_argument_that_cannot_be_made_ends_a_mutation_without_data(executor: Any) -> None:
    counts: list[str] = []
    result = await executed(executor, "mutation { strict { echo(word: {text: 7}) } count }", counts)
    assert (result.data, counts) == (None, [])
    assert [error.message for error in result.errors] == ["seven"]


@EVERY
async def test_the_fields_of_a_mutation_run_one_after_the_other(executor: Any) -> None:
    calls: list[str] = []
    result = await executed(executor, "mutation { a: echo(word: {text: 1}) b: echo(word: {text: 2}) count }", calls)
    assert (result.data, result.errors) == ({"a": 1, "b": 2, "count": 5}, None)
    assert calls == ["entered", "left", "entered", "left", "counted"]


@EVERY
async def test_an_argument_that_cannot_be_made_is_the_error_of_a_mutation(executor: Any) -> None:
    calls: list[str] = []
    result = await executed(executor, "mutation { echo(word: {text: 7}) }", calls)
    assert (result.data, calls) == ({"echo": None}, [])
    assert [(error.message, error.path) for error in result.errors] == [("seven", ["echo"])]


async def test_generated_code_calls_the_only_field_of_a_mutation(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("graphql-core executes the field")

    monkeypatch.setattr(CompiledExecutor, "execute_field", refuse)
    calls: list[str] = []
    result = await executed(CompiledExecutor, "mutation { echo(word: {text: 1}) }", calls)
    assert (result.data, result.errors, calls) == ({"echo": 1}, None, ["entered", "left"])


async def test_the_only_function_runs_in_the_task_of_the_request() -> None:
    """A single function creates no task, as under graphql-core; functions beside each other do."""
    loop = asyncio.get_running_loop()
    created: list[asyncio.Task[Any]] = []

    def counting(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        created.append(asyncio.Task(coroutine, loop=loop, **options))
        return created[-1]

    schema = strawberry.Schema(Query, execution_context_class=CompiledExecutor)
    loop.set_task_factory(counting)
    try:
        alone = await schema.execute("{ limited }")
        count = len(created)
        beside = await schema.execute("{ limited again: limited }")
    finally:
        loop.set_task_factory(None)
    assert (alone.data, count) == ({"limited": "timed out"}, 0)
    assert (beside.data, len(created)) == ({"limited": "timed out", "again": "timed out"}, 2)


class OneByOne(CompiledExecutor):
    awaits_one_by_one = True


@strawberry.type
class Counted:
    @strawberry.field
    def revision(self, info: strawberry.Info) -> int:
        async def read() -> int:
            info.context["begun"].append("revision")
            return 1

        return asyncio.ensure_future(read())  # type: ignore[return-value]  # awaited by the executor

    @batched(graphql_type=int, description="Number of items.")
    async def items(counted: Sequence["Counted"], info: strawberry.Info) -> Sequence[int]:
        info.context["begun"].append("items")
        return [len(counted)] * len(counted)

    @batched(graphql_type=Annotated["Counted", strawberry.lazy(__name__)], description="An object inside.")
    async def inner(counted: Sequence["Counted"], info: strawberry.Info) -> Sequence["Counted"]:
        return [Counted() for _ in counted]


@strawberry.type
class CountedQuery:
    @strawberry.field
    async def later(self) -> Counted:
        return Counted()

    @strawberry.field
    def now(self) -> Counted:
        return Counted()


@pytest.mark.parametrize("executor", [None, CompiledExecutor, OneByOne], ids=["stock", "compiled", "one by one"])
@pytest.mark.parametrize("fields", ["{ revision items }", "{ items revision }", "{ inner { items revision } }"])
@pytest.mark.parametrize("root", ["now", "later"])
async def test_tasks_of_functions_begin_before_batch_fields_of_the_same_object(
    executor: Any, root: str, fields: str
) -> None:
    schema = strawberry.Schema(CountedQuery, execution_context_class=executor)
    context: dict[str, list[str]] = {"begun": []}
    result = await schema.execute(f"{{ {root} {fields} }}", context_value=context)
    assert not result.errors
    assert context["begun"] == ["revision", "items"]
