"""The differential fuzzer: `python -m strawberry_compiled.testing.fuzz --first-seed N --count M [--mode MODE]`."""

import argparse
import asyncio
import gc
import sys
import time
import traceback
import warnings
from collections import Counter
from dataclasses import replace
from importlib.metadata import version

from graphql import ExecutionResult, parse

from strawberry_compiled.testing.fuzzing.cases import Case, Difference, Mode, both, make_case, try_case
from strawberry_compiled.testing.fuzzing.comparison import difference
from strawberry_compiled.testing.fuzzing.operations import Operation
from strawberry_compiled.testing.fuzzing.running import Observed, without_collections
from strawberry_compiled.testing.fuzzing.schemas import generated_schema
from strawberry_compiled.testing.fuzzing.shrinking import shrunk

MODES = tuple(Mode)
BETWEEN_COLLECTIONS = 25  # cases
VALIDATED = 50
"""One of this many operations is validated, because validation takes longer than all other steps."""


def mode_of(seed: int) -> Mode:
    return MODES[seed % len(MODES)]


async def fuzz(
    first: int, count: int, mode: Mode | None = None, *, keeps_going: int = 0
) -> tuple[dict[Mode, Counter[str]], list[Difference]]:
    """Outcomes by mode, and the first differences; stops at more than `keeps_going`."""
    with warnings.catch_warnings():
        # `run` counts the warnings of each run. Later warnings could be of either executor.
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        # Collections are between two cases: inside the constructor of a named tuple, which has no `__import__`, the
        # filter cannot be applied, and a dropped coroutine would be reported as an error.
        with without_collections():
            outcomes_and_differences = await _fuzz(first, count, mode, keeps_going)
            gc.collect()
    return outcomes_and_differences


async def _fuzz(
    first: int, count: int, mode: Mode | None, keeps_going: int
) -> tuple[dict[Mode, Counter[str]], list[Difference]]:
    outcomes: dict[Mode, Counter[str]] = {each: Counter() for each in MODES}
    found: list[Difference] = []
    for seed in range(first, first + count):
        if seed % BETWEEN_COLLECTIONS == 0:
            gc.collect()
        chosen = mode or mode_of(seed)
        case = make_case(seed, chosen)
        try:
            differing = await try_case(case, outcomes[chosen], validates=seed % VALIDATED == 0)
        except Exception as error:
            error.add_note(f"seed {seed}, mode {chosen.value}: {case.runs[0][0].text}")
            raise
        if differing:
            outcomes[chosen]["different"] += 1
            found.append(differing)
            if len(found) > keeps_going:
                break
    return outcomes, found


async def smaller(found: Difference) -> Difference:
    """The same difference with the smallest failing operation."""

    async def observe(operation: Operation) -> tuple[Observed, Observed]:
        return await both(found.case, parse(operation.text), operation, found.world)

    async def fails(operation: Operation) -> bool:
        what = difference(*await observe(operation))
        return what is not None and what[:8] == found.what[:8]

    schema = generated_schema(found.case.schema_seed).core
    operation = await shrunk(schema, found.operation, fails)
    stock, compiled = await observe(operation)
    what = difference(stock, compiled) or found.what
    return replace(found, operation=operation, what=what, stock=stock, compiled=compiled)


def report(found: Difference) -> str:
    """All information needed to understand a difference."""
    lines = [
        f"seed {found.case.seed}, mode {found.case.mode.value}: {found.what}",
        *_case_lines(found.case),
        found.operation.text,
        f"variables {dict(found.operation.variables)}",
        f"chances {found.world.chances}",
    ]
    for name, observed in (("stock", found.stock), ("compiled", found.compiled)):
        lines += [f"{name}: {line}" for result in observed.results for line in _result_lines(result)]
        lines += [f"{name}: crash {observed.crash}"] if observed.crash else []
        lines.append(f"{name}: {observed.tasks_left} tasks left, {observed.never_awaited} coroutines never awaited")
    return "\n".join(lines)


def _case_lines(case: Case) -> list[str]:
    command = "python -m strawberry_compiled.testing.fuzz"
    return [
        f"again: {command} --first-seed {case.seed} --count 1 --mode {case.mode.value}",
        f"schema: {command} --print-schema {case.schema_seed}; executor {case.executor_class.__name__}",
    ]


def _result_lines(result: ExecutionResult) -> list[str]:
    errors = [
        f"  {error.message!r} at {error.path} from {[(each.line, each.column) for each in error.locations or ()]}"
        for error in result.errors or ()
    ]
    return [f"data {result.data}", *errors]


def versions() -> str:
    names = ("strawberry-graphql", "graphql-core")
    return ", ".join([f"Python {sys.version.split()[0]}", *(f"{name} {version(name)}" for name in names)])


async def main(arguments: argparse.Namespace) -> int:
    begun = time.perf_counter()
    mode = Mode(arguments.mode) if arguments.mode else None
    outcomes, found = await fuzz(arguments.first_seed, arguments.count, mode, keeps_going=arguments.keep_going)
    for each, counts in outcomes.items():
        if counts:
            _say(
                f"{each.value:14} {sum(counts.values()):7}  "
                + ", ".join(f"{n} {what}" for what, n in counts.most_common())
            )
    _say(
        f"{sum(map(Counter.total, outcomes.values()))} comparisons in {time.perf_counter() - begun:.0f} s; {versions()}"
    )
    for differing in found:
        _say("\n" + report(await smaller(differing) if not arguments.as_found else differing))
    return 1 if found else 0


def _say(line: object) -> None:
    sys.stdout.write(f"{line}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--mode", choices=[each.value for each in MODES])
    parser.add_argument("--keep-going", type=int, default=0, metavar="N", help="stop at the difference after N")
    parser.add_argument("--as-found", action="store_true", help="do not look for smaller cases")
    parser.add_argument("--print-schema", type=int, metavar="SEED")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    if given.print_schema is not None:
        _say(generated_schema(given.print_schema).strawberry)
        sys.exit(0)
    try:
        sys.exit(asyncio.run(main(given)))
    except Exception:  # noqa: BLE001  a case that crashes is reported with its notes
        traceback.print_exc()
        sys.exit(2)
