"""Virtual environments of the benchmark: made once per lock file and interpreter, kept from run to run."""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.failures import BenchmarkError
from benchmarks.pythons import Python

INSTALL_SECONDS = 900
SHOWN_LINES = 6
_STAMP = "installed.sha256"
_PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")


def installed_environment(folder: Path, python: Python, requirements: Path, *, has_wheels: bool = False) -> Path:
    """Interpreter of an environment with exactly the packages of the lock file; raises BenchmarkError if that fails.

    With `has_wheels`, no package is built: one without a wheel for this machine fails at once.
    """
    executable = folder.resolve() / "bin" / "python"
    wanted = hashlib.sha256(f"{python.executable} {python.version}\n".encode() + requirements.read_bytes()).hexdigest()
    stamp = folder / _STAMP
    if executable.exists() and stamp.is_file() and stamp.read_text() == wanted:
        return executable
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _run([str(python.executable), "-m", "venv", str(folder)], "The venv module failed")
    # --no-deps: a lock file is complete, and pip would add what excluded.txt leaves out of it.
    install = [str(executable), *_PIP, "install", "--require-hashes", "--no-deps", "-r", str(requirements)]
    install += ["--only-binary", ":all:"] if has_wheels else []
    _run(install, f"{requirements.name} could not be installed for Python {python.version}")
    stamp.write_text(wanted)
    return executable


def _run(command: Sequence[str], problem: str) -> None:
    try:
        subprocess.run(command, check=True, timeout=INSTALL_SECONDS, capture_output=True, text=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        told = "\n".join((error.stderr or error.stdout).strip().splitlines()[-SHOWN_LINES:])
        raise BenchmarkError(f"{problem}:\n{told}") from error
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"{problem}: it took longer than {INSTALL_SECONDS} seconds.") from error
