from domain.accounts.model import User
from domain.shared.mail import Mail
from domain.workspaces.model import Workspace


def welcome_mail(user: User, address: str, workspace: Workspace, url: str, *, id: str) -> Mail:
    return Mail(
        id=id,
        to=address,
        subject=f"You are now a member of {workspace.name}",
        text=f"Hello {user.name},\n\nyou have been added to the workspace {workspace.name}. It is here:\n\n{url}\n",
    )
