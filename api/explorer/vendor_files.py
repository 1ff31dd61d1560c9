"""Third-party files that the explorer's page loads.

GraphiQL stays on version 4 with React 18, as looked at on 2026-11-30: version 5 needs a bundler, Monaco (99 MB of npm
packages) and web workers, and React 19 ships no file that a page can load without a bundler. Version 4 is the last with
a UMD file, and React 18 takes fixes for security. Look again when GraphiQL 6 or its package for CDNs is released.
graphql-ws has ES modules since version 6: `client.js` imports the second file by the name that it has here.
"""

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
        "graphql-ws.js": "graphql-ws/dist/client.js",
        "common-CGW11Fyb.js": "graphql-ws/dist/common-CGW11Fyb.js",
        "plugin-explorer.js": "@graphiql/plugin-explorer/dist/index.umd.js",
        "plugin-explorer.css": "@graphiql/plugin-explorer/dist/style.css",
    }
)
"""Name under `vendor/` and path in the npm packages."""


def missing_files() -> list[str]:
    return [name for name in FILES if not (VENDOR / name).is_file()]
