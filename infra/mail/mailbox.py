"""The development mailbox: mail is stored in a folder, which the page /dev/mail shows."""

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from domain.shared.clock import Clock
from domain.shared.mail import MAIL_ID, Mail, StoredMail
from infra.mail.letters import JinjaLetters
from infra.shared.disk import unfinished_file

MOST_MAILS = 200


class DiskMailbox:
    """One file per mail, readable by its owner only and replaced atomically. Only the newest mails are kept."""

    def __init__(self, folder: Path, *, most: int = MOST_MAILS) -> None:
        self._folder = folder
        self._most = most

    async def keep(self, mail: StoredMail) -> None:
        """Stores the mail, in place of an earlier one with this ID."""
        await asyncio.to_thread(self._keep, mail)

    async def newest(self) -> Sequence[StoredMail]:
        return await asyncio.to_thread(lambda: [mail for path in self._paths() if (mail := _read(path))])

    async def find(self, mail_id: str) -> StoredMail | None:
        if not MAIL_ID.fullmatch(mail_id):
            return None
        return await asyncio.to_thread(_read, self._folder / f"{mail_id}.json")

    def _keep(self, mail: StoredMail) -> None:
        fields = {name: getattr(mail, name) for name in ("id", "to", "subject", "text", "html")}
        content = json.dumps(fields | {"sent_at": mail.sent_at.isoformat()}).encode()
        moment = int(mail.sent_at.timestamp() * 1_000_000) * 1000
        with unfinished_file(self._folder) as file:
            file.write(content)
            file.flush()
            os.utime(file.name, ns=(moment, moment))  # the list is sorted by modification time
            Path(file.name).replace(self._folder / f"{mail.id}.json")
        for path in self._paths()[self._most :]:
            path.unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        """Files of mails, newest first."""
        if not self._folder.is_dir():
            return []
        with os.scandir(self._folder) as entries:
            dated = [(time, entry.name) for entry in entries if entry.name.endswith(".json") and (time := _time(entry))]
        return [self._folder / name for _, name in sorted(dated, reverse=True)]


class MailboxMailer:
    is_set = True

    def __init__(self, mailbox: DiskMailbox, letters: JinjaLetters, clock: Clock) -> None:
        self._mailbox = mailbox
        self._letters = letters
        self._clock = clock

    async def send(self, mail: Mail) -> None:
        letter = self._letters.write(mail.letter)
        stored = StoredMail(
            id=mail.id,
            to=mail.to,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            sent_at=self._clock.now(),
        )
        await self._mailbox.keep(stored)


def _time(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat().st_mtime_ns
    except FileNotFoundError:  # another process has just removed the surplus mail
        return None


def _read(path: Path) -> StoredMail | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return StoredMail(**values | {"sent_at": datetime.fromisoformat(values["sent_at"])})
