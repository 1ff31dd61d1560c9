"""Actors are remembered for a few seconds, while changes of access are heard, and never after one of them."""

from typing import Any

import pytest

from domain.accounts.model import SignedIn
from domain.auth.memberships import MembershipsOnDemand
from infra.auth.actor_memory import LONGEST_SILENCE, NoMemory, RecentActors
from tests.factories.accounts import UserFactory

ANN, BOB = (UserFactory(name=name) for name in ("Ann", "Bob"))


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def memory(time: Time) -> RecentActors:
    memory = RecentActors(5, most=3, monotonic=time)
    memory.hearing(since=time.now)
    return memory


def actor(user: Any = ANN, **values: Any) -> SignedIn:
    return SignedIn(account=user, user_id=user.id, **values)


def keep(memory: RecentActors, digest: str, user: Any = ANN) -> None:
    with memory.reading() as keep:
        keep(digest, actor(user))


def is_kept(memory: RecentActors, *digests: str) -> list[bool]:
    return [memory.recall(digest) is not None for digest in digests]


def test_an_actor_is_remembered_under_its_token_alone(memory: RecentActors):
    assert memory.recall("a") is None
    keep(memory, "a")
    found = memory.recall("a")
    assert found is not None
    assert (found.account, memory.recall("b")) == (ANN, None)


def test_an_actor_is_forgotten_five_seconds_after_its_reading_began(memory: RecentActors, time: Time):
    with memory.reading() as keep:
        time.now += 1.5
        keep("a", actor())
    memory.hearing(since=time.now)
    time.now += 2
    memory.hearing(since=time.now)
    time.now += 1.4
    assert is_kept(memory, "a") == [True]
    time.now += 0.2
    assert is_kept(memory, "a") == [False]
    assert len(memory) == 0


def test_the_oldest_actors_are_forgotten_first(memory: RecentActors):
    for digest in "abc":
        keep(memory, digest)
    keep(memory, "a")
    keep(memory, "d")
    assert is_kept(memory, *"abcd") == [True, False, True, True]
    assert len(memory) == 3


def test_outdated_actors_take_no_space(memory: RecentActors, time: Time):
    keep(memory, "a")
    keep(memory, "b", BOB)
    time.now += 6
    memory.hearing(since=time.now)
    keep(memory, "c")
    assert len(memory) == 1
    assert memory._digests == {ANN.id: {"c"}}


def test_all_actors_of_an_account_are_forgotten_and_no_others(memory: RecentActors):
    keep(memory, "a")
    keep(memory, "b", BOB)
    keep(memory, "c")
    memory.forget([ANN.id, "usr_unknown"])
    assert is_kept(memory, *"abc") == [False, True, False]
    keep(memory, "a")
    assert is_kept(memory, "a") == [True]


def test_an_actor_that_was_read_before_a_change_is_not_remembered_after_it(memory: RecentActors):
    with memory.reading() as keep_ann, memory.reading() as keep_bob:
        memory.forget([ANN.id])
        keep_ann("a", actor(ANN))
        keep_bob("b", actor(BOB))
        with memory.reading() as keep_later:
            keep_later("c", actor(ANN))
    assert is_kept(memory, *"abc") == [False, True, True]
    assert memory._readings == set()


def test_the_actor_of_an_invalid_token_is_discarded(memory: RecentActors):
    keep(memory, "a")
    keep(memory, "b")
    memory.discard("a")
    memory.discard("c")
    assert is_kept(memory, *"ab") == [False, True]


def test_a_failed_reading_leaves_nothing(memory: RecentActors):
    with pytest.raises(ValueError, match="no"), memory.reading():
        raise ValueError("no")
    assert memory._readings == set()


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "noticed by the time"])
def test_after_two_seconds_without_an_answer_everything_is_forgotten(memory: RecentActors, time: Time, is_told: bool):
    keep(memory, "a")
    time.now += LONGEST_SILENCE
    assert is_kept(memory, "a") == [True]
    if is_told:
        memory.deaf()
    else:
        time.now += 0.01
    assert is_kept(memory, "a") == [False]
    keep(memory, "b")
    assert is_kept(memory, "b") == [False]
    memory.hearing(since=time.now)
    assert is_kept(memory, *"ab") == [False, False]
    keep(memory, "b")
    assert is_kept(memory, "b") == [True]


def test_an_actor_is_not_remembered_if_nothing_was_heard_while_it_was_read(memory: RecentActors, time: Time):
    memory.deaf()
    with memory.reading() as keep:
        memory.hearing(since=time.now)
        keep("before", actor())
    with memory.reading() as keep:
        memory.deaf()
        memory.hearing(since=time.now)
        keep("between", actor())
    assert is_kept(memory, "before", "between") == [False, False]


def test_an_actor_whose_memberships_are_loaded_by_each_request_is_not_remembered(memory: RecentActors):
    on_demand = MembershipsOnDemand(user_id=ANN.id, read=None)  # type: ignore[arg-type]  # never asked
    with memory.reading() as keep:
        keep("a", actor(on_demand=on_demand))
    assert is_kept(memory, "a") == [False]


def test_no_memory_remembers_nothing():
    memory = NoMemory()
    with memory.reading() as keep:
        keep("a", actor())
    assert memory.recall("a") is None
