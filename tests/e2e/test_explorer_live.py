"""Subscriptions in the browser: what others change arrives, over ended tokens, restarts and ended sessions."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from domain.shared.demo import DEMO_EMAIL
from infra.settings import Settings
from tests.e2e.browser import SECONDS, needs_browser
from tests.e2e.explorer import ACCOUNT, FORM, QUERY_EDITOR, RESULT, RUN, Explorer, opened_explorer
from tests.e2e.tracker import asked

pytestmark = needs_browser

# Without a default the first result could come before anybody listens.
FOLLOW = """subscription Live($after: Revision = {after}) {{
  changes(workspace: "acme", after: $after) {{ upTo events {{ revision kind }} }}
}}"""
STATUS = "document.querySelector('.status').innerText"
PANEL = "document.querySelector('.panel.live')"
FIRST = f"({PANEL}?.querySelector('li')?.innerText ?? '')"
LINK = '.panel-link[data-panel="{}"]'
FIRST_ISSUE = """{ viewer { id name } workspace(slug: "acme") {
  issues(first: 1) { nodes { id identifier title } } labels(first: 1) { nodes { id name } } } }"""
UPDATE = "mutation ($input: IssueUpdateInput!) { issueUpdate(input: $input) { revision errors { message } } }"
COMMENT = "mutation ($input: CommentCreateInput!) { commentCreate(input: $input) { comment { id } } }"
UNCOMMENT = "mutation ($input: CommentDeleteInput!) { commentDelete(input: $input) { revision errors { message } } }"
END_OTHERS = "mutation { sessionsEndOthers(input: {}) { endedCount errors { message } } }"
SAID = f"({FORM}?.querySelector('[role=alert]')?.innerText ?? '')"


@asynccontextmanager
async def following(settings: Settings, *, access_life: timedelta | None = None) -> AsyncIterator[Explorer]:
    """Explorer with a signed-in user and a running subscription to the demo workspace."""
    async with opened_explorer(settings, access_life=access_life) as explorer:
        await explorer.sign_in()
        await follow(explorer)
        yield explorer


async def follow(explorer: Explorer) -> None:
    known = await explorer.tracker.change()
    text = FOLLOW.format(after=known)
    await explorer.page.run(f"{QUERY_EDITOR}.setValue({text!r})")
    await explorer.page.until(f"{QUERY_EDITOR}.documentAST?.loc?.source?.body === {text!r}")
    await explorer.page.click(RUN)


async def arrives(explorer: Explorer, revision: int) -> None:
    await explorer.page.until(f'/"revision": {revision},\\s+"kind": "ISSUE_CREATED"/.test({RESULT})')


def sockets(explorer: Explorer) -> int:
    return sum(url.startswith("ws") for url in explorer.page.requests)


async def test_changes_of_another_client_arrive(database: str, redis_database: str, settings: Settings) -> None:
    async with following(settings) as explorer:
        for _ in range(3):
            await arrives(explorer, await explorer.tracker.change())
        assert sockets(explorer) == 1
        assert explorer.tracker.traffic.grants == ["password"]
        assert explorer.page.problems == []


async def test_a_subscription_outlives_its_tokens_without_a_gap(
    database: str, redis_database: str, settings: Settings
) -> None:
    async with following(settings, access_life=timedelta(seconds=6)) as explorer:
        traffic = explorer.tracker.traffic
        await arrives(explorer, await explorer.tracker.change())
        # Two tokens end while nothing happens; each is replaced once.
        await explorer.page.has_opened_sockets(3)
        await arrives(explorer, await explorer.tracker.change())
        assert len({each["access_token"] for each in traffic.issued}) == len(traffic.grants)
        assert traffic.grants[0] == "password"
        assert set(traffic.grants[1:]) == {"refresh_token"}
        assert explorer.page.problems == []


async def test_a_subscription_comes_back_when_the_server_does(
    database: str, redis_database: str, settings: Settings
) -> None:
    async with following(settings) as explorer:
        page = explorer.page
        await arrives(explorer, await explorer.tracker.change())
        await explorer.tracker.stop()
        await page.until(f"/connection lost, retrying in \\d+ s/.test({STATUS})")
        await explorer.tracker.start()
        # Likely before the page is back; it must not miss that.
        missed = await explorer.tracker.change()
        await arrives(explorer, missed)
        await page.until(f"!{STATUS}.includes('connection lost')")
        await arrives(explorer, await explorer.tracker.change())
        assert sockets(explorer) >= 2
        assert explorer.tracker.traffic.grants == ["password"]
        assert all("ERR_CONNECTION" in problem for problem in page.problems), page.problems


async def test_a_session_that_is_ended_elsewhere_ends_here(
    database: str, redis_database: str, settings: Settings
) -> None:
    async with following(settings) as explorer:
        traffic = explorer.tracker.traffic
        await arrives(explorer, await explorer.tracker.change())
        async with httpx.AsyncClient(base_url=explorer.address) as client:
            await client.post("/auth/revoke", data={"token": traffic.issued[-1]["refresh_token"]})
        await explorer.page.until(f"{SAID} === 'Your session has ended. Sign in again.'")
        assert traffic.grants == ["password", "refresh_token"]
        assert all("/auth/token" in problem for problem in explorer.page.problems), explorer.page.problems


async def test_ending_all_other_sessions_ends_this_one_and_what_it_listens_to(
    database: str, redis_database: str, settings: Settings
) -> None:
    async with opened_explorer(settings) as explorer:
        page, traffic = explorer.page, explorer.tracker.traffic
        await explorer.sign_in()
        await page.click(LINK.format("Live"))
        await page.click(".panel.live button.primary")
        await page.until(f"{STATUS}.includes('listening')")
        await page.has_opened_sockets(1)
        async with explorer.tracker.client() as elsewhere:
            assert (await asked(elsewhere, END_OTHERS, {}))["sessionsEndOthers"]["errors"] == []
            await page.until(f"{SAID} === 'Your session has ended. Sign in again.'")
            await page.until(f"{STATUS} === 'Not signed in'")
            assert traffic.grants == ["password", "refresh_token"]
            assert sockets(explorer) == 2  # for the second the renewal was refused
            # Whoever ended the others goes on.
            assert (await asked(elsewhere, "{ viewer { email } }", {}))["viewer"]["email"] == DEMO_EMAIL
        assert all("/auth/token" in problem for problem in page.take_problems())

        await explorer.sign_in()
        await page.click(LINK.format("Live"))
        await page.until(f"{PANEL}.querySelector('button').innerText === 'Follow'")
        assert page.problems == []


async def test_logging_out_ends_the_subscription(database: str, redis_database: str, settings: Settings) -> None:
    async with following(settings) as explorer:
        await arrives(explorer, await explorer.tracker.change())
        await explorer.page.run(f"{ACCOUNT}.parentElement.querySelector('button').click()")
        await explorer.sign_in()
        await follow(explorer)
        await arrives(explorer, await explorer.tracker.change())
        assert sockets(explorer) == 2
        assert explorer.tracker.traffic.grants == ["password", "password"]
        assert explorer.page.problems == []


async def test_the_panel_follows_while_the_editor_runs_other_things(
    database: str, redis_database: str, settings: Settings
) -> None:
    async with opened_explorer(settings) as explorer:
        page = explorer.page
        await explorer.sign_in()
        await explorer.open_panel("Live")
        await page.click(".panel.live button.primary")
        await page.until(f"{PANEL}.innerText.includes('No changes yet.')")
        await page.has_opened_sockets(1)
        async with asyncio.timeout(SECONDS):
            while not await page.run(FIRST):  # what is changed before the server listens is not told
                revision = await explorer.tracker.change()
        await page.until(f"{FIRST}.startsWith('Issue created') && {FIRST}.includes('revision {revision}')")
        known = await page.run(f"{PANEL}.querySelectorAll('li').length")

        await explorer.open_panel("Samples")
        await page.until("document.querySelectorAll('.samples button').length > 5")
        sample = (
            "[...document.querySelectorAll('.samples button')].find((each) => each.innerText.startsWith('Create an'))"
        )
        await page.run(f"{sample}.click()")
        await page.until(f"{QUERY_EDITOR}.operationName === 'CreateIssue'")
        await page.click(RUN)
        await page.until(f"{RESULT}.includes('\"errors\": []')")
        await page.until(f"{STATUS}.includes('1 new in Live')")
        await explorer.open_panel("Live")
        await page.until(f"{PANEL}.querySelectorAll('li').length === {known + 1} && !{STATUS}.includes('new in Live')")
        assert await page.run(f"{FIRST}.split('\\n')[0]") == "Issue created"
        assert "Title: none → Try the explorer" in await page.run(FIRST)
        await page.until(f"/\\bENG-\\d+ Try the explorer/.test({FIRST})")
        assert "none → none" not in await page.run(FIRST)

        await page.run(f"{PANEL}.querySelector('button').click()")
        await page.until(f"{PANEL}.querySelector('button').innerText === 'Follow'")
        await explorer.open_panel("Sign in")
        await page.run(f"{ACCOUNT}.parentElement.querySelector('button').click()")
        await explorer.sign_in()
        await explorer.open_panel("Live")
        await page.until(f"{PANEL}.querySelectorAll('li').length === 0")
        assert sockets(explorer) == 1
        assert page.problems == []


async def test_a_newcomer_sees_their_change_arrive_by_pressing_what_is_offered(
    database: str, redis_database: str, settings: Settings
) -> None:
    async with opened_explorer(settings) as explorer:
        page = explorer.page
        await page.click(".panel form button[type=button]")  # the demo account
        await explorer.has_schema()
        await page.click(LINK.format("Live"))
        await page.click(".panel.live button.primary")
        await page.until(f"{STATUS} === 'Demo · acme · listening'")
        await page.until(f"{PANEL}.querySelector('.panel-link')?.innerText.includes('Change an issue')")
        async with asyncio.timeout(SECONDS):
            while not await page.run(FIRST):  # what is changed before the server listens is not told
                revision = await explorer.tracker.change()
        await page.until(f"{FIRST}.includes('revision {revision}')")
        await explorer.open_panel("Sign in")
        await page.click(LINK.format("Samples"))
        sample = (
            "[...document.querySelectorAll('.samples button')].find(({ innerText }) => innerText.startsWith('Change'))"
        )
        await page.until(f"{sample} !== undefined")
        await page.run(f"{sample}.click()")
        await page.until(f"{QUERY_EDITOR}.operationName === 'ChangeIssue'")
        await page.click(RUN)
        await page.until(f"{STATUS} === 'Demo · acme · listening · 1 new in Live'")
        await explorer.open_panel("Live")
        await page.until(f"{FIRST}.startsWith('Issue updated') && {FIRST}.includes('→ URGENT')")
        assert page.problems == []


async def test_live_shows_names_and_says_what_is_gone(database: str, redis_database: str, settings: Settings) -> None:
    async with opened_explorer(settings) as explorer:
        page = explorer.page
        await explorer.sign_in()
        await page.click(LINK.format("Live"))
        await page.click(".panel.live button.primary")
        async with asyncio.timeout(SECONDS):
            while not await page.run(FIRST):  # what is changed before the server listens is not told
                await explorer.tracker.change()
        async with explorer.tracker.client() as client:
            found = await asked(client, FIRST_ISSUE, {})
            issue = found["workspace"]["issues"]["nodes"][0]
            assignee, other = found["viewer"], found["workspace"]["labels"]["nodes"][0]
            change = {"id": issue["id"], "assignees": {"add": [assignee["id"]]}, "labels": {"set": [other["id"]]}}
            await asked(client, UPDATE, {"input": change})
            await page.until(f"{FIRST}.includes('{issue['identifier']} {issue['title']}')")
            await page.until(f"{FIRST}.includes('Labels: none → {other['name']}')")
            await page.until(f"{FIRST}.includes('Assignees: none → {assignee['name']}')")
            commented = await asked(client, COMMENT, {"input": {"issueId": issue["id"], "body": "Short-lived"}})
            comment = commented["commentCreate"]["comment"]["id"]
            await page.until(f"{FIRST}.includes('Comment on {issue['identifier']}')")
            await asked(client, UNCOMMENT, {"input": {"id": comment}})
            await page.until(f"{FIRST}.startsWith('Comment deleted')")
            await page.until(f"!{FIRST}.includes('…')")
            assert not re.search(r"\b[a-z]+_[0-9a-z]{26}\b", await page.run(f"{PANEL}.innerText"))
        assert page.problems == []
