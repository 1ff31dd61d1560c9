from hashlib import sha256

from domain.accounts.passwords import normal_form
from domain.accounts.ports import Verdict
from domain.shared.errors import Unavailable

WEAK = "weak$"


class MemoryPasswordHasher:
    """Fast hasher for tests. Hashes that start with `weak$` are upgraded; `is_full` refuses every password."""

    def __init__(self) -> None:
        self.verified = 0
        self.is_full = False

    async def hash(self, password: str) -> str:
        self._admit()
        encoded = normal_form(password)
        if encoded is None:
            raise ValueError("not a password")
        return "memory$" + sha256(encoded).hexdigest()

    async def verify(self, password: str, stored: str | None) -> Verdict:
        self._admit()
        self.verified += 1
        encoded = normal_form(password)
        if stored is None or encoded is None:
            return Verdict(is_right=False)
        algorithm, _, digest = stored.partition("$")
        is_right = algorithm in ("weak", "memory") and digest == sha256(encoded).hexdigest()
        upgraded = await self.hash(password) if is_right and stored.startswith(WEAK) else None
        return Verdict(is_right=is_right, upgraded=upgraded)

    def _admit(self) -> None:
        if self.is_full:
            raise Unavailable("Too many password checks are in progress. Retry in one second.")
