"""`python -m tests.explorer.lint`: checks the explorer's modules with ESLint and `tsc --checkJs`."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from api.explorer.install import InstallError, install_locked, wheel_npm_command
from api.explorer.static_files import PAGE

FOLDER = Path(__file__).parent
PACKAGES = FOLDER / "node_modules"
INSTALLED = PACKAGES / ".installed"
ESLINT = PACKAGES / "eslint" / "bin" / "eslint.js"
TSC = PACKAGES / "typescript" / "bin" / "tsc"
SECONDS = 120


def install() -> None:
    """Installs the linters unless those of the current lock file are installed."""
    lock = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    if INSTALLED.exists() and INSTALLED.read_text() == lock:
        return
    install_locked(FOLDER)
    INSTALLED.write_text(lock)


def findings(page: Path, project: Path) -> Iterator[str]:
    """The report of each linter that finds something; `project` is the tsconfig.json that includes the page."""
    node, _ = wheel_npm_command()
    # ESLint lints no file outside of its working directory.
    for command, folder in (
        ([node, str(ESLINT), "--config", str(FOLDER / "eslint.config.js"), "."], page),
        ([node, str(TSC), "--project", str(project), "--pretty", "false"], FOLDER),
    ):
        done = subprocess.run(command, cwd=folder, timeout=SECONDS, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            yield f"{done.stdout}{done.stderr}".strip()


def main() -> int:
    try:
        install()
        found = list(findings(PAGE, FOLDER / "tsconfig.json"))
    except InstallError as error:
        found = [str(error)]
    sys.stderr.write("".join(f"{report}\n" for report in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
