"""The security log as an operator reads it."""

from domain.shared.security import SecurityEvent


def printed_line(line: SecurityEvent) -> str:
    """When, what, about whom and what, from where."""
    about = " ".join(part for part in (line.user_id, line.subject_id, line.workspace_id) if part)
    place = f"{line.address or '-'}  {line.device or '-'}"
    return f"{line.occurred_at:%Y-%m-%dT%H:%M:%SZ}  {line.kind}  {about or '-'}  {place}"
