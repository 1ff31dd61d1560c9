import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings import Settings, known_names

ROOT = Path(__file__).parents[2]
OURS = ("migrate", "api", "worker")
LASTING = ("postgres", "redis", "mailpit", "api", "worker")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    return compose["services"]


def test_all_services_are_there(services: dict[str, Any]):
    assert set(services) == {*OURS, *LASTING}


def test_every_lasting_service_has_a_health_check_and_ours_need_no_curl(services: dict[str, Any]):
    for name in LASTING:
        check = services[name]["healthcheck"]
        assert check["test"][0] == "CMD", name
        assert {"interval", "timeout", "retries"} <= set(check), name
    assert services["api"]["healthcheck"]["test"][1] == "python"
    assert services["worker"]["healthcheck"]["test"][1:] == ["workgraph", "doctor", "--no-mail"]


def test_nothing_of_ours_starts_before_what_it_needs(services: dict[str, Any]):
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("api", "worker"):
        assert services[name]["depends_on"] == {
            "postgres": {"condition": "service_healthy"},
            "redis": {"condition": "service_healthy"},
            "migrate": {"condition": "service_completed_successfully"},
        }
    assert services["migrate"]["restart"] == "no"


def test_every_container_is_read_only_without_capabilities_and_without_root(services: dict[str, Any]):
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "/tmp" in service["tmpfs"], name
        assert name in OURS or service["user"] not in ("root", "0"), name
    assert re.search(r"^USER workgraph$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_only_the_api_and_the_mailbox_can_be_reached_and_only_from_this_machine(services: dict[str, Any]):
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:8000:8000"], "mailpit": ["127.0.0.1:8025:8025"]}


def test_every_setting_that_compose_and_the_image_name_exists(services: dict[str, Any]):
    text = (ROOT / "compose.yaml").read_text() + (ROOT / "Dockerfile").read_text()
    named = set(re.findall(r"WORKGRAPH_[A-Z_]+", text))
    assert named >= {"WORKGRAPH_DATABASE_URL", "WORKGRAPH_SECRET_KEY", "WORKGRAPH_ENVIRONMENT"}
    assert named - known_names() == set()


def test_ours_get_every_setting_that_production_requires(services: dict[str, Any]):
    secrets = {"POSTGRES_PASSWORD": "p" * 24, "WORKGRAPH_SECRET_KEY": "Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv"}
    for name in OURS:
        given = {key: interpolated(value, secrets) for key, value in services[name]["environment"].items()}
        values = {key.removeprefix("WORKGRAPH_").lower(): value for key, value in given.items()}
        settings = Settings(_env_file=None, environment="production", **values)
        settings.require("database_url", "redis_url", "secret_key")


def test_secrets_have_no_default(services: dict[str, Any]):
    with pytest.raises(KeyError):
        interpolated(services["api"]["environment"]["WORKGRAPH_SECRET_KEY"], {})
    with pytest.raises(KeyError):
        interpolated(services["postgres"]["environment"]["POSTGRES_PASSWORD"], {})


def test_no_volume_is_undeclared(compose: dict[str, Any], services: dict[str, Any]):
    used = {volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert used == set(compose["volumes"])


def test_the_image_runs_a_command_that_exists():
    commands = re.findall(r'^CMD \["(.*)"\]$', (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert [shlex.split(command.replace('", "', " ")) for command in commands] == [["workgraph", "serve"]]


def interpolated(value: str, variables: dict[str, str]) -> str:
    """Value with ${NAME:-default} and ${NAME:?message} replaced as `docker compose` replaces them."""

    def replace(found: re.Match[str]) -> str:
        name, operator, rest = found.groups()
        return variables.get(name, rest) if operator == ":-" else variables[name]

    return re.sub(r"\$\{([A-Z_]+)(:[-?])([^}]*)\}", replace, value)
