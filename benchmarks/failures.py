from infra.dev.embedded import EmbeddedServerError
from infra.dev.folder_lock import FolderInUse
from infra.settings import SettingsError


class BenchmarkError(Exception):
    """The run cannot go on; the text says why and what to do."""


EXPECTED = (BenchmarkError, EmbeddedServerError, FolderInUse, SettingsError)
"""What a run may end with without being at fault."""
