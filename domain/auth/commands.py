from dataclasses import dataclass

from domain.shared.actor import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyDraft:
    """A new API key. `workspace_ids` None: all workspaces, future ones included; `expires_in_days` None: 90."""

    name: str
    scopes: tuple[Scope, ...]
    workspace_ids: tuple[str, ...] | None = None
    expires_in_days: int | None = None
    never_expires: bool = False
