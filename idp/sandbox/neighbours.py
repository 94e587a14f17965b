"""The simulated platforms, all in one process, the sample service in another, the platform page in a third.

All of them start at once. Run as ``python -m idp.sandbox.neighbours
platform|sample|widget-page``; the world comes from the environment.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from idp.sandbox.platform.app import create_platform
from idp.sandbox.platform.kinds import ENTRA, GENESYS, GOOGLE
from idp.sandbox.platform.state import PlatformClient
from idp.sandbox.sample_service.app import create_sample_service
from idp.sandbox.widget_page import create_widget_page
from idp.sandbox.world import (
    ACCOUNT,
    ADDRESS,
    GENESYS_PROVIDER,
    PLATFORM_CLIENT_ID,
    SAMPLE_CLIENT_ID,
    SECURE_NAMES,
    WORLD_VARIABLE,
    World,
)

MOUNTED = (GOOGLE, ENTRA, GENESYS)
"""Platforms that are reached below the first one's address, by their code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """What one process serves, and where.

    :param certificate: files of certificate and key; none for http.
    """

    app: WSGIApplication
    port: int
    host: str = ADDRESS
    certificate: tuple[str, str] | None = None


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Leave the terminal to the provider."""


def _platforms(world: World) -> Neighbour:
    client = PlatformClient(client_id=PLATFORM_CLIENT_ID, client_secret=world.platform_secret)
    mounted: dict[str, WSGIApplication] = {
        f"/{kind.code}": create_platform(world.platform_of(kind.code), [client], kind=kind) for kind in MOUNTED
    }
    return Neighbour(
        app=DispatcherMiddleware(create_platform(world.platform_url, [client]), mounted), port=world.platform_port
    )


def _sample(world: World) -> Neighbour:
    service = create_sample_service(
        issuer=world.issuer,
        client_id=SAMPLE_CLIENT_ID,
        client_secret=world.sample_secret,
        base_url=world.sample_url,
    )
    return Neighbour(app=service, port=world.sample_port)


def _widget_page(world: World) -> Neighbour:
    page = create_widget_page(
        issuer=world.issuer,
        account=ACCOUNT,
        provider=GENESYS_PROVIDER,
        api_key=world.api_key,
        platform_secret=world.shared_secret,
    )
    certificate = (world.certificate, world.certificate_key) if world.is_secure else None
    return Neighbour(app=page, port=world.widget_page_port, host=world.host, certificate=certificate)


NEIGHBOURS: dict[str, Callable[[World], Neighbour]] = {
    "platform": _platforms,
    "sample": _sample,
    "widget-page": _widget_page,
}


def find_secure_names_at(host: str) -> None:
    """Let this process find the two names below ``.test`` here, which no resolver knows (RFC 6761 §6.2)."""
    look_up = socket.getaddrinfo

    def find(name: Any, *rest: Any, **more: Any) -> Any:
        return look_up(host if name in SECURE_NAMES else name, *rest, **more)

    socket.getaddrinfo = find  # type: ignore[assignment]  # one signature for every family


def main() -> None:
    """Serve one neighbour until stopped; several threads, since a simulated fault can be slow."""
    world = World.from_json(os.environ[WORLD_VARIABLE])
    if world.is_secure:
        find_secure_names_at(world.host)
    one = NEIGHBOURS[sys.argv[1]](world)
    server = make_server(
        one.host, one.port, one.app, threaded=True, request_handler=_Quiet, ssl_context=one.certificate
    )
    server.serve_forever()


if __name__ == "__main__":
    main()
