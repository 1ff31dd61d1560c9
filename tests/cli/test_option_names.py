import pytest
import typer

from cli.main import cli
from cli.option_names import option_names

COMMANDS = typer.main.get_command(cli)


@pytest.mark.parametrize(
    ("line", "field", "shown"),
    [
        ("user create ann@example.org --name Ann", "email", "EMAIL"),
        ("user create ann@example.org --name Ann", "name", "--name"),
        ("user create create --name Ann", "email", "EMAIL"),
        ("user create ann@example.org --name Ann", "password", "password"),
        ("user create ann@example.org --name Ann", "time_zone", "time zone"),
        ("seed --size 3 --workspace acme", "slug", "--workspace"),
        ("seed --owner a@b", "owner_email", "--owner"),
        ("import jira all.jsonl --project eng", "project_key", "--project"),
        ("import github all.tar --as a@b", "email", "--as"),
        ("documents remove x", "ids", "ID..."),
        ("", "email", "email"),
    ],
)
def test_errors_name_the_option_that_was_given(line: str, field: str, shown: str) -> None:
    assert option_names(COMMANDS, line.split())(field) == shown
