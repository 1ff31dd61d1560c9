"""`python -m benchmarks.micro`: the executor alone, over data in memory, on operations that are known already."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeGuard, cast

from graphql import ExecutionResult, OperationDefinitionNode, parse
from strawberry.execution import optimized_is_awaitable

from benchmarks.failures import BenchmarkError
from benchmarks.micro_schema import BATCHES, LIST, PING, Context, schema
from strawberry_compiled import CompiledExecutor, CompiledOperation

SECONDS = 0.6
BLOCK_SECONDS = 0.01
MOST_PER_FIELD = 0.3  # microseconds
CASES = (
    ("`{ ping }`", PING),
    ("list of 50 issues, everything an attribute", LIST),
    ("the same, three relations as batch fields", BATCHES),
)
EXECUTORS = ("stock", "compiled")

_is_awaitable = cast("Callable[[Any], TypeGuard[Awaitable[Any]]]", optimized_is_awaitable)
Execute = Callable[[], Awaitable[ExecutionResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Microseconds per execution."""

    case: str
    executor: str
    fields: int
    least: float
    middle: float

    @property
    def per_field(self) -> float:
        return self.least / self.fields


def measured() -> list[Timing]:
    """Each case with each executor; raises BenchmarkError if they answer differently."""
    timings = []
    with asyncio.Runner() as runner:
        for case, text in CASES:
            answers = []
            for executor in EXECUTORS:
                execute = _executing(text, is_compiled=executor == "compiled")
                result = runner.run(_awaited(execute))
                answers.append((result.data, result.errors))
                least, middle = _timed(runner, execute)
                timings.append(
                    Timing(case=case, executor=executor, fields=fields_in(result.data), least=least, middle=middle)
                )
            if answers[0] != answers[1] or answers[0][1]:
                raise BenchmarkError(f"The executors answer {case} differently, or with errors.")
    return timings


def fields_in(data: Any) -> int:
    """Number of fields executed for the data."""
    if isinstance(data, dict):
        return len(data) + sum(map(fields_in, data.values()))
    return sum(map(fields_in, data)) if isinstance(data, list) else 0


def table(timings: Sequence[Timing]) -> list[str]:
    """Lines of Markdown."""
    lines = [
        "| operation | fields | stock µs | compiled µs | stock µs per field | compiled µs per field | times |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for stock, compiled in zip(timings[::2], timings[1::2], strict=True):
        lines.append(
            f"| {stock.case} | {stock.fields} | {stock.least:.1f} | {compiled.least:.1f} | {stock.per_field:.2f} | "
            f"{compiled.per_field:.2f} | {stock.least / compiled.least:.1f} |"
        )
    slowest = max(each.per_field for each in timings if each.executor == "compiled" and each.fields > 1)
    judgment = "reached" if slowest <= MOST_PER_FIELD else "**not reached**"
    lines += ["", f"The goal, at most {MOST_PER_FIELD} µs per field of a list, is {judgment}."]
    return [*lines, "These are the least of many runs; parsing, validation and JSON are not in them."]


def _executing(text: str, *, is_compiled: bool) -> Execute:
    """Function that executes the operation as `api/graphql/runner.py` executes a known one, without any I/O."""
    core_schema = schema._schema  # noqa: SLF001  Strawberry offers no other way
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    known: list[CompiledOperation] = []

    async def execute() -> ExecutionResult:
        executor = (CompiledExecutor if is_compiled else schema.execution_context_class).build(
            core_schema,
            document,
            context_value=Context(),
            raw_variable_values={},
            is_awaitable=_is_awaitable,
            operation_extensions=None,
        )
        assert not isinstance(executor, list)
        if isinstance(executor, CompiledExecutor):
            if not known:
                known.append(CompiledOperation(core_schema, operation, executor.fragments))
            executor.compiled = known[0]
        result = executor.execute_operation()
        return cast("ExecutionResult", await result if _is_awaitable(result) else result)

    return execute


async def _awaited(execute: Execute) -> ExecutionResult:
    return await execute()


def _timed(runner: asyncio.Runner, execute: Execute) -> tuple[float, float]:
    """The least and the middle of many blocks, in microseconds per execution; without the garbage collector."""

    async def block(count: int) -> float:
        started = time.perf_counter()
        for _ in range(count):
            await execute()
        return (time.perf_counter() - started) / count

    runner.run(block(3))
    count = max(1, round(BLOCK_SECONDS / runner.run(block(3))))
    gc.collect()
    gc.disable()
    try:
        until = time.perf_counter() + SECONDS
        blocks = []
        while time.perf_counter() < until:
            blocks.append(runner.run(block(count)) * 1e6)
    finally:
        gc.enable()
    return min(blocks), median(blocks)


if __name__ == "__main__":
    print("\n".join(table(measured())))
