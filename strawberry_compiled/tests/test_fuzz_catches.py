"""The fuzzer finds planted faults: of an executor within a few hundred cases, of rows within the everyday cases."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from broken import BROKEN
from broken_rows import PLANTED, Plant
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry_compiled.testing.fuzz import mode_of
from strawberry_compiled.testing.fuzzing.cases import UnexpectedFallback, make_case, try_case
from strawberry_compiled.testing.fuzzing.running import ExecutorClass

FIRST_SEED = 7_000_000
FEW = 400
FEW_WITH_ROWS = 250
LATE = {
    "AddsAnError": 130,
    "DropsExtensions": 170,
    "ForgetsLocations": 85,
    "does_not_count_results": 65,
    "hides_what_was_not_found": 115,
    "mixes_up_keys": 165,
    "plans_for_one_field_of_a_load": 100,
}
"""Number of the case with which `make test` begins, for faults that no earlier one shows. `make verify` tries those."""


def beginnings(faults: Iterable[Callable[..., Any]]) -> list[Any]:
    """Parameters of a test: each fault with the case to begin with."""
    found = []
    for fault in faults:
        late = LATE.get(fault.__name__, 0)
        found.append(pytest.param(fault, late, id=fault.__name__))
        if late:
            found.append(pytest.param(fault, 0, id=f"{fault.__name__} from the first case", marks=pytest.mark.verify))
    return found


async def cases_until_caught(
    executor_class: ExecutorClass | None, most: int, first_seed: int = FIRST_SEED, begin: int = 0
) -> int | None:
    for number in range(begin, most):
        case = make_case(first_seed + number, mode_of(number))
        try:
            if await try_case(case, Counter(), executor_class=executor_class):
                return number + 1
        except UnexpectedFallback:
            return number + 1
    return None


@pytest.mark.parametrize(("broken", "begin"), beginnings(BROKEN))
async def test_what_is_broken_is_caught(broken: ExecutorClass, begin: int):
    assert await cases_until_caught(broken, FEW, begin=begin)


@pytest.mark.parametrize(("plant", "begin"), beginnings(PLANTED))
async def test_faults_of_rows_are_caught(plant: Plant, begin: int, monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)
    assert await cases_until_caught(None, FEW_WITH_ROWS, first_seed=0, begin=begin)


async def test_stock_execution_does_not_differ_from_itself():
    class Same(StrawberryGraphQLCoreExecutionContext):
        pass

    assert await cases_until_caught(Same, 40) is None
