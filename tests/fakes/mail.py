from domain.shared.errors import Unavailable
from domain.shared.mail import Mail


class MemoryMailer:
    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.is_away = False

    async def send(self, mail: Mail) -> None:
        if self.is_away:
            raise Unavailable("The mail server did not take the mail: OSError.")
        self.sent.append(mail)
