"""The fuzzer finds planted faults: of an executor within a few hundred cases, of rows within the everyday cases."""

from collections import Counter

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


async def cases_until_caught(
    executor_class: ExecutorClass | None, most: int, first_seed: int = FIRST_SEED
) -> int | None:
    for number in range(most):
        case = make_case(first_seed + number, mode_of(number))
        try:
            if await try_case(case, Counter(), executor_class=executor_class):
                return number + 1
        except UnexpectedFallback:
            return number + 1
    return None


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
async def test_what_is_broken_is_caught(broken: ExecutorClass):
    assert await cases_until_caught(broken, FEW)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
async def test_faults_of_rows_are_caught(plant: Plant, monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)
    assert await cases_until_caught(None, FEW_WITH_ROWS, first_seed=0)


async def test_stock_execution_does_not_differ_from_itself():
    class Same(StrawberryGraphQLCoreExecutionContext):
        pass

    assert await cases_until_caught(Same, 80) is None
