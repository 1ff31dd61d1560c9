from infra.dev.embedded import EmbeddedServerError
from infra.dev.folder_lock import FolderInUse
from infra.settings import SettingsError


class BenchmarkError(Exception):
    """Error that ends a run; its text says why and what to do."""


EXPECTED = (BenchmarkError, EmbeddedServerError, FolderInUse, SettingsError)
"""Errors that end a run without a defect of the benchmark; shown as one line instead of a traceback."""
