"""The explorer of a new user: no workspace yet, and a way to create one."""

import json
from collections.abc import AsyncIterator

import pytest

from domain.accounts.commands import Registration
from domain.shared.actor import Actor
from infra.settings import Settings
from tests.e2e.browser import Page, needs_browser
from tests.e2e.explorer import FORM, QUERY_EDITOR, RESULT, RUN, VARIABLE_EDITOR, Explorer, opened_explorer

pytestmark = needs_browser

EMAIL, PASSWORD = "zoe@example.org", "a kettle hums at dawn"
TITLES = "[...document.querySelectorAll('.graphiql-tab')].map((each) => each.innerText.trim())"
STATUS = "(document.querySelector('.status')?.innerText ?? '')"
MENU = "[...document.querySelectorAll('.samples strong')].map((each) => each.innerText)"


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings) as opened:
        registration = Registration(email=EMAIL, name="Zoë Núñez-Ωmega", password=PASSWORD)
        await opened.app.state.app.accounts.create(Actor.system(), registration)
        await opened.page.until(f"{FORM} !== null && {VARIABLE_EDITOR} !== undefined")
        yield opened


async def variables(page: Page) -> object:
    return json.loads(await page.run(f"{VARIABLE_EDITOR}.getValue()"))


async def test_a_newcomer_creates_a_workspace_by_running_the_first_tab(explorer: Explorer) -> None:
    page = explorer.page
    assert await variables(page) == {"workspace": "acme"}, "a stranger may want the demo account"
    await explorer.sign_in(EMAIL, PASSWORD)
    await page.until(f"{TITLES}.join() === 'CreateWorkspace,Issues,Changes'")
    assert await variables(page) == {"input": {"name": "Zoë Núñez-Ωmega's workspace", "slug": "zoe-nunez-mega"}}
    assert "acme" not in await page.run(f"{QUERY_EDITOR}.getValue()")
    assert "You have no workspace yet" in await page.run("document.querySelector('.panel').innerText")
    await explorer.open_panel("Samples")
    await page.until(f"{MENU}.length === 2")
    assert await page.run(MENU) == ["Create a workspace", "My sessions and security log"]

    await page.click(RUN)
    await page.until(f"{RESULT}.includes('\"errors\": []')")
    await page.until(f"{STATUS} === 'Zoë Núñez-Ωmega · zoe-nunez-mega'")
    await page.until(f"{MENU}.length > 10")
    await page.run("document.querySelectorAll('.graphiql-tab')[1].querySelector('button').click()")
    await page.until(f"{QUERY_EDITOR}.operationName === 'Issues'")
    assert await variables(page) == {"workspace": "zoe-nunez-mega"}
    await page.click(RUN)
    await page.until(f"{RESULT}.includes('\"totalCount\": 0')")
    assert page.problems == []


async def test_the_first_tabs_follow_the_person_until_they_are_changed(explorer: Explorer) -> None:
    page = explorer.page
    await explorer.sign_in(EMAIL, PASSWORD)
    await page.until(f"{TITLES}.length === 3")
    await explorer.sign_out()
    await page.until(f"{TITLES}.length === 2")
    await explorer.sign_in()
    await page.until(f"{TITLES}.length === 2 && {VARIABLE_EDITOR}.getValue().includes('acme')")
    await page.run(f"{QUERY_EDITOR}.setValue('{{ viewer {{ name }} }}')")
    await page.until(f"{QUERY_EDITOR}.documentAST?.loc?.source?.body === '{{ viewer {{ name }} }}'")
    await explorer.sign_out()
    await explorer.sign_in(EMAIL, PASSWORD)
    await page.until(f"{QUERY_EDITOR}?.getValue() === '{{ viewer {{ name }} }}'")
    assert await page.run(f"{TITLES}.length") == 2
    assert page.problems == []


async def test_a_suggested_slug_is_none_that_the_person_has(explorer: Explorer) -> None:
    page = explorer.page
    await explorer.sign_in(EMAIL, PASSWORD)
    await explorer.open_panel("Samples")
    sample = "[...document.querySelectorAll('.samples button')][0]"
    await page.until(f"{sample} !== undefined")
    await page.click(RUN)
    await page.until(f"{STATUS}.endsWith('zoe-nunez-mega')")
    create = f"{sample.replace('[0]', '')}.find((each) => each.innerText.startsWith('Create a workspace'))"
    await page.until(f"{MENU}.length > 10")
    await page.run(f"{create}.click()")
    await page.until(f"{VARIABLE_EDITOR}.getValue().includes('zoe-nunez-mega-2')")
    await page.click(RUN)
    await page.until(f'{RESULT}.includes(\'"slug": "zoe-nunez-mega-2"\')')
