"""Description of the measured machine, without the name of the machine or its owner."""

import os
import platform
from importlib import metadata
from pathlib import Path

from benchmarks.pythons import Python

PACKAGES = (
    "asyncpg",
    "fastapi",
    "graphql-core",
    "httptools",
    "orjson",
    "pydantic",
    "sqlalchemy",
    "starlette",
    "strawberry-graphql",
    "uvicorn",
    "uvloop",
)


def machine() -> str:
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{_cpu_model()}, {os.cpu_count()} cores, {gibibytes:.0f} GiB of memory, {platform.system()}"


def python_versions(python: Python, newer: Python | None) -> dict[str, str]:
    """Versions of the interpreters and of the packages that the Python servers run on, which the lock file fixes."""
    versions = {"Python": python.title}
    if newer is not None:
        versions["newer Python"] = newer.title
    return versions | {name: metadata.version(name) for name in PACKAGES}


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
