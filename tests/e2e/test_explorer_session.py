"""The browser's session: tokens are renewed, stored, refused and removed."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from domain.auth.errors import WRONG_PASSWORD
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from infra.settings import Settings
from tests.e2e.browser import Page, needs_browser
from tests.e2e.explorer import ACCOUNT, FORM, HAS_SCHEMA, QUERY_EDITOR, RESULT, RUN, Explorer, opened_explorer
from tests.e2e.tracker import Tracker

pytestmark = needs_browser

SAID = f"({FORM}?.querySelector('[role=alert]')?.innerText ?? '')"
VIEWER = "{ viewer { email } }"
SHOWN = f'"email": "{DEMO_EMAIL}"'
SIGN_OUT = f"{ACCOUNT}.parentElement.querySelector('button').click()"
SESSION_LOST = "Your session has ended. Sign in again."
MUCH_LATER = "(() => { const later = Date.now() + 3_600_000; Date.now = () => later; })()"
# A session of its own, made of the page's modules: what the editor does one by one is done here at once.
OWN_SESSION = f"""(async () => {{
  const {{ createSession }} = await import("/graphiql/session.js");
  const {{ createTabKeeper }} = await import("/graphiql/tab_token.js");
  window.own = createSession(createTabKeeper());
  await own.signIn({{ email: "{DEMO_EMAIL}", password: "{DEMO_PASSWORD}", isKept: false }});
}})()"""
ASK_THRICE = """(async () => {
  const body = JSON.stringify({ query: "{ viewer { email } }" });
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body };
  const ask = () => own.fetch("/graphql", init).then((response) => response.status, (error) => error.message);
  return Promise.all([ask(), ask(), ask()]);
})()"""


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    """Explorer on a server with a public address, where only the tab keeps a session, and only if the user agrees."""
    async with opened_explorer(settings.replaced(public_url="https://tracker.example.org")) as opened:
        yield opened


@pytest.fixture
async def local(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    """Explorer on a developer's own machine, with its sign-in form shown."""
    async with opened_explorer(settings) as opened:
        await opened.page.until(f"{FORM} !== null")
        yield opened


async def refused(tracker: Tracker, token: dict[str, Any]) -> tuple[int, int]:
    """Status codes of the server's answers to the access token and to the refresh token."""
    async with httpx.AsyncClient(base_url=tracker.address, timeout=20) as client:
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        asked = await client.post("/graphql", json={"query": VIEWER}, headers=bearer)
        form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
        return asked.status_code, (await client.post("/auth/token", data=form)).status_code


def only(problems: list[str], *texts: str) -> bool:
    """Whether nothing else was complained about; the browser calls each answer of 400 and more an error."""
    return all(any(text in problem for text in texts) for problem in problems)


async def stay(explorer: Explorer) -> None:
    """Signs in by hand and has the tab remember it."""
    await explorer.page.until(f"{FORM} !== null")
    await explorer.page.click("input[name=kept]")
    await explorer.sign_in()


