from dataclasses import dataclass
from typing import ClassVar

from domain.shared.jobs import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMemberWelcome(Job):
    kind: ClassVar[str] = "workspaces.send_member_welcome"

    member_id: str
