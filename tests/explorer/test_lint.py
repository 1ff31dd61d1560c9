"""The lint of the explorer finds faults, has exact packages, and belongs to `make check` only."""

import json
import re
import shutil
from pathlib import Path

import pytest

from api.explorer.install import InstallError
from api.explorer.static_files import PAGE
from tests.explorer import lint

ROOT = Path(__file__).parents[2]


def test_packages_are_exact_and_no_registry_is_recorded() -> None:
    lock = (lint.FOLDER / "package-lock.json").read_text()
    assert "://" not in "\n".join(line for line in lock.splitlines() if '"url"' not in line)
    assert '"resolved"' not in lock
    assert "omit-lockfile-registry-resolved=true" in (lint.FOLDER / ".npmrc").read_text()
    named = json.loads((lint.FOLDER / "package.json").read_text())["devDependencies"]
    locked = json.loads(lock)["packages"]
    assert {"eslint", "typescript"} <= named.keys()
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in named.values())
    assert locked[""]["devDependencies"] == named
    assert {name: locked[f"node_modules/{name}"]["version"] for name in named} == named


def test_only_make_check_installs_the_linters() -> None:
    targets = re.findall(r"^(\w+):.*\n((?:\t.*\n)*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [name for name, commands in targets if "tests.explorer.lint" in commands] == ["check"]
    assert "tests" in (ROOT / ".dockerignore").read_text().splitlines()


@pytest.mark.verify
@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        ("undeclared();", "no-undef"),
        ('addEventListener("keydown", (event) => event.kee);', "Property 'kee' does not exist on type 'KeyboardEvent'"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, fault: str, finding: str) -> None:
    lint.install()
    page = shutil.copytree(PAGE, tmp_path / "page")
    project = tmp_path / "tsconfig.json"
    extended = {"extends": str(lint.FOLDER / "tsconfig.json"), "include": [f"{page}/*.js"]}
    project.write_text(json.dumps(extended))
    assert list(lint.findings(page, project)) == []
    (page / "main.js").write_text((page / "main.js").read_text() + fault)
    assert finding in "\n".join(lint.findings(page, project))


def test_linters_are_installed_when_the_lock_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[Path] = []
    monkeypatch.setattr(lint, "FOLDER", tmp_path)
    monkeypatch.setattr(lint, "INSTALLED", tmp_path / ".installed")
    monkeypatch.setattr(lint, "install_locked", installed.append)
    for content in ("one", "one", "two"):
        (tmp_path / "package-lock.json").write_text(content)
        lint.install()
    assert installed == [tmp_path] * 2


def test_without_packages_the_command_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise InstallError("npm ci failed")

    monkeypatch.setattr(lint, "install", fail)
    assert lint.main() == 1
    assert capsys.readouterr().err == "npm ci failed\n"
