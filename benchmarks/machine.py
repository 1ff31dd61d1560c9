"""Description of the measured machine, without the name of the machine or its owner."""

import os
import platform
import sysconfig
from importlib import metadata
from pathlib import Path

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


def python_versions() -> dict[str, str]:
    is_optimized = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    build = "with profile-guided optimization" if is_optimized else "built without profile-guided optimization"
    return {"Python": f"{platform.python_version()} ({build})"} | {name: metadata.version(name) for name in PACKAGES}


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
