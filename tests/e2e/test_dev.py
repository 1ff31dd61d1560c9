import os
import shutil
import signal
import socket
import stat
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.db import migrate
from infra.dev.children import PACKAGES
from infra.dev.processes import command_line
from infra.dev.servers import DEV_LOCK
from tests.e2e.processes import (
    ROOT,
    SECONDS,
    Workgraph,
    children,
    content_of,
    forget_data,
    is_alive,
    status_of,
)

pytestmark = pytest.mark.verify


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture
def workgraph(tmp_path: Path) -> Iterator[Workgraph]:
    yield Workgraph(tmp_path, {"PORT": str(free_port())})
    forget_data(tmp_path)


@pytest.fixture
def url(workgraph: Workgraph) -> str:
    return f"http://localhost:{workgraph.variables['PORT']}"


def test_one_command_starts_everything_and_ctrl_c_or_sigterm_leaves_nothing(workgraph: Workgraph, url: str):
    with workgraph.running("dev") as dev:
        ready = dev.wait_until_ready(url)
        dev.wait_for_text(f"Workgraph is ready: {url}/graphql")
        dev.wait_for_text(f"Mail is not sent. Read it at {url}/dev/mail")
        assert content_of(f"{url}/dev/mail.json") == b'{"mails":[]}'
        assert status_of(f"{url}/livez") == 200
        assert ready["status"] == "ready"
        assert len(dev.family) >= 4, "PostgreSQL, Valkey, API and worker"
        assert dev.end(signal.SIGINT) == 0
        assert [pid for pid in dev.family if is_alive(pid)] == []
    with workgraph.running("dev") as dev:
        dev.wait_until_ready(url)
        assert dev.end(signal.SIGTERM) == 0
        assert [pid for pid in dev.family if is_alive(pid)] == []
    key = workgraph.folder / ".workgraph" / "secret_key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text()) >= 32


def test_after_a_kill_the_next_start_works(workgraph: Workgraph, url: str):
    with workgraph.running("dev") as dev:
        dev.wait_until_ready(url)
        dev.end(signal.SIGKILL)
        with workgraph.running("dev") as again:
            again.wait_until_ready(url)
            dev.wait_for_children_to_end()
            assert again.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("moment", ["has its lock", "starts PostgreSQL", "starts the API", "greets"])
def test_a_signal_at_any_moment_of_the_start_leaves_nothing(workgraph: Workgraph, moment: str):
    lock = workgraph.folder / ".workgraph" / DEV_LOCK
    with workgraph.running("dev") as dev:
        is_now: dict[str, Callable[[], bool]] = {
            "has its lock": lambda: lock.exists() and "pid" in lock.read_text(),
            "starts PostgreSQL": (lock.parent / "postgres.log").exists,
            "starts the API": lambda: lock.exists() and "url" in lock.read_text(),  # and makes the demo data
            "greets": lambda: "Workgraph is ready" in dev.log.read_text(),
        }
        dev.wait_for(is_now[moment], moment)
        assert (dev.end(signal.SIGTERM), "Traceback" in dev.log.read_text()) == (0, False), dev.log.read_text()
        assert [pid for pid in dev.family if is_alive(pid)] == []
        assert lock.read_text() == ""


def test_a_second_one_in_the_folder_and_one_on_a_taken_port_say_so(workgraph: Workgraph, url: str, tmp_path: Path):
    with workgraph.running("dev") as dev:
        dev.wait_until_ready(url)
        dev.wait_for_text("Workgraph is ready")
        second = workgraph.run("dev")
        assert second.returncode == 1
        assert second.stderr == (
            f"workgraph: Workgraph is already running in this folder: {url}, process {dev.process.pid}. "
            "Stop it first, or set WORKGRAPH_DATA_DIR and WORKGRAPH_PORT to run a second one.\n"
        )
        elsewhere = Workgraph(tmp_path, workgraph.variables | {"DATA_DIR": str(tmp_path / "other")})
        taken = elsewhere.run("dev")
        assert taken.returncode == 1
        assert f"Port {workgraph.variables['PORT']} on 127.0.0.1 is taken by another program" in taken.stderr
        assert "WORKGRAPH_PORT" in taken.stderr
        assert status_of(f"{url}/readyz") == 200


def test_other_commands_find_the_running_servers_and_start_them_otherwise(workgraph: Workgraph, url: str):
    with workgraph.running("dev") as dev:
        dev.wait_until_ready(url)
        dev.wait_for_text("Workgraph is ready")
        created = workgraph.run("user", "create", "ada@example.org", "--name", "Ada", stdin="correct horse battery\n")
        assert (created.returncode, created.stderr) == (0, "")
        dev.end(signal.SIGTERM)
    again = workgraph.run("user", "create", "ada@example.org", "--name", "Ada", stdin="correct horse battery\n")
    assert again.returncode == 1
    assert "Traceback" not in again.stderr
    assert workgraph.run("keys", "rotate").returncode == 0
    assert workgraph.run("keys", "list").stdout.startswith("key_")
    examined = workgraph.run("doctor")
    assert "OK    Migrations: up to date" in examined.stdout
    assert "OK    PostgreSQL: 18." in examined.stdout
    assert f"OK    Mail: not sent, shown at {url}/dev/mail" in examined.stdout


@pytest.fixture
def sources(workgraph: Workgraph, tmp_path: Path) -> Path:
    """A copy of the packages, from which `workgraph` runs."""
    workgraph.sources = tmp_path / "sources"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, workgraph.sources / package, ignore=shutil.ignore_patterns("node_modules"))
    return workgraph.sources


