"""The command `workgraph seed`, and what `workgraph dev` makes of an empty database."""

import json
import signal
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.shared.demo import DEMO_EMAIL, DEMO_PASSWORD
from tests.e2e.processes import Workgraph, forget_data
from tests.e2e.test_dev import free_port

pytestmark = pytest.mark.verify

MADE = "Created workspace acme: 3 issues, "
SECRET = "Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv"


def signed_in(url: str) -> str:
    form = urllib.parse.urlencode({"grant_type": "password", "username": DEMO_EMAIL, "password": DEMO_PASSWORD})
    with urllib.request.urlopen(f"{url}/auth/token", data=form.encode(), timeout=10) as answer:
        return json.load(answer)["access_token"]


def asked(url: str, token: str, query: str) -> dict[str, dict[str, object]]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/graphql", json.dumps({"query": query}).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["data"]


@pytest.fixture
def workgraph(tmp_path: Path) -> Iterator[Workgraph]:
    yield Workgraph(tmp_path, {"PORT": str(free_port())})
    forget_data(tmp_path)


def test_the_first_start_makes_a_workspace_that_the_printed_login_opens(workgraph: Workgraph):
    url = f"http://localhost:{workgraph.variables['PORT']}"
    query = '{ viewer { name } workspace(slug: "acme") { issues { totalCount } changes(after: 0) { upTo } } }'
    with workgraph.running("dev") as dev:
        dev.wait_for_text(f"Sign in as {DEMO_EMAIL} with the password {DEMO_PASSWORD}.")
        before = asked(url, signed_in(url), query)
        assert before["viewer"]["name"] == "Demo"
        assert before["workspace"]["issues"] == {"totalCount": 500}
        assert dev.end(signal.SIGINT) == 0
    with workgraph.running("dev") as dev:
        dev.wait_for_text("Sign in as")
        assert asked(url, signed_in(url), query) == before
        assert dev.end(signal.SIGINT) == 0


def test_with_too_short_a_demo_password_the_server_starts_without_demo_data(workgraph: Workgraph):
    workgraph.variables["PASSWORD_CHARACTERS"] = "30"
    with workgraph.running("dev") as dev:
        dev.wait_until_ready(f"http://localhost:{workgraph.variables['PORT']}")
        dev.wait_for_text("Demo data was not created: password must have at least 30 characters.")
        dev.wait_for_text("Press Ctrl-C to stop.")
        assert "Sign in as" not in dev.log.read_text()
        assert dev.end(signal.SIGINT) == 0


def test_the_command_says_what_it_made_and_makes_it_once(workgraph: Workgraph, database: str, redis_database: str):
    workgraph.variables |= {"DATABASE_URL": database, "REDIS_URL": redis_database}
    made = workgraph.run("seed", "--size", "3")
    assert (made.returncode, made.stdout[: len(MADE)], made.stderr) == (0, MADE, "")
    again = workgraph.run("seed", "--size", "5")
    assert (again.returncode, again.stdout) == (0, "Workspace acme already exists and was not changed.\n")
    wrong = workgraph.run("seed", "--size", "3", "--workspace", "Not A Slug")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("workgraph: --workspace must be")


def test_production_gets_no_known_password(workgraph: Workgraph, database: str, redis_database: str):
    workgraph.variables |= {
        "ENVIRONMENT": "production",
        "DATABASE_URL": database,
        "REDIS_URL": redis_database,
        "SECRET_KEY": SECRET,
        "PUBLIC_URL": "https://tracker.example.org",
    }
    refused = workgraph.run("seed", "--size", "3")
    assert refused.returncode == 1
    assert refused.stderr == (
        "workgraph: Demo data in production requires --yes, and --owner with the email address of an account.\n"
    )
    ownerless = workgraph.run("seed", "--size", "3", "--yes")
    assert (ownerless.returncode, DEMO_EMAIL in ownerless.stderr) == (1, True)
    created = workgraph.run("user", "create", "ada@example.org", "--name", "Ada", stdin="marble-otter-lantern\n")
    assert created.returncode == 0
    made = workgraph.run("seed", "--size", "3", "--yes", "--owner", "ada@example.org")
    assert (made.returncode, made.stdout[: len(MADE)]) == (0, MADE)
