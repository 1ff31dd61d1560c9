import pytest

from domain.accounts.mails import AccountNotice
from domain.auth.errors import InvalidGrant, InvalidToken
from domain.shared.actor import Actor
from domain.shared.errors import NotFound, PermissionDenied
from tests.factories.accounts import PASSWORD
from tests.identity import Identity

ANN = "ann@example.org"


async def test_a_deactivated_account_is_like_none_until_an_operator_activates_it(identity: Identity) -> None:
    await identity.register(email=ANN)
    tokens = await identity.sign_in(ANN)
    actor = await identity.actor(ANN)
    with pytest.raises(PermissionDenied):
        await identity.activations.deactivate_own(actor, "a wrong guess at it")
    assert (await identity.auth.reload_actor(actor)).user_id == actor.user_id
    await identity.activations.deactivate_own(actor, PASSWORD)
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(tokens.access_token)
    refusals = []
    for password in (PASSWORD, "a wrong guess at it"):
        with pytest.raises(InvalidGrant) as refusal:
            await identity.sign_in(ANN, password)
        refusals.append(refusal.value.message)
    assert refusals[0] == refusals[1]
    (notice,) = await identity.deliver()
    assert isinstance(notice.letter, AccountNotice)
    await identity.passwords.forgot(Actor(), ANN)
    assert await identity.deliver() == []
    await identity.activations.reactivate(Actor.system(), ANN)
    await identity.sign_in(ANN)
    with pytest.raises(InvalidToken):
        await identity.auth.authenticate(tokens.access_token)
    log = await identity.log()
    assert [kind for kind in log if kind.startswith("ACCOUNT_")] == ["ACCOUNT_DEACTIVATED", "ACCOUNT_REACTIVATED"]


async def test_only_the_operator_acts_on_others(identity: Identity) -> None:
    await identity.register(email=ANN)
    actor = await identity.actor(ANN)
    for act in (identity.activations.deactivate, identity.activations.reactivate):
        with pytest.raises(PermissionDenied):
            await act(actor, ANN)
        with pytest.raises(NotFound):
            await act(Actor.system(), "nobody@example.org")
    await identity.sign_in(ANN)
