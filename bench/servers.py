"""The servers that are compared. Another one is one more function here and one more entry in :func:`every`."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, KeySet, RSAKey

from bench import ours, wire
from bench.driver import ask
from bench.modes import Unit
from bench.ours import Instance, Seeded
from bench.processes import free_port
from bench.target import DISCOVERY_PATH, REDIRECT_URI, SCOPE, SIGNING_ALGS, Client, Target

PEER = Path(__file__).parent / "peers" / "provider.mjs"
IDP = str(Path(sys.executable).with_name("idp"))
OURS, SQLITE, IN_MEMORY = "idp", "node, SQLite", "node, memory"
"""Names of the servers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server of the comparison, prepared and not yet started.

    :param command: serves on ``port`` of 127.0.0.1 until it is ended; can be started any number of times.
    :param settings: its environment variables.
    :param target: returns it as the load meets it, with browsers that are signed in, once it answers; asked before
        each round.
    """

    name: str
    port: int
    command: Sequence[str]
    settings: Mapping[str, str]
    target: Callable[[], Target]


def every(folder: Path, node: str) -> tuple[Server, ...]:
    """Prepare all servers; the first is the one that is judged.

    :param node: the executable of Node.js.
    """
    instance = Instance(folder=folder / "idp", port=free_port())
    seeded = ours.seed(instance)
    return (
        _ours(instance, seeded),
        _node(SQLITE, node, folder / "node-sqlite", grant_types=seeded.grant_types, durable=True),
        _node(IN_MEMORY, node, folder / "node-memory", grant_types=seeded.grant_types, durable=False),
    )


def _ours(instance: Instance, seeded: Seeded) -> Server:
    """Return this provider on SQLite, one worker, as it runs in production."""
    port = instance.port

    def target() -> Target:
        return Target(
            port=port, document=_document(port), clients=seeded.clients, cookies=seeded.cookies, account=ours.ACCOUNT
        )

    return Server(
        name=OURS,
        port=port,
        command=(IDP, "serve", "--bind", f"127.0.0.1:{port}"),
        settings=instance.settings,
        target=target,
    )


def _node(name: str, executable: str, folder: Path, *, grant_types: Sequence[str], durable: bool) -> Server:
    """Return npm ``oidc-provider`` with clients, people and scopes like ours.

    :param grant_types: of its clients; those that our provider has.
    :param durable: on our SQLite adapter, not on the package's own in-memory adapter.
    """
    port, sign_in_port = free_port(), free_port()
    clients = {alg: Client(client_id=f"client-{alg}") for alg in SIGNING_ALGS}
    folder.mkdir(parents=True)
    config = {
        "issuer": f"http://127.0.0.1:{port}",
        "port": port,
        "sign_in_port": sign_in_port,
        "database": str(folder / "oidc.db") if durable else None,
        "jwks": KeySet([_rsa_key(), _ec_key()]).as_dict(private=True),
        "clients": [_registration(alg, client, grant_types) for alg, client in clients.items()],
        "people": [_person(number) for number in range(ours.PEOPLE)],
        "scope": SCOPE,
        "cookie_key": secrets.token_urlsafe(32),
    }
    config_file = folder / "provider.json"
    config_file.write_text(json.dumps(config))

    def target() -> Target:
        cookies = _asked(sign_in_port, "/")["cookies"]
        return Target(port=port, document=_document(port), clients=clients, cookies=cookies)

    return Server(
        name=name,
        port=port,
        command=(executable, str(PEER), str(config_file)),
        settings={"NODE_ENV": "production"},
        target=target,
    )


def _rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig", "kid": "rsa-1"})


def _ec_key() -> ECKey:
    return ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig", "kid": "ec-1"})


def _registration(alg: str, client: Client, grant_types: Sequence[str]) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "redirect_uris": [REDIRECT_URI],
        "grant_types": list(grant_types),
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "id_token_signed_response_alg": alg,
    }


def _person(number: int) -> dict[str, Any]:
    """Say the same of a person as our ID token does."""
    return {
        "sub": secrets.token_hex(16),
        "account": ours.ACCOUNT,
        "roles": [ours.ROLE],
        "role_name": ours.ROLE,
        "groups": ["Manager"],
        "email": ours.email(number),
        "email_verified": True,
        "name": ours.NAME,
        "given_name": ours.NAME.split()[0],
        "family_name": ours.NAME.split()[1],
        "preferred_username": ours.email(number),
        "locale": "en-GB",
    }


def _document(port: int) -> dict[str, Any]:
    return _asked(port, DISCOVERY_PATH)


def _asked(port: int, path: str) -> dict[str, Any]:
    def unit() -> Unit:
        answer = yield wire.get(f"127.0.0.1:{port}", path)
        return json.loads(answer.must_be(200).body)

    return dict(ask(port, unit()))
