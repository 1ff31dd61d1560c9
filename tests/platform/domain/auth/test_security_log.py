"""Every step around a sign-in is in the security log, with user and client, and without secrets."""

import pytest
from sqlalchemy import select

from domain.accounts.commands import Registration
from domain.auth.errors import InvalidGrant
from domain.shared.actor import Actor, ClientInfo
from domain.shared.errors import Conflict
from infra.audit.tables import SecurityEventRow
from tests.factories.accounts import PASSWORD
from tests.identity import Identity

ANN = "ann@example.org"
LAPTOP = ClientInfo(address="192.0.2.7", device="Firefox on a laptop")


async def logged(identity: Identity) -> list[SecurityEventRow]:
    async with identity.engine.connect() as connection:
        rows = await connection.execute(select(SecurityEventRow.__table__).order_by(SecurityEventRow.id))
        return list(rows)


async def test_signing_in_and_out_is_logged_with_place_and_session(identity: Identity):
    user = await identity.register(email=ANN)
    tokens = await identity.auth.sign_in(Actor(client=LAPTOP), ANN, PASSWORD, client_id="workgraph")
    session_id = (await identity.auth.authenticate(tokens.access_token)).session_id
    await identity.auth.revoke(Actor(client=LAPTOP), tokens.refresh_token)
    registered, signed_in, signed_out = await logged(identity)
    assert (registered.kind.name, registered.user_id, registered.address) == ("REGISTERED", user.id, None)
    for line, kind in ((signed_in, "SIGNED_IN"), (signed_out, "SIGNED_OUT")):
        assert (line.kind.name, line.user_id, line.subject_id) == (kind, user.id, session_id)
        assert (line.address, line.device) == ("192.0.2.7", "Firefox on a laptop")
        assert line.occurred_at == identity.clock.now()


async def test_a_refusal_is_logged_for_known_and_unknown_addresses(identity: Identity):
    user = await identity.register(email=ANN)
    for email in (ANN, "nobody@example.org"):
        with pytest.raises(InvalidGrant):
            await identity.sign_in(email, "wrong horse battery staple")
    _, known, unknown = await logged(identity)
    assert (known.kind.name, known.user_id) == ("SIGN_IN_REFUSED", user.id)
    assert (unknown.kind.name, unknown.user_id) == ("SIGN_IN_REFUSED", None)


async def test_a_replay_is_logged_as_one(identity: Identity):
    user = await identity.register(email=ANN)
    first = await identity.sign_in(ANN)
    second = await identity.refresh(first.refresh_token)
    await identity.refresh(second.refresh_token)
    with pytest.raises(InvalidGrant):
        await identity.refresh(first.refresh_token)
    last = (await logged(identity))[-1]
    assert (last.kind.name, last.user_id) == ("REFRESH_TOKEN_REUSED", user.id)


async def test_a_rolled_back_change_is_not_logged(identity: Identity):
    await identity.register(email=ANN)
    with pytest.raises(Conflict):
        await identity.accounts.create(Actor(), Registration(email=ANN, name="Another Ann", password=PASSWORD))
    assert [line.kind.name for line in await logged(identity)] == ["REGISTERED"]
