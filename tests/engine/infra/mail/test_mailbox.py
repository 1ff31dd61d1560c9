import asyncio
import stat
from pathlib import Path

import pytest

from domain.shared.errors import StorageFull
from domain.shared.mail import Mail, StoredMail
from domain.workspaces.mails import MemberWelcome
from infra.mail.letters import JinjaLetters
from infra.mail.mailbox import DiskMailbox, MailboxMailer
from tests.fakes.clock import MemoryClock
from tests.full_disk import no_room_beyond

SITE = "http://localhost:8000"
LETTER = MemberWelcome(person="Ada", workspace="Acme", url=f"{SITE}/acme")
LETTERS = JinjaLetters(site=SITE)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


def mailer_of(mailbox: DiskMailbox, clock: MemoryClock) -> MailboxMailer:
    return MailboxMailer(mailbox, LETTERS, clock)


async def send(mailbox: DiskMailbox, clock: MemoryClock, *ids: str) -> None:
    for each in ids:
        clock.move(milliseconds=1)
        await mailer_of(mailbox, clock).send(Mail(id=each, to="ada@example.org", letter=LETTER))


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_mail_is_kept_as_it_was_written_and_seen_by_another_process(tmp_path: Path, clock: MemoryClock) -> None:
    await send(DiskMailbox(tmp_path / "mail"), clock, "job_1")

    written = LETTERS.write(LETTER)
    kept = StoredMail(
        id="job_1",
        to="ada@example.org",
        subject=written.subject,
        text=written.text,
        html=written.html,
        sent_at=clock.now(),
    )
    other = DiskMailbox(tmp_path / "mail")
    assert await other.newest() == [kept]
    assert await other.find("job_1") == kept


async def test_the_newest_comes_first_and_only_so_many_are_kept(tmp_path: Path, clock: MemoryClock) -> None:
    mailbox = DiskMailbox(tmp_path, most=3)
    await send(mailbox, clock, "job_9", "job_1", "job_5", "job_3", "job_4")

    assert [mail.id for mail in await mailbox.newest()] == ["job_4", "job_3", "job_5"]
    assert await mailbox.find("job_9") is None
    assert files_in(tmp_path) == ["job_3.json", "job_4.json", "job_5.json"]


async def test_mail_sent_twice_is_kept_once(tmp_path: Path, clock: MemoryClock) -> None:
    mailbox = DiskMailbox(tmp_path)
    await send(mailbox, clock, "job_1", "job_2", "job_1")

    assert [mail.id for mail in await mailbox.newest()] == ["job_1", "job_2"]


async def test_many_at_once_neither_lose_nor_break_anything(tmp_path: Path, clock: MemoryClock) -> None:
    boxes = [DiskMailbox(tmp_path, most=20) for _ in range(4)]

    async def watch() -> None:
        for _ in range(20):
            assert all(mail.text == LETTERS.write(LETTER).text for mail in await boxes[0].newest())

    senders = (send(boxes[number % 4], clock, f"job_{number}") for number in range(60))
    await asyncio.gather(*senders, watch())

    assert len(await boxes[0].newest()) == 20
    assert len(files_in(tmp_path)) == 20


async def test_other_people_on_the_machine_cannot_read_it(tmp_path: Path, clock: MemoryClock) -> None:
    await send(DiskMailbox(tmp_path / "mail"), clock, "job_1")

    [file] = (tmp_path / "mail").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "mail").stat().st_mode) == 0o700


async def test_an_empty_mailbox_is_empty(tmp_path: Path) -> None:
    assert await DiskMailbox(tmp_path / "none").newest() == []
    assert await DiskMailbox(tmp_path / "none").find("job_1") is None


@pytest.mark.parametrize("name", ["../secret", "..", "/etc/passwd", "job_1\n", "", "a/b", ".hidden"])
async def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.json").write_text("{}")
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / ".hidden.json").write_text("{}")

    assert await DiskMailbox(tmp_path / "mail").find(name) is None


async def test_a_full_disk_keeps_no_half_of_a_mail(tmp_path: Path, clock: MemoryClock) -> None:
    mailbox = DiskMailbox(tmp_path / "mail")
    await send(mailbox, clock, "job_1")

    with no_room_beyond(100), pytest.raises(StorageFull):
        await send(mailbox, clock, "job_2")

    assert files_in(tmp_path / "mail") == ["job_1.json"]
