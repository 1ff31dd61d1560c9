import logging

import httpx
import pytest

from api.accounts.routes import PAGES
from domain.accounts.mailed_links import INVALID_LINK
from domain.accounts.mails import EmailChangeLink, PasswordResetLink, RegistrationLink
from domain.workspaces.commands import WorkspaceDraft
from tests.factories.accounts import PASSWORD
from tests.identity import ISSUER, Identity
from tests.secrecy import kept_records, leaks

ANN = {"email": "ann@example.org", "name": "Ann", "password": PASSWORD}
NEW = "an entirely other thing to type"


async def bearer(client: httpx.AsyncClient, password: str = PASSWORD) -> dict[str, str]:
    form = {"grant_type": "password", "username": ANN["email"], "password": password}
    return {"authorization": "Bearer " + (await client.post("/auth/token", data=form)).json()["access_token"]}


@pytest.mark.parametrize("path", ["/auth/register", "/auth/password/forgot"])
async def test_known_and_unknown_addresses_have_one_answer(
    client: httpx.AsyncClient, identity: Identity, path: str
) -> None:
    await identity.register(**ANN)
    answers = [await client.post(path, json={"email": email}) for email in (ANN["email"], "nobody@example.org")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"")}
    assert answers[0].headers == answers[1].headers


async def registration_token(client: httpx.AsyncClient, identity: Identity) -> str:
    assert (await client.post("/auth/register", json={"email": ANN["email"]})).status_code == 202
    (mail,) = await identity.deliver()
    assert isinstance(mail.letter, RegistrationLink)
    return mail.letter.token


@pytest.mark.parametrize("extra", [{"password": PASSWORD}, {"name": "Eve"}, {"timeZone": "Asia/Tokyo"}])
async def test_registering_another_users_address_leaves_no_data_in_the_account(
    client: httpx.AsyncClient, identity: Identity, extra: dict[str, str]
) -> None:
    before = await identity.stored()
    refused = await client.post("/auth/register", json={"email": ANN["email"], **extra})
    assert (refused.status_code, "/auth/verify" in refused.text) == (422, True)
    assert await identity.stored() == before
    token = await registration_token(client, identity)
    made = await client.post("/auth/verify", json={"token": token, "name": "Ann", "password": NEW})
    assert (made.status_code, made.json()["name"], made.json()["timeZone"]) == (201, "Ann", "UTC")
    form = {"grant_type": "password", "username": ANN["email"], "password": PASSWORD}
    assert (await client.post("/auth/token", data=form)).status_code == 400
    assert (await client.get("/auth/me", headers=await bearer(client, NEW))).status_code == 200


async def test_signing_up_by_pages_alone(client: httpx.AsyncClient, identity: Identity) -> None:
    assert 'action="/auth/register/form"' in (await client.get("/auth/register")).text
    nothing = await client.post("/auth/register/form", data={"email": "ann"})
    assert (nothing.status_code, await identity.deliver()) == (422, [])
    asked = await client.post("/auth/register/form", data={"email": ANN["email"]})
    assert (asked.status_code, "We have sent you a mail." in asked.text) == (200, True)
    (mail,) = await identity.deliver()
    assert isinstance(mail.letter, RegistrationLink)
    token = mail.letter.token
    page = await client.get("/auth/verify", params={"token": token})
    assert f'value="{token}"' in page.text
    assert 'name="password"' in page.text
    refused = await client.post("/auth/verify/form", data={"token": token, "name": "Ann <3", "password": "short"})
    assert (refused.status_code, "at least 15 characters" in refused.text) == (422, True)
    assert 'value="Ann &lt;3"' in refused.text
    done = await client.post("/auth/verify/form", data={"token": token, "name": "Ann <3", "password": NEW})
    assert (done.status_code, "Your account is ready" in done.text) == (200, True)
    assert '<a href="/graphiql">' in done.text
    again = await client.post("/auth/verify/form", data={"token": token, "name": "Eve", "password": PASSWORD})
    assert (again.status_code, INVALID_LINK in again.text) == (422, True)
    me = await client.get("/auth/me", headers=await bearer(client, NEW))
    assert me.json()["name"] == "Ann <3"


