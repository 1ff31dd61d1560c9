"""The files of other people that the explorer's page loads."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).parent
PACKAGES = FOLDER / "node_modules"
VENDOR = FOLDER / "vendor"
FILES: Mapping[str, str] = MappingProxyType(
    {
        "react.min.js": "react/umd/react.production.min.js",
        "react-dom.min.js": "react-dom/umd/react-dom.production.min.js",
        "graphiql.min.js": "graphiql/graphiql.min.js",
        "graphiql.min.css": "graphiql/graphiql.min.css",
        "graphql-ws.min.js": "graphql-ws/umd/graphql-ws.min.js",
        "plugin-explorer.js": "@graphiql/plugin-explorer/dist/index.umd.js",
        "plugin-explorer.css": "@graphiql/plugin-explorer/dist/style.css",
    }
)
"""Name under `vendor/` and path in the npm packages."""


def missing_files() -> list[str]:
    return [name for name in FILES if not (VENDOR / name).is_file()]