async def stored_tokens(page: Page, tokens: set[str]) -> set[str]:
    text = await page.run("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    return {token for token in tokens if token in text}


async def test_a_new_user_queries_with_the_demo_account(local: Explorer) -> None:
    page, traffic = local.page, local.tracker.traffic
    await page.click(".panel form button[type=button]")  # the demo account
    await page.until(HAS_SCHEMA)
    person = await page.run(f"{ACCOUNT}.innerText")
    assert DEMO_EMAIL in person
    assert await page.run("document.querySelector('.panel select').selectedOptions[0].text") == "Acme (owner)"
    await page.run(f"{QUERY_EDITOR}.focus()")
    await local.press("Enter", modifiers=2)
    await page.until(f"{RESULT}.includes('\"totalCount\": 40')")
    assert traffic.grants == ["password"]
    assert page.problems == []


async def test_logging_out_ends_the_session_and_leaves_nothing_behind(explorer: Explorer) -> None:
    page, traffic = explorer.page, explorer.tracker.traffic
    await stay(explorer)
    await explorer.run_query(VIEWER, SHOWN)
    kept = await stored_tokens(page, traffic.tokens)
    assert kept == {traffic.issued[-1]["refresh_token"]}

    await page.run(SIGN_OUT)
    await page.until(f"{FORM} !== null")
    await page.until("performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/auth/revoke'))")
    assert await refused(explorer.tracker, traffic.issued[-1]) == (401, 400)
    assert await stored_tokens(page, traffic.tokens) == set()
    assert not [token for token in traffic.tokens if token in await page.run("document.documentElement.outerHTML")]
    assert DEMO_PASSWORD not in await explorer.stored()

    await page.click(RUN)
    await page.until(f"{RESULT}.includes('Sign in first')")
    await page.reload()
    await page.until(f"{FORM} !== null")
    assert traffic.grants == ["password"]
    assert page.problems == []


async def test_tokens_reach_neither_storage_nor_the_document(explorer: Explorer) -> None:
    page = explorer.page
    await explorer.sign_in()
    tokens = explorer.tracker.traffic.tokens
    await explorer.run_query(VIEWER, SHOWN)
    await page.click("button[aria-label='Show History']")
    await page.until("document.querySelector('.graphiql-history').innerText.includes('viewer')")
    assert len(tokens) == 2
    assert await stored_tokens(page, tokens) == set()
    assert not [token for token in tokens if token in await page.run("document.documentElement.outerHTML")]
    assert page.problems == []


async def test_a_wrong_password_is_reported_and_the_next_attempt_works(explorer: Explorer) -> None:
    page, traffic = explorer.page, explorer.tracker.traffic
    await page.until(f"{FORM} !== null")
    await explorer.fill_in(email=DEMO_EMAIL, password="not this one")
    await page.until(f"{SAID} === {WRONG_PASSWORD!r}")
    assert (traffic.grants, traffic.issued) == (["password"], [])
    assert only(page.take_problems(), "/auth/token")
    await explorer.sign_in()
    assert page.problems == []


async def test_too_many_attempts_are_reported_with_the_time_to_wait(explorer: Explorer) -> None:
    page = explorer.page
    await page.until(f"{FORM} !== null")
    form = {"grant_type": "password", "username": DEMO_EMAIL, "password": "not this one"}
    async with httpx.AsyncClient(base_url=explorer.address, timeout=20) as client:
        for _ in range(50):
            response = await client.post("/auth/token", data=form)
            if response.status_code == 429:
                break
    assert int(response.headers["retry-after"]) > 0
    await explorer.fill_in(email=DEMO_EMAIL, password=DEMO_PASSWORD)
    await page.until(f"/^Too many attempts. Retry in \\d+ (s|minutes)\\.$/.test({SAID})")
    assert explorer.tracker.traffic.issued == []
    assert only(page.problems, "/auth/token")


async def test_an_unreachable_server_is_reported_at_sign_in_query_and_sign_out(explorer: Explorer) -> None:
    page = explorer.page
    await page.until(f"{FORM} !== null")
    await explorer.tracker.stop()
    await explorer.fill_in(email=DEMO_EMAIL, password=DEMO_PASSWORD)
    await page.until(f"{SAID} === 'The server cannot be reached.'")
    await explorer.tracker.start()
    await explorer.sign_in()
    await explorer.tracker.stop()
    await page.click(RUN)
    await page.until(f"{RESULT}.includes('The server cannot be reached.')")
    await page.run(SIGN_OUT)
    await page.until(f"{SAID}.startsWith('You are signed out in this browser, ')")
    assert only(page.problems, "ERR_CONNECTION")
    await explorer.tracker.start()


@pytest.mark.parametrize("how", ["refused", "near its end"])
async def test_however_many_wait_a_token_is_renewed_once(explorer: Explorer, how: str) -> None:
    page, traffic = explorer.page, explorer.tracker.traffic
    await page.run(OWN_SESSION)
    assert traffic.grants == ["password"]
    if how == "refused":
        traffic.spoil()
    else:
        await page.run(MUCH_LATER)
    assert await page.run(ASK_THRICE) == [200, 200, 200]
    assert traffic.grants == ["password", "refresh_token"]
    assert await page.run(ASK_THRICE) == [200, 200, 200]
    assert traffic.grants == ["password", "refresh_token"]
    assert len({each["access_token"] for each in traffic.issued}) == 2
    assert only(page.problems, "401")


async def test_a_refused_renewal_is_tried_once_and_reported(explorer: Explorer) -> None:
    page, traffic = explorer.page, explorer.tracker.traffic
    await page.run(OWN_SESSION)
    async with httpx.AsyncClient(base_url=explorer.address) as client:
        await client.post("/auth/revoke", data={"token": traffic.issued[-1]["refresh_token"]})
    assert await page.run(ASK_THRICE) == [SESSION_LOST] * 3
    assert traffic.grants == ["password", "refresh_token"]
    assert await page.run(ASK_THRICE) == [SESSION_LOST] * 3
    assert traffic.grants == ["password", "refresh_token"]
    assert await page.run("own.state().person") is None
    assert only(page.problems, "401", "/auth/token")


async def test_a_request_with_an_ended_session_shows_the_sign_in_form(explorer: Explorer) -> None:
    page, traffic = explorer.page, explorer.tracker.traffic
    await explorer.sign_in()
    async with httpx.AsyncClient(base_url=explorer.address) as client:
        await client.post("/auth/revoke", data={"token": traffic.issued[-1]["refresh_token"]})
    await page.click(RUN)
    await page.until(f"{SAID} === {SESSION_LOST!r}")
    assert traffic.grants == ["password", "refresh_token"]
    assert only(page.take_problems(), "401", "/auth/token")
    await explorer.sign_in()
    await explorer.run_query(VIEWER, SHOWN)
    assert page.problems == []


async def test_a_tab_that_stays_signed_in_is_so_after_each_reload(explorer: Explorer) -> None:
    page, traffic = explorer.page, explorer.tracker.traffic
    await stay(explorer)
    for reloads in (1, 2):
        await page.reload()
        await page.until(f"{ACCOUNT} !== null || {HAS_SCHEMA}")
        assert traffic.grants == ["password", *["refresh_token"] * reloads]
    await explorer.has_schema()
    await explorer.run_query(VIEWER, SHOWN)
    assert await stored_tokens(page, traffic.tokens) == {traffic.issued[-1]["refresh_token"]}
    assert page.problems == []


async def test_otherwise_a_reload_asks_for_the_password_again(explorer: Explorer) -> None:
    await explorer.sign_in()
    await explorer.page.reload()
    await explorer.page.until(f"{FORM} !== null")
    assert explorer.tracker.traffic.grants == ["password"]


async def test_a_duplicated_tab_has_to_sign_in_and_harms_no_session(explorer: Explorer) -> None:
    """A16 of the promises: a refresh token that two tabs used would end the session."""
    page, traffic = explorer.page, explorer.tracker.traffic
    await stay(explorer)
    async with page.opened_by_script(f"{explorer.address}/graphiql") as copy:
        await copy.until(f"{FORM} !== null")
        assert await stored_tokens(copy, traffic.tokens) == set()
        assert traffic.grants == ["password"]
        other = Explorer(copy, explorer.tracker)
        await stay(other)
        for each in (explorer, other, explorer):
            await each.page.call("Page.bringToFront")
            await each.page.reload()
            await each.has_schema()
            await each.run_query(VIEWER, SHOWN)
        assert traffic.grants == ["password", "password", *["refresh_token"] * 3]
        assert copy.problems == []
    assert page.problems == []


async def test_a_session_outlives_a_server_that_was_away_when_it_should_be_renewed(explorer: Explorer) -> None:
    page, traffic = explorer.page, explorer.tracker.traffic
    await stay(explorer)
    await page.run(MUCH_LATER)
    await explorer.tracker.stop()
    await page.click(RUN)
    await page.until(f"{RESULT}.includes('The server cannot be reached.')")
    assert only(page.take_problems(), "ERR_CONNECTION")
    await explorer.tracker.start()
    await explorer.run_query(VIEWER, SHOWN)
    assert traffic.grants == ["password", "refresh_token"]
    assert await stored_tokens(page, traffic.tokens) == {traffic.issued[-1]["refresh_token"]}
    assert page.problems == []
