"""Version of Workgraph, for the API and the command line."""

from importlib.metadata import PackageNotFoundError, version


def version_text() -> str:
    """Version of the installed package, or `unknown`."""
    try:
        return version("workgraph")
    except PackageNotFoundError:  # the package runs from a folder without being installed
        return "unknown"