def test_a_changed_file_is_served_and_a_broken_one_waits_for_its_repair(workgraph: Workgraph, url: str, sources: Path):
    health = sources / "api" / "health" / "probes.py"
    original = health.read_text()
    assert '"status": "ok"' in original
    with workgraph.running("dev") as dev:
        dev.wait_until_ready(url)
        dev.wait_for_text("Workgraph is ready")
        health.write_text(original.replace('"status": "ok"', '"status": "changed"'))
        dev.wait_for_text("probes.py changed. Restarting.")
        dev.wait_for(lambda: content_of(f"{url}/livez") == b'{"status":"changed"}', "the new answer")
        health.write_text("this is no Python")
        dev.wait_for_text("The API ended with exit code 1. It restarts after the next change of a source file.")
        health.write_text(original)
        dev.wait_for(lambda: status_of(f"{url}/livez") == 200, "the repaired API")
        assert content_of(f"{url}/livez") == b'{"status":"ok"}'
        assert dev.end(signal.SIGINT) == 0


MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{revision}", "{before}", None, None


def upgrade() -> None:
    op.execute("{statement}")


def downgrade() -> None:
    raise NotImplementedError
"""


def test_a_new_migration_runs_at_once_and_a_failing_one_after_its_repair(workgraph: Workgraph, url: str, sources: Path):
    versions, head = sources / "migrations" / "versions", migrate.revisions()[-1]
    with workgraph.running("dev") as dev:
        dev.wait_until_ready(url)
        dev.wait_for_text("Workgraph is ready")
        (versions / "9001_later.py").write_text(
            MIGRATION.format(revision="9001", before=head, statement="CREATE TABLE later (id text PRIMARY KEY)")
        )
        dev.wait_for_text("Applied migration 9001.")
        dev.wait_for(lambda: status_of(f"{url}/readyz") == 200, "the API after the migration")
        second = versions / "9002_more.py"
        second.write_text(MIGRATION.format(revision="9002", before="9001", statement="SELECT nothing FROM nowhere"))
        dev.wait_for_text("The migration failed. API and worker restart after the next change of a source file.")
        second.write_text(MIGRATION.format(revision="9002", before="9001", statement="DROP TABLE later"))
        dev.wait_for_text("Applied migration 9002.")
        dev.wait_for(lambda: status_of(f"{url}/readyz") == 200, "the API after the repair")
        assert dev.end(signal.SIGINT) == 0
    for path in versions.glob("900*.py"):
        path.unlink()
    refused = workgraph.run("dev")
    assert (refused.returncode, refused.stderr) == (1, f"workgraph: {migrate.UNKNOWN}\n")
    with workgraph.running("dev", "--reset") as dev:
        dev.wait_until_ready(url)
        dev.wait_for_text("Workgraph is ready")
        assert dev.end(signal.SIGINT) == 0


def test_killed_programs_are_replaced_and_do_their_work(workgraph: Workgraph, url: str):
    with workgraph.running("dev") as dev:
        dev.wait_until_ready(url)
        dev.wait_for_text("Workgraph is ready")
        programs = [pid for pid in children(dev.process.pid) if command_line(pid) == command_line(dev.process.pid)]
        assert len(programs) == 2
        for pid in programs:
            os.kill(pid, signal.SIGKILL)
        for name in ("API", "worker"):
            dev.wait_for_text(f"The {name} was killed by SIGKILL. Restarting it.")
        dev.wait_for(lambda: status_of(f"{url}/readyz") == 200, "the new API")
        body = b'{"email": "ada@example.org"}'
        registration = urllib.request.Request(
            f"{url}/auth/register", data=body, headers={"Content-Type": "application/json"}
        )
        urllib.request.urlopen(registration, timeout=10).close()
        dev.wait_for(lambda: b"ada@example.org" in content_of(f"{url}/dev/mail.json"), "a mail from the new worker")
        assert dev.end(signal.SIGINT) == 0


def test_a_killed_database_server_ends_it_with_the_reason(workgraph: Workgraph, url: str):
    with workgraph.running("dev") as dev:
        dev.wait_until_ready(url)
        dev.wait_for_text("Workgraph is ready")
        [valkey] = [pid for pid in children(dev.process.pid) if "valkey" in command_line(pid)[0]]
        os.kill(valkey, signal.SIGKILL)
        assert dev.process.wait(SECONDS) == 1
        assert "workgraph: valkey ended with exit code -9. The end of " in dev.log.read_text()


def test_worker_and_doctor_find_a_running_dev_and_its_port(workgraph: Workgraph, url: str, tmp_path: Path):
    with workgraph.running("dev") as dev:
        dev.wait_until_ready(url)
        dev.wait_for_text("Workgraph is ready")
        without_port = Workgraph(tmp_path)
        examined = without_port.run("doctor")
        assert f"OK    Public URL: {url}\n" in examined.stdout
        assert f"shown at {url}/dev/mail" in examined.stdout
        with without_port.running("worker") as worker:
            worker.wait_for_text("The worker is ready")
            assert worker.end(signal.SIGTERM) == 0
        assert "Traceback" not in worker.log.read_text()
        assert status_of(f"{url}/readyz") == 200


def test_in_production_nothing_is_made_up(workgraph: Workgraph):
    workgraph.variables["ENVIRONMENT"] = "production"
    refused = workgraph.run("dev")
    assert refused.returncode == 1
    assert "WORKGRAPH_ENVIRONMENT is production" in refused.stderr
    for command in ("serve", "worker", "doctor"):
        refused = workgraph.run(command)
        assert refused.returncode == 1
        named = [line.split()[1] for line in refused.stderr.splitlines()]
        assert named == [f"WORKGRAPH_{name}" for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PUBLIC_URL")]
    assert list(workgraph.folder.iterdir()) == []
