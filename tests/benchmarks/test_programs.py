"""Interpreters, environments and the earlier commit that servers of the benchmark run on."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import before, environments, programs
from benchmarks.environments import installed_environment
from benchmarks.failures import BenchmarkError
from benchmarks.pythons import Python, best_for_servers, newest, own, probed

GIT = ("git", "-c", "user.name=Someone", "-c", "user.email=someone@example.com")


def python(version: str, *, is_optimized: bool) -> Python:
    numbers = tuple(map(int, version.split(".")))
    return Python(executable=Path(f"/{version}"), version=version, numbers=numbers, is_optimized=is_optimized)


OWN = python("3.11.7", is_optimized=False)


def test_servers_run_on_an_optimized_python_of_our_version_rather_than_of_another() -> None:
    plain = python("3.13.0", is_optimized=False)
    others = [plain, python("3.14.1", is_optimized=True), python("3.11.2", is_optimized=True)]
    assert best_for_servers(others, OWN).version == "3.11.2"
    assert best_for_servers(others[:2], OWN).version == "3.14.1"
    assert best_for_servers([plain, python("3.10.9", is_optimized=True)], OWN) == OWN
    optimized = python("3.11.9", is_optimized=True)
    assert best_for_servers(others, optimized) == optimized


def test_the_newest_python_is_an_optimized_one_if_there_is_one() -> None:
    found = [OWN, python("3.14.0", is_optimized=False), python("3.13.2", is_optimized=True)]
    assert newest(found) == found[2]
    assert newest(found[:2]) == found[1]
    assert newest(found[:1]) is None


def test_an_interpreter_is_probed_outside_of_its_environment(tmp_path: Path) -> None:
    assert own().numbers == sys.version_info[:3]
    assert own().executable.parent != Path(sys.executable).parent or sys.prefix == sys.base_prefix
    assert probed(tmp_path / "missing") is None
    silent = tmp_path / "python3.13"
    silent.write_text("#!/bin/sh\nexit 0\n")
    silent.chmod(0o755)
    assert probed(silent) is None
    assert own().title.startswith(f"{own().version} (built with")


def repository(folder: Path) -> str:
    """Makes a repository with one commit; returns the commit."""
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / "requirements.txt").write_text("a==1\n")
    subprocess.run([*GIT, "-C", str(folder), "add", "."], check=True)
    subprocess.run([*GIT, "-C", str(folder), "commit", "--quiet", "--message", "Begin."], check=True)
    shown = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return shown.stdout.strip()


def test_the_earlier_commit_is_checked_out_once(tmp_path: Path) -> None:
    root = tmp_path / "root"
    commit = repository(root)
    (root / "requirements.txt").write_text("a==2\n")
    folder = before.checked_out(tmp_path / "before", root=root, commit=commit)
    assert (folder / "requirements.txt").read_text() == "a==1\n"
    (folder / "made by a run").touch()
    assert before.checked_out(tmp_path / "before", root=root, commit=commit) == folder
    assert (folder / "made by a run").exists()


@pytest.mark.parametrize("has_repository", [True, False])
def test_without_the_commit_the_reason_is_told(has_repository: bool, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    if has_repository:
        repository(root)
    with pytest.raises(BenchmarkError, match=r"^the git history here does not have commit 183cb243$"):
        before.checked_out(tmp_path / "before", root=root)
    assert not (tmp_path / "before").exists()


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that would make environments. A lock file that names a missing package cannot be installed."""
    given: list[list[str]] = []

    def run(command: list[str], **_: Any) -> None:
        given.append(command)
        if "venv" in command:
            executable = Path(command[-1]) / "bin" / "python"
            executable.parent.mkdir(parents=True)
            executable.touch()
        elif "missing" in Path(command[-1]).read_text():
            raise subprocess.CalledProcessError(1, command, stderr="many lines\n" * 9 + "No missing package.\n")

    monkeypatch.setattr(environments.subprocess, "run", run)
    return given


