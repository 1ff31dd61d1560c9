from domain.shared.errors import Unavailable
from domain.shared.mail import Mail


class MemoryMailer:
    """`sent` has the mails with their letters; `is_away` makes it refuse."""

    def __init__(self, *, is_set: bool = True) -> None:
        self.sent: list[Mail] = []
        self.is_set = is_set
        self.is_away = False

    async def send(self, mail: Mail) -> None:
        if self.is_away or not self.is_set:
            raise Unavailable("The mail server did not take the mail.")
        self.sent.append(mail)
