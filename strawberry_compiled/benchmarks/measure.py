"""The gain over stock Strawberry: `python benchmarks/measure.py` prints the tables of the README.

Both sides keep parsed and validated documents, run alternately in one process, and must give equal answers. The
figures are CPU time, the least of many runs, because other programs on the machine only ever add time.
"""

import argparse
import asyncio
import gc
import platform
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, TypeAlias

import rows
import strawberry
from schemas import RELATIONS, SHAPES, Query, context
from strawberry.extensions import ParserCache, ValidationCache

from strawberry_compiled import CompiledExecutor

SECONDS = 2.0
BLOCK = 3


Side: TypeAlias = tuple[strawberry.Schema, str]
"""A schema with an executor, and a query."""


def made(query: type, executor: Any) -> strawberry.Schema:
    return strawberry.Schema(query, extensions=[ParserCache, ValidationCache], execution_context_class=executor)


STOCK, COMPILED = made(Query, None), made(Query, CompiledExecutor)
SAME = {name: ((STOCK, query), (COMPILED, query)) for name, query in SHAPES.items()}
LOADED = {name: ((STOCK, query), (COMPILED, other)) for name, (query, other) in RELATIONS.items()}
STOCK_OBJECTS = made(rows.Query, None), rows.QUERY
ROWS = {
    "batch fields that answer with objects": (STOCK_OBJECTS, (made(rows.Query, rows.ObjectExecutor), rows.QUERY)),
    "batch fields that answer with rows": (STOCK_OBJECTS, (made(rows.Query, rows.RowExecutor), rows.QUERY)),
}


async def answer(schema: strawberry.Schema, query: str) -> Any:
    result = await schema.execute(query, context_value=context())
    assert result.errors is None, result.errors
    return result.data


async def block(schema: strawberry.Schema, query: str) -> float:
    """Microseconds of CPU of one execution, on average in a block of some."""
    begun = time.process_time()
    for _ in range(BLOCK):
        await schema.execute(query, context_value=context())
    return (time.process_time() - begun) / BLOCK * 1e6


async def compared(sides: tuple[Side, Side], seconds: float) -> tuple[float, float]:
    """Least microseconds of stock and of compiled execution, measured in alternating blocks."""
    assert await answer(*sides[0]) == await answer(*sides[1])
    least = [float("inf"), float("inf")]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        gc.collect()
        for number, side in enumerate(sides):
            least[number] = min(least[number], await block(*side))
    return least[0], least[1]


def count(data: Any) -> int:
    """The number of fields that were executed for the data."""
    if isinstance(data, dict):
        return len(data) + sum(map(count, data.values()))
    return sum(map(count, data)) if isinstance(data, list) else 0


async def table(title: str, compared_sides: Mapping[str, tuple[Side, Side]], seconds: float) -> None:
    say(f"| {title} | fields | stock µs | compiled µs | times faster |\n| --- | ---: | ---: | ---: | ---: |")
    for name, sides in compared_sides.items():
        stock, compiled = await compared(sides, seconds)
        fields = count(await answer(*sides[0]))
        say(f"| {name} | {fields:,} | {stock:,.0f} | {compiled:,.0f} | {stock / compiled:.1f} |")
    say("")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="seconds to measure each query")
    seconds = parser.parse_args().seconds
    await table("shape", SAME, seconds)
    await table("50 issues with 3 relations each", LOADED, seconds)
    await table("50 issues with 7 relations each, and 150 comments", ROWS, seconds)
    names = ("strawberry-graphql", "graphql-core")
    say(f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in names))


if __name__ == "__main__":
    asyncio.run(main())
