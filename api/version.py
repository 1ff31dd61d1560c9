"""The version that the API and the command line show."""

from importlib.metadata import PackageNotFoundError, version


def version_text() -> str:
    """Version of the installed package, or `unknown`."""
    try:
        return version("workgraph")
    except PackageNotFoundError:  # it runs out of a folder, not installed
        return "unknown"
