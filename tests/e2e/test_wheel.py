import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.e2e.processes import ROOT

pytestmark = pytest.mark.verify

PACKAGES = ("api", "cli", "domain", "infra", "migrations", "strawberry_compiled")
LEFT_OUT = shutil.ignore_patterns("node_modules", "__pycache__", "*.egg-info", "build")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the content of both wheels and nothing else of the project."""
    source, wheels = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheels")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=LEFT_OUT)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels)]
    subprocess.run([sys.executable, *build, "./strawberry_compiled", "."], cwd=source, check=True, capture_output=True)
    site = tmp_path_factory.mktemp("site")
    both = sorted(wheels.glob("*.whl"))
    assert [wheel.name.partition("-")[0] for wheel in both] == ["strawberry_compiled", "workgraph"]
    for wheel in both:
        zipfile.ZipFile(wheel).extractall(site)
    return site


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_what_the_commands_read(installed: Path):
    committed = {path.name for path in (ROOT / "migrations/versions").glob("*.py")}
    assert {path.name for path in (installed / "migrations/versions").glob("*.py")} == committed
    for name in (
        "api/schema.graphql",
        "api/explorer/page/index.html",
        "api/explorer/page/samples/samples.json",
        "api/front/look.css",
        "api/front/landing.html",
        "api/mailbox/list.html",
        "infra/mail/letters/layout.html",
        "migrations/script.py.mako",
    ):
        assert (installed / name).is_file(), f"{name}: add it to package-data in pyproject.toml"
    assert not (installed / "tests").exists()


def test_the_wheel_migrates_and_prints_its_schema_in_any_folder(installed: Path, tmp_path: Path):
    checked = run(installed, tmp_path, "migrate", "--check")
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
    assert run(installed, tmp_path, "schema", "--check").returncode == 0
    assert list(tmp_path.iterdir()) == []
