"""Virtual environments with the package's wheel and chosen versions of its dependencies, outside of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
TEST_TOOLS = ("pytest", "pytest-asyncio", "fastapi", "httpx", "python-multipart")
SECONDS = 300


class NoPackageIndex(Exception):
    """The package index is out of reach; the message is what pip says."""


def run(command: Sequence[str | Path], cwd: Path) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def available_versions(name: str, folder: Path) -> list[str]:
    """The released versions on the package index, newest first."""
    done = run([sys.executable, "-m", "pip", "index", "versions", name], folder)
    found = re.search(r"Available versions: (.*)", done.stdout)
    if done.returncode or found is None:
        raise NoPackageIndex(done.stderr.strip().rpartition("\n")[2])
    return found[1].split(", ")


def built_wheel(folder: Path) -> Path:
    """Builds the wheel from a copy of the sources."""
    source = folder / "source"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    shutil.copytree(PROJECT / "src", source / "src", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, source]
    done = run(build, folder)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def environment(folder: Path, *requirements: str | Path) -> Path:
    """The interpreter of a new environment with the requirements; uv makes one in a second, pip takes ten."""
    home = folder / "venv"
    python = home / "bin" / "python"
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    commands: list[list[str | Path]] = (
        [[uv, "venv", "-q", "-p", sys.executable, home], [uv, "pip", "install", "-q", "-p", python, *requirements]]
        if uv
        else [[sys.executable, "-m", "venv", home], [python, "-m", "pip", "install", "-q", *requirements]]
    )
    for command in commands:
        done = run(command, folder)
        assert done.returncode == 0, done.stderr
    return python


def copy_of_tests(folder: Path) -> Path:
    """A folder with the tests and what they read, without the package."""
    copied = folder / "copy"
    for name in ("tests", "benchmarks"):
        shutil.copytree(PROJECT / name, copied / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(PROJECT / name, copied)
    return copied


def same_as_here(*names: str) -> list[str]:
    """Requirements of the versions that are installed in this environment."""
    return [f"{name}=={version(name)}" for name in names]
