from dataclasses import dataclass

from domain.shared.actor import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyDraft:
    """`workspace_ids` None: all of the person's workspaces, also those of the future; `expires_in_days` None: 90."""

    name: str
    scopes: tuple[Scope, ...]
    workspace_ids: tuple[str, ...] | None = None
    expires_in_days: int | None = None
    never_expires: bool = False
