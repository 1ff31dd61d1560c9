"""Folders of the benchmark."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = Path(".workgraph") / "bench"
"""Data sets, environments and checkouts, which are kept from run to run."""
ENVIRONMENTS = FOLDER / "environments"
BEFORE_FOLDER = FOLDER / "before"
PEERS = ROOT / "benchmarks" / "peers"
PYTHON_PEERS = ROOT / "benchmarks" / "python_peers"
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
CHART = ROOT / "benchmarks" / "results.svg"
