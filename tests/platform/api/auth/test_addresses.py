"""The rule for addresses (tests/engine/domain/shared/test_addresses.py) at each place where one comes in."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from domain.accounts.mails import RegistrationLink
from tests.factories.accounts import PASSWORD
from tests.identity import Identity

WRONG = ("a@b", "a@[127.0.0.1]", "ａｎｎ@example.org", '"ann smith"@example.org', "ann\u202e@example.org")
ANN = "ann@exämple.org"
ENTRIES: dict[str, Callable[[httpx.AsyncClient, dict[str, str], str], Awaitable[httpx.Response]]] = {
    "register": lambda client, _, email: client.post("/auth/register", json={"email": email}),
    "register by form": lambda client, _, email: client.post("/auth/register/form", data={"email": email}),
    "change": lambda client, bearer, email: client.post(
        "/auth/email/change", json={"currentPassword": PASSWORD, "email": email}, headers=bearer
    ),
}


async def signed_in(client: httpx.AsyncClient, email: str) -> dict[str, str]:
    answer = await client.post("/auth/token", data={"grant_type": "password", "username": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return {"authorization": "Bearer " + answer.json()["access_token"]}


@pytest.mark.parametrize("entry", ENTRIES)
async def test_an_invalid_address_gets_no_mail(client: httpx.AsyncClient, identity: Identity, entry: str) -> None:
    await identity.register(email=ANN)
    bearer = await signed_in(client, ANN)
    for email in WRONG:
        refused = await ENTRIES[entry](client, bearer, email)
        assert (refused.status_code, "must be an email address" in refused.text) == (422, True), email
    assert await identity.deliver() == []


async def test_all_spellings_of_an_address_are_one_account(client: httpx.AsyncClient, identity: Identity) -> None:
    """Browsers send the domain of a form's address in its `xn--` form."""
    await client.post("/auth/register/form", data={"email": "Ann@xn--exmple-cua.org"})
    [mail] = await identity.deliver()
    assert isinstance(mail.letter, RegistrationLink)
    assert mail.to == ANN
    made = await client.post("/auth/verify", json={"token": mail.letter.token, "name": "Ann", "password": PASSWORD})
    assert made.json()["email"] == ANN
    for spelling in (ANN, "ann@xn--exmple-cua.org", " ANN@EXA\u0308MPLE.ORG "):
        assert await signed_in(client, spelling)
