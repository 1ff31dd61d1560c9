"""The commit before the work on speed, checked out beside this one to be measured as another server."""

import shutil
import subprocess
from pathlib import Path

from benchmarks.environments import installed_environment
from benchmarks.failures import BenchmarkError
from benchmarks.pythons import Python

COMMIT = "183cb243f99148c36f65428002727c12f9ec23e6"
LOCK = "requirements.txt"
_DONE = ".commit"


def checked_out(folder: Path, *, root: Path, commit: str = COMMIT) -> Path:
    """Folder with the files of the commit; raises BenchmarkError where the git history lacks it."""
    done = folder / _DONE
    if done.is_file() and done.read_text() == commit:
        return folder.resolve()
    try:
        archive = subprocess.run(  # noqa: S603
            ["git", "-C", str(root), "archive", "--format=tar", commit],  # noqa: S607
            capture_output=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchmarkError(f"the git history here does not have commit {commit[:8]}") from error
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)  # noqa: S603, S607
    done.write_text(commit)
    return folder.resolve()


def interpreter(folder: Path, *, root: Path, ours: Path, python: Python) -> Path:
    """Interpreter with the packages of the checked-out commit: ours if both lock files are equal."""
    if (folder / LOCK).read_bytes() == (root / LOCK).read_bytes():
        return ours
    return installed_environment(folder.with_name("python-before"), python, folder / LOCK)
