"""`workgraph keys` and `workgraph audit`, run as an operator runs them."""

import re
from datetime import UTC, datetime, timedelta, timezone
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import cli
from tests.e2e.processes import Workgraph
from tests.factories.accounts import PASSWORD

SECRET = "Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv"
LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)  ([A-Z_]+)  (\S.*?)  -  -")


@pytest.fixture
def workgraph(tmp_path: Path, database: str, redis_database: str) -> Workgraph:
    return Workgraph(tmp_path, {"DATABASE_URL": database, "REDIS_URL": redis_database, "SECRET_KEY": SECRET})


def printed(workgraph: Workgraph, *arguments: str) -> list[str]:
    done = workgraph.run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def created(workgraph: Workgraph, email: str) -> str:
    done = workgraph.run("user", "create", email, "--name", "Somebody", stdin=f"{PASSWORD}\n")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.removeprefix("Created ").removesuffix(".\n")


def facts(lines: list[str]) -> list[tuple[str, str]]:
    found = [LINE.fullmatch(line) for line in lines]
    return [(match[2], match[3]) if match else ("not a line", line) for match, line in zip(found, lines, strict=True)]


def test_the_version_is_that_of_the_installed_package() -> None:
    printed_version = CliRunner().invoke(cli, ["--version"])
    assert (printed_version.exit_code, printed_version.stdout) == (0, f"workgraph {version('workgraph')}\n")


@pytest.mark.verify
def test_keys_are_rotated_and_each_rotation_is_in_the_log(workgraph: Workgraph) -> None:
    assert printed(workgraph, "keys", "list") == []
    ids = []
    for _ in range(2):
        (line,) = printed(workgraph, "keys", "rotate")
        told = re.fullmatch(
            r"Created (key_\w{26}), which signs from \d\d:\d\d:\d\d UTC on\. .*",
            line,
        )
        assert told is not None, line
        ids.append(told[1])
    listed = printed(workgraph, "keys", "list")
    assert [line.split("  ")[0] for line in listed] == ids
    assert all(
        re.search(r"  created [\d-]{10} [\d:]{5} UTC, signs from [\d-]{10} [\d:]{5} UTC$", line) for line in listed
    )
    log = printed(workgraph, "audit")
    assert facts(log) == [("SIGNING_KEY_ROTATED", key_id) for key_id in ids]
    assert "PRIVATE" not in "\n".join([*listed, *log])


@pytest.mark.verify
def test_the_log_is_printed_of_all_of_one_and_since_a_time(workgraph: Workgraph) -> None:
    ann, bob = created(workgraph, "ann@example.org"), created(workgraph, "bob@example.org")
    both = printed(workgraph, "audit")
    assert facts(both) == [("REGISTERED", ann), ("REGISTERED", bob)]
    assert "example.org" not in "\n".join(both)
    assert printed(workgraph, "audit", "--user", " ANN@example.org ", "--since", "2026-01-01") == both[:1]
    first, second = (datetime.fromisoformat(LINE.fullmatch(line)[1]) for line in both)  # type: ignore[index]
    assert printed(workgraph, "audit", "--since", f"{first:%Y-%m-%dT%H:%M}+00:00") == both, "as its help shows"
    later = (max(first, second) + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=2)))
    assert printed(workgraph, "audit", "--since", later.isoformat()) == []
    hour_ago = (first - timedelta(hours=1)).astimezone(timezone(timedelta(hours=14)))
    assert printed(workgraph, "audit", "--since", hour_ago.isoformat()) == both, "the offset counts"
    assert printed(workgraph, "audit", "--since", later.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")) == []
    for unknown in ("nobody@example.org", "%"):
        done = workgraph.run("audit", "--user", unknown)
        assert (done.returncode, done.stdout, "No account" in done.stderr) == (1, "", True)


@pytest.mark.verify
def test_an_account_is_deactivated_reactivated_and_deleted(workgraph: Workgraph) -> None:
    ann = created(workgraph, "ann@example.org")
    for command, done in (("deactivate", "Deactivated"), ("reactivate", "Reactivated"), ("delete", "Deleted")):
        assert printed(workgraph, "user", command, "Ann@Example.org") == [f"{done} {ann}."]
    for command in ("delete", "reactivate"):
        gone = workgraph.run("user", command, "ann@example.org")
        assert (gone.returncode, gone.stdout) == (1, "")
        assert gone.stderr.startswith("workgraph: No account")
    log = [(kind, user) for kind, user in facts(printed(workgraph, "audit")) if kind.startswith("ACCOUNT_")]
    assert log == [("ACCOUNT_DEACTIVATED", ann), ("ACCOUNT_REACTIVATED", ann), ("ACCOUNT_DELETED", ann)]
    assert created(workgraph, "ann@example.org") != ann


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "", "2026-01-01T25:00:00"])
def test_a_time_that_is_none_is_refused_before_anything_is_read(since: str) -> None:
    done = CliRunner().invoke(cli, ["audit", "--since", since])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Invalid value for '--since'" in done.stderr
