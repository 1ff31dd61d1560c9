"""Programs that servers of the comparison run on: interpreters with their packages, made when they are missing."""

import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import before, pythons
from benchmarks.environments import installed_environment
from benchmarks.failures import BenchmarkError
from benchmarks.node import installed_node
from benchmarks.places import BEFORE_FOLDER, ENVIRONMENTS, PYTHON_PEERS, ROOT
from benchmarks.pythons import NEWER, Python

PYTHON, NEWER_PYTHON, BEFORE, NODE = "python", "newer python", "before", "node"
PEERS_PYTHON, PEERS_NEWER_PYTHON, FRAISEQL_PYTHON = "peers", "newer peers", "fraiseql"
FAILURES = (BenchmarkError, OSError, subprocess.SubprocessError)
LOCK = ROOT / "requirements.txt"
PEERS_LOCK = PYTHON_PEERS / "requirements.txt"
FRAISEQL_LOCK = PYTHON_PEERS / "fraiseql.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Path of each program that is there, and for each other the reason why not."""

    paths: Mapping[str, Path]
    missing: Mapping[str, str] = field(default_factory=dict)
    python: Python
    """Interpreter of the Python servers."""
    newer: Python | None
    """Python 3.13 or newer, unless the servers run on it anyway."""


def prepared(names: Collection[str], *, tell: Callable[[str], None]) -> Programs:
    """Programs with these names, of which PYTHON is always there; installs what is not there yet."""
    python, path = _for_servers(tell)
    newest = pythons.newest(pythons.installed())
    newer = newest if newest is not None and newest.minor > python.minor else None
    paths: dict[str, Path] = {PYTHON: path}
    missing = {}
    makers: Mapping[str, Callable[[], Path]] = {
        NEWER_PYTHON: lambda: _environment("python-newer", _required(newer), LOCK, tell),
        BEFORE: lambda: before.interpreter(
            before.checked_out(BEFORE_FOLDER, root=ROOT), root=ROOT, ours=paths[PYTHON], python=python
        ),
        PEERS_PYTHON: lambda: _environment("peers", python, PEERS_LOCK, tell),
        PEERS_NEWER_PYTHON: lambda: _environment("peers-newer", _required(newest), PEERS_LOCK, tell),
        FRAISEQL_PYTHON: lambda: _environment("fraiseql", _required(newest), FRAISEQL_LOCK, tell),
        NODE: installed_node,
    }
    for name in sorted(set(names) - {PYTHON}):
        try:
            paths[name] = makers[name]()
        except FAILURES as error:
            missing[name] = str(error)
    return Programs(paths=paths, missing=missing, python=python, newer=newer)


def _for_servers(tell: Callable[[str], None]) -> tuple[Python, Path]:
    """Interpreter of the servers, with the program that has its packages: our own if no better one can be prepared."""
    own = pythons.own()
    python = pythons.best_for_servers(pythons.installed(), own)
    if python != own:
        try:
            return python, _environment("python", python, LOCK, tell)
        except FAILURES as error:
            tell(f"The servers run on our own Python {own.version}: {error}")
    return own, Path(sys.executable)


def _environment(name: str, python: Python, lock: Path, tell: Callable[[str], None]) -> Path:
    tell(f"Packages of {lock.relative_to(ROOT)} for Python {python.version} in {ENVIRONMENTS / name}.")
    return installed_environment(ENVIRONMENTS / name, python, lock, has_wheels=lock.parent == PYTHON_PEERS)


def _required(python: Python | None) -> Python:
    if python is None:
        raise BenchmarkError(f"no other Python of version {'.'.join(map(str, NEWER))} or newer is installed")
    return python
