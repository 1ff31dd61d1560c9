from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import ClassVar

import pytest

from domain.shared.jobs import MOST_FAILURES, Job, UnreadableJob, decoded, kinds_of, retry_delay


@dataclass(frozen=True, slots=True, kw_only=True)
class Greet(Job):
    kind: ClassVar[str] = "sample.greet"

    names: tuple[str, ...]
    is_loud: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Salute(Job):
    kind: ClassVar[str] = "sample.greet"


KINDS = kinds_of([Greet])


def test_a_job_survives_being_stored() -> None:
    job = Greet(names=("Ada", "Bob"), is_loud=True)

    assert decoded(KINDS, job.kind, asdict(job) | {"names": ["Ada", "Bob"]}) == job


def test_a_field_that_an_older_version_did_not_store_has_its_default() -> None:
    assert decoded(KINDS, "sample.greet", {"names": []}) == Greet(names=())


@pytest.mark.parametrize(
    ("kind", "payload"),
    [("sample.other", {"names": []}), ("sample.greet", {}), ("sample.greet", {"names": [], "more": 1})],
)
def test_a_job_of_another_version_is_unreadable(kind: str, payload: dict[str, object]) -> None:
    with pytest.raises(UnreadableJob):
        decoded(KINDS, kind, payload)


def test_two_jobs_of_one_kind_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Salute and Greet are both of the kind 'sample\.greet'"):
        kinds_of([Greet, Salute])


def test_the_longest_wait_doubles_up_to_an_hour_and_ends() -> None:
    waits = [retry_delay(failures, random=1.0) for failures in range(1, MOST_FAILURES + 1)]

    assert waits == [*(timedelta(seconds=5 * 2**power) for power in range(9)), None]
    assert retry_delay(1, random=0.0) == timedelta()
    assert retry_delay(3, random=0.25) == timedelta(seconds=5)