async def test_a_forgotten_password_from_the_form_to_the_sign_in(client: httpx.AsyncClient, identity: Identity) -> None:
    await identity.register(**ANN)
    page = await client.get("/auth/password/forgot")
    assert 'action="/auth/password/forgot/form"' in page.text
    assert (await client.post("/auth/password/forgot/form", data={"email": ANN["email"]})).status_code == 200
    (mail,) = await identity.deliver()
    assert isinstance(mail.letter, PasswordResetLink)
    token, link = mail.letter.token, mail.letter.url.removeprefix(ISSUER)
    for _ in range(3):
        page = await client.get(link)
        assert f'value="{token}"' in page.text
        assert (await client.head(link)).status_code == 405
    refused = await client.post("/auth/password/reset/form", data={"token": token, "password": "short"})
    assert (refused.status_code, "at least 15 characters" in refused.text) == (422, True)
    done = await client.post("/auth/password/reset/form", data={"token": token, "password": NEW})
    assert (done.status_code, "has been changed" in done.text) == (200, True)
    again = await client.post("/auth/password/reset/form", data={"token": token, "password": PASSWORD})
    assert (again.status_code, INVALID_LINK in again.text) == (422, True)
    assert (await client.get("/auth/me", headers=await bearer(client, NEW))).status_code == 200


@pytest.mark.parametrize("path", [page.path for page in PAGES])
async def test_a_page_runs_no_script_and_shows_nothing_of_the_address_bar(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path, params={"token": '"><script>alert(1)</script>'})
    assert page.status_code == 200
    assert "alert" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; ")
    assert page.headers["content-security-policy"].endswith("form-action 'self'")
    assert page.headers["cache-control"] == "no-store"
    broken = await client.post(f"{path}/form", content=b"token=a&token=b", headers={"content-type": "text/plain"})
    assert broken.status_code == 400


async def test_links_never_come_from_the_host_header(client: httpx.AsyncClient, identity: Identity) -> None:
    await identity.register(**ANN)
    hostile = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    await client.post("/auth/password/forgot", json={"email": ANN["email"]}, headers=hostile)
    await client.post("/auth/register", json={"email": "bob@example.org"}, headers=hostile)
    for mail in await identity.deliver():
        assert isinstance(mail.letter, PasswordResetLink | RegistrationLink)
        assert mail.letter.url.startswith(f"{ISSUER}/auth/")
        assert "evil" not in repr(mail.letter)


async def test_passwords_and_addresses_are_changed_with_the_current_password(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    await identity.register(**ANN)
    headers = await bearer(client)
    wrong = {"currentPassword": "a wrong guess at it", "newPassword": NEW}
    refused = await client.post("/auth/password/change", json=wrong, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "INVALID_CREDENTIALS")
    right = wrong | {"currentPassword": PASSWORD}
    assert (await client.post("/auth/password/change", json=right)).status_code == 401
    assert (await client.post("/auth/password/change", json=right, headers=headers)).status_code == 204
    change = {"currentPassword": NEW, "email": "ann@example.com"}
    assert (await client.post("/auth/email/change", json=change, headers=headers)).status_code == 202
    links = [mail.letter for mail in await identity.deliver() if isinstance(mail.letter, EmailChangeLink)]
    verified = await client.post("/auth/email/verify", json={"token": links[0].token, "currentPassword": NEW})
    assert (verified.status_code, verified.json()["email"]) == (200, "ann@example.com")


async def test_deactivation_ends_access(client: httpx.AsyncClient, identity: Identity) -> None:
    await identity.register(**ANN)
    headers = await bearer(client)
    done = await client.post("/auth/account/deactivate", json={"currentPassword": PASSWORD}, headers=headers)
    assert done.status_code == 204
    assert (await client.get("/auth/me", headers=headers)).status_code == 401


async def test_deletion_ends_access_and_the_account(client: httpx.AsyncClient, identity: Identity) -> None:
    await identity.register(**ANN)
    headers = await bearer(client)
    wrong = await client.post("/auth/account/delete", json={"currentPassword": NEW}, headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "INVALID_CREDENTIALS")
    proof = {"currentPassword": PASSWORD}
    assert (await client.post("/auth/account/delete", json=proof)).status_code == 401
    await identity.workspaces.create(await identity.actor(ANN["email"]), WorkspaceDraft(slug="acme", name="Acme"))
    owner = await client.post("/auth/account/delete", json=proof, headers=headers)
    assert (owner.status_code, owner.json()["code"]) == (409, "LAST_OWNER")
    assert "Acme (acme)" in owner.json()["detail"]
    assert (await client.get("/auth/me", headers=headers)).status_code == 200

    await identity.register(email="bob@example.org")
    bob = await identity.actor("bob@example.org")
    headers = {"authorization": "Bearer " + (await identity.sign_in("bob@example.org")).access_token}
    done = await client.post("/auth/account/delete", json=proof, headers=headers)
    assert (done.status_code, done.content) == (204, b"")
    assert (await client.get("/auth/me", headers=headers)).status_code == 401
    found = await identity.users.by_ids(bob, [bob.signed_in_id])
    assert [(user.name, user.email) for user in found.values()] == [("Deleted user", None)]


async def test_without_mail_registering_is_a_clear_503(client: httpx.AsyncClient, identity: Identity) -> None:
    identity.mailer.is_set = False
    answer = await client.post("/auth/register", json={"email": ANN["email"]})
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "cannot send mail" in answer.json()["detail"]


async def test_too_many_mails_to_an_address_are_429(client: httpx.AsyncClient) -> None:
    body = {"email": "nobody@example.org"}
    assert [(await client.post("/auth/password/forgot", json=body)).status_code for _ in range(5)] == [202] * 5
    answer = await client.post("/auth/password/forgot", json=body)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "900")


