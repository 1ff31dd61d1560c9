from tests.platform.domain.auth.conftest import identity

__all__ = ["identity"]
