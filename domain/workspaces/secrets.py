"""What accepts an invitation: derived again for each mail, so that neither the database nor a job ever holds it."""

import hmac
import re
from base64 import urlsafe_b64encode

from domain.auth.refresh import digest_of
from domain.workspaces.model import Invitation

PREFIX = "wgi_"
_SHAPE = re.compile(r"wgi_[A-Za-z0-9_-]{43}", re.ASCII)


class InvitationSecrets:
    """`key` (32 bytes) is of this purpose alone; without it an invitation's row tells nothing of its secret."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, invitation_id: str, issue: int) -> str:
        """The secret that was sent out with an invitation for the first, second, ... time: 256 bits."""
        derived = hmac.digest(self._key, f"{invitation_id}.{issue}".encode(), "sha256")
        return PREFIX + urlsafe_b64encode(derived).rstrip(b"=").decode()

    def digest(self, invitation_id: str, issue: int) -> str:
        """What is stored of it."""
        return digest_of(self.of(invitation_id, issue))

    def of_invitation(self, invitation: Invitation) -> str:
        """The secret that is good now."""
        return self.of(invitation.id, invitation.issue)


def presented_digest(secret: str) -> str | None:
    """What to look for when somebody presents this; None for what cannot be a secret of an invitation."""
    return digest_of(secret) if _SHAPE.fullmatch(secret) else None
