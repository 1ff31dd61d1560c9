from dataclasses import dataclass
from typing import ClassVar

from domain.shared.mail import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberWelcome(Letter):
    """To somebody who has been added to a workspace."""

    kind: ClassVar[str] = "workspaces.member_welcome"

    person: str
    workspace: str
    url: str