async def test_no_secret_is_logged(client: httpx.AsyncClient, identity: Identity) -> None:
    await identity.register(**ANN)
    with kept_records() as records:
        await client.post("/auth/password/forgot", json={"email": ANN["email"]})
        (mail,) = await identity.deliver()
        assert isinstance(mail.letter, PasswordResetLink)
        answer = await client.post("/auth/password/reset", json={"token": mail.letter.token, "password": NEW})
        assert answer.status_code == 204
        logging.getLogger("api.planted").info("reset", extra={"facts": {"password": NEW}})
    secrets = {PASSWORD: "password", NEW: "new password", mail.letter.token: "link"}
    assert set(leaks(secrets, records.writings)) == {("new password", "log api.planted")}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site", "origin": "null"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, 200),
        ({"origin": ISSUER}, 200),
        ({}, 200),
    ],
)
async def test_only_our_own_pages_send_our_forms(
    client: httpx.AsyncClient, identity: Identity, headers: dict[str, str], status: int
) -> None:
    await identity.register(**ANN)
    answer = await client.post("/auth/password/forgot/form", data={"email": ANN["email"]}, headers=headers)
    assert answer.status_code == status
    assert len(await identity.deliver()) == (1 if status == 200 else 0)


async def test_a_form_that_has_to_wait_keeps_the_link(client: httpx.AsyncClient, identity: Identity) -> None:
    await identity.register(**ANN)
    await client.post("/auth/password/forgot", json={"email": ANN["email"]})
    (mail,) = await identity.deliver()
    assert isinstance(mail.letter, PasswordResetLink)
    form = {"token": mail.letter.token, "password": NEW}
    identity.hasher.is_full = True
    full = await client.post("/auth/password/reset/form", data=form)
    assert (full.status_code, full.headers["retry-after"]) == (503, "1")
    identity.hasher.is_full = False
    for _ in range(20):
        assert (await client.post("/auth/password/reset/form", data=form | {"password": "short"})).status_code == 422
    often = await client.post("/auth/password/reset/form", data=form)
    assert (often.status_code, often.headers["retry-after"]) == (429, "60")
    for answer in (full, often):
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert f'value="{mail.letter.token}"' in answer.text
        assert NEW not in answer.text
    identity.throttle_time.move(minutes=1)
    assert (await client.post("/auth/password/reset/form", data=form)).status_code == 200


async def test_a_refused_form_shows_again_what_was_entered(client: httpx.AsyncClient) -> None:
    answer = await client.post("/auth/password/forgot/form", data={"email": 'ann"><b>', "token": '"><b>'})
    assert answer.status_code == 422
    assert 'name="email" value="ann&#34;&gt;&lt;b&gt;"' in answer.text
    assert 'name="token" value=""' in answer.text
