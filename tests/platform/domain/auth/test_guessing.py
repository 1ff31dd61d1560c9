import pytest

from domain.auth.errors import InvalidGrant
from domain.shared.errors import PermissionDenied, Unavailable
from domain.shared.throttle import TooOften
from tests.factories.accounts import PASSWORD
from tests.identity import HERE, Identity

ANN = "ann@example.org"
ELSEWHERE = "198.51.100.7"


async def guesses(identity: Identity, email: str, source: str, number: int) -> int:
    """Number of guesses that reached the password check."""
    before = identity.hasher.verified
    for _ in range(number):
        with pytest.raises((InvalidGrant, TooOften)):
            await identity.sign_in(email, "wrong horse battery staple", source=source)
    return identity.hasher.verified - before


async def test_ten_guesses_a_minute_reach_the_hasher_and_the_owner_still_gets_in(identity: Identity) -> None:
    await identity.register(email=ANN)
    assert await guesses(identity, ANN, HERE, 1000) == 10
    with pytest.raises(TooOften):
        await identity.sign_in(ANN, source=HERE)
    await identity.sign_in(ANN, source=ELSEWHERE)
    identity.throttle_time.move(seconds=60)
    await identity.sign_in(ANN, source=HERE)


async def test_spelling_an_address_otherwise_gives_no_further_guesses(identity: Identity) -> None:
    await identity.register(email=ANN)
    spellings = (ANN, "ANN@example.org", " ann@example.org ", "Ann@Example.Org")
    assert sum([await guesses(identity, each, HERE, 5) for each in spellings]) == 10


async def test_unknown_accounts_are_counted_alike(identity: Identity) -> None:
    assert await guesses(identity, "nobody@example.org", HERE, 50) == 10


async def test_one_address_cannot_try_one_password_on_many_accounts(identity: Identity) -> None:
    assert sum([await guesses(identity, f"{number}@example.org", HERE, 1) for number in range(100)]) == 30


async def test_one_network_of_ipv6_is_one_place(identity: Identity) -> None:
    assert sum([await guesses(identity, ANN, f"2001:db8::{number:x}", 1) for number in range(1, 50)]) == 10


async def test_many_places_together_are_bounded_and_the_owner_still_gets_in(identity: Identity) -> None:
    await identity.register(email=ANN)
    await identity.sign_in(ANN, source=ELSEWHERE)
    places = [f"203.0.113.{number}" for number in range(30)]
    assert sum([await guesses(identity, ANN, place, 10) for place in places]) == 100
    with pytest.raises(TooOften):
        await identity.sign_in(ANN, source=HERE)
    await identity.sign_in(ANN, source=ELSEWHERE)


async def test_the_right_password_is_not_counted(identity: Identity) -> None:
    await identity.register(email=ANN)
    for _ in range(50):
        await identity.sign_in(ANN)
    assert await guesses(identity, ANN, HERE, 20) == 10


async def test_a_try_that_the_hasher_had_no_place_for_is_not_counted(identity: Identity) -> None:
    await identity.register(email=ANN)
    before = await identity.stored()
    identity.hasher.is_full = True
    for _ in range(150):
        with pytest.raises(Unavailable):
            await identity.sign_in(ANN)
    assert await identity.stored() == before
    identity.hasher.is_full = False
    assert await guesses(identity, ANN, HERE, 20) == 10


async def test_a_proof_that_the_hasher_had_no_place_for_is_not_counted(identity: Identity) -> None:
    await identity.register(email=ANN)
    actor = await identity.actor(ANN)
    identity.hasher.is_full = True
    for _ in range(20):
        with pytest.raises(Unavailable):
            await identity.activations.deactivate_own(actor, PASSWORD)
    identity.hasher.is_full = False
    for _ in range(5):
        with pytest.raises(PermissionDenied):
            await identity.activations.deactivate_own(actor, "wrong horse battery staple")
    with pytest.raises(TooOften):
        await identity.activations.deactivate_own(actor, PASSWORD)
