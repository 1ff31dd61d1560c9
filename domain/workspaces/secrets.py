"""Secrets of invitations, derived again for each mail, so that neither the database nor a job ever holds one."""

from domain.shared.secrets import SecretFormat, digest_of
from domain.workspaces.model import Invitation

FORMAT = SecretFormat("wgi_")


class InvitationSecrets:
    """Derives the secrets of invitations from `key` (32 bytes, used for nothing else), so that no row reveals one."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, invitation_id: str, generation: int) -> str:
        """The secret of the invitation's `generation`, counted per sending: 256 bits."""
        return FORMAT.derived(self._key, f"{invitation_id}.{generation}")

    def digest(self, invitation_id: str, generation: int) -> str:
        """The stored digest of an invitation's secret."""
        return digest_of(self.of(invitation_id, generation))

    def of_invitation(self, invitation: Invitation) -> str:
        """The currently valid secret of an invitation."""
        return self.of(invitation.id, invitation.generation)
