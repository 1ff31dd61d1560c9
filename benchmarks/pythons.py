"""Python interpreters of this machine, and whether each was built with profile-guided optimization."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROBE_SECONDS = 20
MINORS = range(16, 10, -1)
NEWER = (3, 13)
"""Version from which on Workgraph is also measured on a newer Python."""
_FOLDERS = (
    ".pyenv/versions/*/bin",
    ".local/share/uv/python/*/bin",
)
# Debian and Ubuntu build with profile-guided optimization by a target of make, which leaves no trace in CONFIG_ARGS;
# their patched sysconfig has a scheme of its own.
_PROBE = """import json, platform, sys, sysconfig
is_debian = "deb_system" in sysconfig.get_scheme_names()
print(json.dumps({
    "executable": getattr(sys, "_base_executable", sys.executable),
    "version": platform.python_version(),
    "implementation": platform.python_implementation(),
    "numbers": sys.version_info[:3],
    "is_final": sys.version_info.releaselevel == "final",
    "is_optimized": is_debian or "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
}))"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """Interpreter outside of virtual environments. `numbers` are major, minor and patch level."""

    executable: Path
    version: str
    numbers: tuple[int, ...]
    is_optimized: bool

    @property
    def minor(self) -> tuple[int, ...]:
        return self.numbers[:2]

    @property
    def title(self) -> str:
        built = "with" if self.is_optimized else "without"
        return f"{self.version} (built {built} profile-guided optimization)"


def probed(executable: Path | str) -> Python | None:
    """The interpreter behind an executable, also one in a virtual environment; None unless it is a released CPython."""
    try:
        done = subprocess.run(  # noqa: S603
            [str(executable), "-I", "-c", _PROBE],
            capture_output=True,
            text=True,
            check=True,
            timeout=PROBE_SECONDS,
        )
        told = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if told["implementation"] != "CPython" or not told["is_final"]:
        return None
    return Python(
        executable=Path(told["executable"]),
        version=told["version"],
        numbers=tuple(told["numbers"]),
        is_optimized=told["is_optimized"],
    )


@cache
def own() -> Python:
    """The interpreter of this process."""
    python = probed(sys.executable)
    assert python is not None
    return python


@cache
def installed() -> Sequence[Python]:
    """All interpreters found, each once: on the path, and in the folders of pyenv and uv."""
    found: dict[Path, Python] = {}
    for candidate in _candidates():
        python = probed(candidate)
        if python is not None:
            found.setdefault(python.executable.resolve(), python)
    return tuple(found.values())


def best_for_servers(pythons: Iterable[Python], own: Python) -> Python:
    """Interpreter for all Python servers: optimized if there is one, of our own minor version rather than another."""
    rated = [each for each in (own, *pythons) if each.is_optimized and each.numbers >= (3, 11)]
    return max(rated, key=lambda each: (each.minor == own.minor, each.numbers), default=own)


def newest(pythons: Iterable[Python], *, since: tuple[int, int] = NEWER) -> Python | None:
    """The newest interpreter since the version, optimized rather than not; None if there is none."""
    found = [each for each in pythons if each.numbers >= since]
    return max(found, key=lambda each: (each.is_optimized, each.numbers), default=None)


def _candidates() -> Iterable[Path]:
    folders = [Path(folder) for folder in os.get_exec_path() if folder]
    # A virtual environment or a version manager may come first on the path and hide the system's interpreter.
    folders += [Path("/usr/local/bin"), Path("/usr/bin")]
    for pattern in _FOLDERS:
        folders += sorted(Path.home().glob(pattern))
    for folder in dict.fromkeys(folders):
        names = [f"python3.{minor}" for minor in MINORS]
        yield from (path for name in names if (path := folder / name).is_file())