def test_the_earlier_commit_shares_our_environment_if_its_packages_are_ours(
    commands: list[list[str]], tmp_path: Path
) -> None:
    ours, root, folder = Path("/ours"), tmp_path / "root", tmp_path / "before"
    for place in (root, folder):
        place.mkdir()
        (place / "requirements.txt").write_text("")
    assert before.interpreter(folder, root=root, ours=ours, python=OWN) == ours
    assert commands == []
    (root / "requirements.txt").write_text("# another\n")
    made = before.interpreter(folder, root=root, ours=ours, python=OWN)
    assert made == tmp_path / "python-before" / "bin" / "python"
    assert commands[1][-2:] == ["-r", str(folder / "requirements.txt")]


def test_an_environment_is_made_anew_when_its_lock_file_or_interpreter_changes(
    commands: list[list[str]], tmp_path: Path
) -> None:
    lock, folder = tmp_path / "requirements.txt", tmp_path / "made"
    lock.write_text("")
    for _ in range(2):
        assert installed_environment(folder, OWN, lock) == folder / "bin" / "python"
    assert commands == [
        ["/3.11.7", "-m", "venv", str(folder)],
        [
            str(folder / "bin" / "python"),
            *("-m", "pip", "--disable-pip-version-check", "--quiet"),
            *("install", "--require-hashes", "--no-deps", "-r", str(lock)),
        ],
    ]
    lock.write_text("# changed\n")
    installed_environment(folder, OWN, lock)
    installed_environment(folder, python("3.13.0", is_optimized=False), lock)
    assert len(commands) == 6


def test_packages_that_cannot_be_installed_are_told_and_tried_again(commands: list[list[str]], tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("missing")
    problem = r"^requirements\.txt could not be installed for Python 3\.11\.7:\n(many lines\n){5}No missing package\.$"
    for _ in range(2):
        with pytest.raises(BenchmarkError, match=problem):
            installed_environment(tmp_path / "made", OWN, lock)
    assert len(commands) == 4


OPTIMIZED = python("3.11.2", is_optimized=True)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Exception]:
    """Environments that fail, by name; all others are made at once. The machine has our Python and an optimized one."""
    failing: dict[str, Exception] = {}

    def make(folder: Path, _python: Python, _lock: Path, **_: Any) -> Path:
        if folder.name in failing:
            raise failing[folder.name]
        return tmp_path / folder.name

    monkeypatch.setattr(programs.pythons, "own", lambda: OWN)
    monkeypatch.setattr(programs.pythons, "installed", lambda: (OWN, OPTIMIZED))
    monkeypatch.setattr(programs, "installed_environment", make)
    monkeypatch.setattr(programs, "installed_node", lambda: tmp_path / "node")
    return failing


def test_a_missing_program_is_named_with_its_reason(made: dict[str, Exception], tmp_path: Path) -> None:
    made["peers"] = OSError("No space left.")
    told: list[str] = []
    wanted = {programs.PYTHON, programs.NODE, programs.NEWER_PYTHON, programs.PEERS_PYTHON}
    found = programs.prepared(wanted, tell=told.append)
    assert found.paths == {programs.PYTHON: tmp_path / "python", programs.NODE: tmp_path / "node"}
    assert found.missing == {
        programs.NEWER_PYTHON: "no other Python of version 3.13 or newer is installed",
        programs.PEERS_PYTHON: "No space left.",
    }
    assert (found.python, found.newer) == (OPTIMIZED, None)
    assert told[0] == "Packages of requirements.txt for Python 3.11.2 in .workgraph/bench/environments/python."


def test_servers_run_on_our_own_python_if_no_better_one_is_there_or_can_be_prepared(
    made: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    made["python"] = BenchmarkError("There is no network.")
    told: list[str] = []
    found = programs.prepared({programs.PYTHON}, tell=told.append)
    assert (found.python, found.paths) == (OWN, {programs.PYTHON: Path(sys.executable)})
    assert told[-1] == "The servers run on our own Python 3.11.7: There is no network."
    monkeypatch.setattr(programs.pythons, "installed", lambda: (OWN,))
    told.clear()
    assert programs.prepared({programs.PYTHON}, tell=told.append).paths == {programs.PYTHON: Path(sys.executable)}
    assert told == []
