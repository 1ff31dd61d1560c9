from typing import Any

import pytest
from graphql import get_named_type

from api.schema import schema
from benchmarks.batch_cases import Case, Place, References, cases
from benchmarks.batches import Measured, table
from benchmarks.processes import CpuReading
from domain.shared.actor import Actor
from tests.root_fields import SCHEMA

REFERENCES = References(
    project_id="prj_1",
    states=["sta_1", "sta_2"],
    milestones=["mil_1", "mil_2"],
    labels=["lab_1", "lab_2", "lab_3", "lab_4"],
    people=["usr_1", "usr_2", "usr_3", "usr_4"],
)
PLACE = Place(
    dataset=None,  # type: ignore[arg-type]  # for the preparation only
    actor=Actor(),
    workspace_id="wsp_1",
    issue_ids=[f"iss_{number}" for number in range(100)],
    parents=["iss_a", "iss_b"],
    changed=REFERENCES,
    created=REFERENCES,
)
CASES = cases(PLACE)


def fields_of(mutation: str, *path: str) -> set[str]:
    """Own fields of the mutation's input, or of the input inside it."""
    assert SCHEMA.mutation_type is not None
    kind: Any = get_named_type(SCHEMA.mutation_type.fields[mutation].args["input"].type)
    for step in path:
        kind = get_named_type(kind.fields[step].type)
    return set(kind.fields)


async def errors_of(mutation: str, given: Any) -> list[str]:
    """Errors of the input's types, as validation finds them."""
    text = (
        f"mutation ($input: {mutation[0].upper()}{mutation[1:]}Input!) {{ {mutation}(input: $input) {{ revision }} }}"
    )
    result = await schema.execute(text, {"input": given}, context_value=None)
    return [error.message for error in result.errors or () if "Variable" in error.message]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_inputs_fit_the_schema_and_each_request_differs_from_the_one_before(case: Case) -> None:
    assert await errors_of(case.single, case.single_input(1)) == []
    assert await errors_of(case.batch, case.batch_input(1, 100)) == []
    first, second = case.single_input(1), case.single_input(2)
    assert {name for name in first if first[name] == second[name]} <= {"id", "projectId"}


def test_all_fields_are_all_fields() -> None:
    update, create = CASES[1], CASES[3]
    moves = {"move"}  # would leave the project that states and milestones are in
    assert update.batch_input(1, 1)["change"].keys() == fields_of("issueBatchUpdate", "change") - moves
    [draft] = create.batch_input(1, 1)["issues"]
    assert draft.keys() == fields_of("issueBatchCreate", "issues")


def test_a_row_is_compared_with_a_single_mutation() -> None:
    def measured(rows: int | None, seconds: float, server: float) -> Measured:
        used = CpuReading(server=server, postgres=server, machine=0, load=0)
        return Measured(case=CASES[0], rows=rows, seconds=[seconds] * 10, used=used)

    lines = list(table([measured(None, 0.01, 0.05), measured(100, 0.1, 1.0)]))
    assert lines[3] == "| update of one field | single | 10 | 10 | 5.00 | 5.00 | 1.00 |"
    assert lines[4] == "| update of one field | 100 | 100 | 100 | 1.00 | 1.00 | 0.20 |"
