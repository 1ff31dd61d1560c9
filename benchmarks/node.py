"""The peers' packages, and the newest Node.js to run them all with: PostGraphile needs at least 22."""

import json
import platform
import subprocess
from pathlib import Path

from api.explorer.install import InstallError, npm_command
from benchmarks.failures import BenchmarkError
from benchmarks.places import PEERS

INSTALL_SECONDS = 600
SHOWN = (
    "@apollo/server",
    "dataloader",
    "fastify",
    "graphql",
    "graphql-jit",
    "graphql-yoga",
    "mercurius",
    "pg",
    "postgraphile",
)
_ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64"}


def installed_node() -> Path:
    """The binary to run the peers with; installs what package-lock.json names unless that was done."""
    done = PEERS / "node_modules" / ".package-lock.json"
    if not done.is_file() or done.stat().st_mtime < (PEERS / "package-lock.json").stat().st_mtime:
        _install()
    machine = _ARCHITECTURES.get(platform.machine(), platform.machine())
    node = PEERS / "node_modules" / f"node-linux-{machine}" / "bin" / "node"
    if not node.is_file():
        raise BenchmarkError(f"There is no package node-linux-{machine}. Leave the peers out with --servers.")
    return node


def _install() -> None:
    try:
        command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=PEERS, check=True, timeout=INSTALL_SECONDS, capture_output=True, text=True)  # noqa: S603
    except InstallError as error:
        raise BenchmarkError(f"{error} Or leave the peers out with --servers.") from error
    except subprocess.CalledProcessError as error:
        raise BenchmarkError(f"npm ci failed:\n{error.stderr.strip()}") from error
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"npm ci took longer than {INSTALL_SECONDS} seconds.") from error


def node_versions(node: Path) -> dict[str, str]:
    told = subprocess.run([str(node), "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    packages = json.loads((PEERS / "package-lock.json").read_text())["packages"]
    return {"Node.js": told.stdout.strip().removeprefix("v")} | {
        name: packages[f"node_modules/{name}"]["version"] for name in SHOWN
    }
