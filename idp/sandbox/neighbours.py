"""The simulated platforms, all in one process, and the sample service in another.

Each imports what it serves and no more, since all of them start at once.
Run as ``python -m idp.sandbox.neighbours platform|sample``; the world comes
from the environment.
"""

from __future__ import annotations

import os
import sys
from wsgiref.types import WSGIApplication

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from idp.sandbox.platform.app import create_platform
from idp.sandbox.platform.kinds import ENTRA, GENESYS, GOOGLE
from idp.sandbox.platform.state import PlatformClient
from idp.sandbox.sample_service.app import create_sample_service
from idp.sandbox.world import ADDRESS, PLATFORM_CLIENT_ID, SAMPLE_CLIENT_ID, WORLD_VARIABLE, World

MOUNTED = (GOOGLE, ENTRA, GENESYS)
"""Platforms that are reached below the first one's address, by their code."""


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Leave the terminal to the provider."""


def _platforms(world: World) -> tuple[WSGIApplication, int]:
    client = PlatformClient(client_id=PLATFORM_CLIENT_ID, client_secret=world.platform_secret)
    mounted: dict[str, WSGIApplication] = {
        f"/{kind.code}": create_platform(world.platform_of(kind.code), [client], kind=kind) for kind in MOUNTED
    }
    return DispatcherMiddleware(create_platform(world.platform_url, [client]), mounted), world.platform_port


def _sample(world: World) -> tuple[WSGIApplication, int]:
    service = create_sample_service(
        issuer=world.issuer,
        client_id=SAMPLE_CLIENT_ID,
        client_secret=world.sample_secret,
        base_url=world.sample_url,
    )
    return service, world.sample_port


NEIGHBOURS = {"platform": _platforms, "sample": _sample}


def main() -> None:
    """Serve one neighbour until stopped; several threads, since a simulated fault can be slow."""
    world = World.from_json(os.environ[WORLD_VARIABLE])
    app, port = NEIGHBOURS[sys.argv[1]](world)
    make_server(ADDRESS, port, app, threaded=True, request_handler=_Quiet).serve_forever()


if __name__ == "__main__":
    main()
