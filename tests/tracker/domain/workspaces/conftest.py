from tests.platform.domain.workspaces.conftest import house

__all__ = ["house"]
