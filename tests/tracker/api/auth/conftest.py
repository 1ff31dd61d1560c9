from tests.platform.api.auth.conftest import client, identity

__all__ = ["client", "identity"]
