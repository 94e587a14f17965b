"""The simulated platform and the sample service, each served by a process of its own.

Each imports what it serves and no more, since all of them start at once.
Run as ``python -m idp.sandbox.neighbours platform|sample``; the world comes
from the environment.
"""

from __future__ import annotations

import os
import sys

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from idp.sandbox.platform.app import create_platform
from idp.sandbox.platform.state import PlatformClient
from idp.sandbox.sample_service.app import create_sample_service
from idp.sandbox.world import PLATFORM_CLIENT_ID, SAMPLE_CLIENT_ID, WORLD_VARIABLE, World

ADDRESS = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Leave the terminal to the provider."""


def _platform(world: World) -> tuple[Flask, int]:

    client = PlatformClient(client_id=PLATFORM_CLIENT_ID, client_secret=world.platform_secret)
    return create_platform(world.platform_url, [client]), world.platform_port


def _sample(world: World) -> tuple[Flask, int]:

    service = create_sample_service(
        issuer=world.issuer,
        client_id=SAMPLE_CLIENT_ID,
        client_secret=world.sample_secret,
        base_url=world.sample_url,
    )
    return service, world.sample_port


NEIGHBOURS = {"platform": _platform, "sample": _sample}


def main() -> None:
    """Serve one neighbour until stopped; several threads, since a simulated fault can be slow."""
    world = World.from_json(os.environ[WORLD_VARIABLE])
    app, port = NEIGHBOURS[sys.argv[1]](world)
    make_server(ADDRESS, port, app, threaded=True, request_handler=_Quiet).serve_forever()


if __name__ == "__main__":
    main()
