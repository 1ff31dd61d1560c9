"""The lock files are complete, leave out the packages of excluded.txt, and python-jose works without them."""

import re
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jose import jwt

ROOT = Path(__file__).parents[2]
REASON, *NAMES = (ROOT / "excluded.txt").read_text().splitlines()
LOCKS = ("requirements.txt", "requirements-dev.txt")


def test_excluded_packages_have_a_reason_and_cannot_be_imported() -> None:
    assert REASON.startswith("# ")
    assert "CVE-2024-23342" in REASON
    assert sorted(NAMES) == ["ecdsa", "pyasn1", "rsa", "six"]
    assert [name for name in NAMES if find_spec(name) is not None] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_files_leave_excluded_packages_out_and_record_no_registry(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pinned = set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))
    assert len(pinned) > 40
    assert pinned.isdisjoint(NAMES)
    assert "://" not in text


def test_installed_packages_lack_nothing_but_what_python_jose_declares_in_excess() -> None:
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert checked.stdout.splitlines() == [
        f"python-jose {version('python-jose')} requires {name}, which is not installed."
        for name in ("ecdsa", "pyasn1", "rsa")
    ]


def test_python_jose_signs_and_verifies_without_the_excluded_packages() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    token = jwt.encode({"sub": "usr_1"}, private, algorithm="ES256")
    assert jwt.decode(token, public, algorithms=["ES256"]) == {"sub": "usr_1"}


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_lock_files_are_installed_by_hash_and_without_resolving(file: str) -> None:
    lines = [line for line in (ROOT / file).read_text().splitlines() if re.search(r" -r requirements\S*\.txt", line)]
    assert lines
    assert [line for line in lines if "--require-hashes --no-deps" not in line] == []


def test_both_stages_of_the_image_have_the_same_python() -> None:
    stages = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert stages == ["python:3.13-slim"] * 2


def test_make_says_what_it_installs_and_how_long_that_takes() -> None:
    dry = subprocess.run(
        ["make", "--dry-run", "--always-make", "install"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    said, installed = dry.stdout.index("Installing the Python packages"), dry.stdout.index("pip install")
    assert said < installed
    assert re.search(r"about \d+ MB, \d+ to \d+ minutes", dry.stdout[said:installed])
