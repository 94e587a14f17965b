"""Thousands of calls made from the OpenAPI document, and all of schemathesis' checks on what is answered.

By the token of somebody who may everything in the account, over HTTP from this
process to itself: within one process schemathesis cannot check that a call
without the token is refused. What is in the account is named often enough that
not everything ends in 404, and what keeps the token alive is spared.

Each run begins with another seed, which the end of the test's output names::

    SCHEMATHESIS_SEED=1234 SCHEMATHESIS_EXAMPLES=50 .venv/bin/pytest tests/api/test_schemathesis.py

Which statuses are no failure, ``schemathesis.toml`` says.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from sqlalchemy import select
from werkzeug.serving import WSGIRequestHandler, make_server

from idp.services.people.care import version_of
from idp.store.access_requests import AccessRequest, RequestStatus
from idp.store.api_keys import ApiKey
from idp.store.clients import Client
from idp.store.platform_secrets import PlatformSecret
from idp.store.providers import Provider
from idp.store.staff_grants import StaffGrant
from idp.store.unit_of_work import reading
from idp.store.users import User
from tests.api.test_access_requests import asks
from tests.protocol.conftest import BOTH_DATABASES
from tests.support import seeds
from tests.support.app import CASEY, SAM, OpenIdProvider
from tests.support.management import API, Caller
from tests.support.rp import RelyingParty

CONFIG = Path(__file__).parents[2] / "schemathesis.toml"
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "5"))
SEED = int(os.environ.get("SCHEMATHESIS_SEED") or secrets.randbelow(2**32))
LOOKED_AT = "looked-at"
"""The one provider to which a call goes out, on this machine; its address stays."""
NEVER_AT_MOST = 0.2
"""Which part of the operations may never have been done: chance alone hardly ends one session of a person."""
IF_MATCH = re.compile(r'"[0-9a-f]{16}"')


@dataclass
class Steered:
    """Lets every other call be about what is there, and none about what the caller lives on.

    :param own_client: whose token it is.
    """

    op: OpenIdProvider
    own_client: str
    turns: Iterator[int] = field(default_factory=count)

    def before_call(self, case: Any) -> None:
        """Change a call before it is made, as schemathesis lets one."""
        path = case.path_parameters or {}
        is_right = case.meta is None or case.meta.generation.mode.is_positive
        if is_right and case.meta is not None and case.meta.phase.name.value != "stateful" and next(self.turns) % 2:
            self._lead(case, path)
        self._spare(case, path)

    def _lead(self, case: Any, path: dict[str, Any]) -> None:
        """Name what is there."""
        with self.op.app.app_context(), reading() as session:
            for name, column, condition in _THERE:
                if name in path:
                    known = session.scalars(select(column).where(condition).order_by(column)).all()
                    path[name] = known[next(self.turns) % len(known)] if known else path[name]
            user = session.get(User, path.get("user_id", ""))
            if user is not None and IF_MATCH.fullmatch(str(case.headers.get("If-Match", ""))):
                case.headers["If-Match"] = f'"{version_of(user)}"'

    def _spare(self, case: Any, path: dict[str, Any]) -> None:
        if path.get("client_id") == self.own_client:
            path["client_id"] = "another"
        if isinstance(case.body, dict) and str(case.body.get("email", "")).lower() == CASEY.email:
            # A grant of their own for this account would be revoked sooner or later, and the token with it.
            case.body["email"] = "another@deepdesk.example"
        if "code" in path and (path["code"] == LOOKED_AT) != case.path.endswith("/check"):
            path["code"] = LOOKED_AT if case.path.endswith("/check") else "platform"


_THERE: tuple[tuple[str, Any, Any], ...] = (
    ("user_id", User.id, User.account_code == "acme"),
    ("client_id", Client.client_id, Client.account_code == "acme"),
    ("code", Provider.code, Provider.account_code == "acme"),
    ("key_id", ApiKey.id, (ApiKey.account_code == "acme") & ApiKey.revoked_at.is_(None)),
    ("secret_id", PlatformSecret.id, (PlatformSecret.account_code == "acme") & PlatformSecret.revoked_at.is_(None)),
    ("grant_id", StaffGrant.id, (StaffGrant.account_code == "acme") & StaffGrant.revoked_at.is_(None)),
    (
        "request_id",
        AccessRequest.id,
        (AccessRequest.account_code == "acme") & (AccessRequest.status == RequestStatus.PENDING),
    ),
)


class _Quick(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Leave the test's output alone."""


@contextmanager
def served(op: OpenIdProvider) -> Iterator[str]:
    """Answer over HTTP until the block ends; where."""
    server = make_server("127.0.0.1", 0, op.app, threaded=True, request_handler=_Quick)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@pytest.fixture
def steered(op: OpenIdProvider, rp: RelyingParty, casey: Caller) -> Iterator[Steered]:
    """An account in which there is something of everything."""
    op.runs("accounts", "update", "acme", "--magic-link", "all")
    op.upstream(LOOKED_AT, issuer="http://127.0.0.1:9")
    RelyingParty.registered_at(op, "Another", client_id="another")
    op.signs_in(op.browser(), SAM)
    for number in range(4):
        op.makes(f"p{number}@acme.example", name=f"Person {number}")
        asks(op, f"asker{number}")
    op.runs("api-keys", "create", "acme")
    op.runs("platform-secrets", "create", "acme")
    op.grants("alex@deepdesk.example", "acme")
    found = Steered(op=op, own_client=rp.client_id)

    def before_call(context: Any, case: Any, kwargs: Any) -> None:
        found.before_call(case)

    schemathesis.hook(before_call)
    yield found
    schemathesis.hooks.unregister_all()


@BOTH_DATABASES
def test_every_check_holds(op: OpenIdProvider, casey: Caller, steered: Steered, database: str) -> None:
    seeds.used[f"calls from the document, {database}"] = (
        f"SCHEMATHESIS_SEED={SEED} SCHEMATHESIS_EXAMPLES={EXAMPLES} pytest tests/api/test_schemathesis.py"
    )
    with served(op) as address:
        failures, statuses = _run(address, casey)
    assert not failures, "\n".join(failures)
    assert casey.calls("GET", "").status_code == 200, "the token died on the way"
    never = {label for label, seen in statuses.items() if not any(200 <= status < 300 for status in seen)}
    assert len(never) <= len(statuses) * NEVER_AT_MOST, f"never done: {sorted(never)}"


def _run(address: str, casey: Caller) -> tuple[list[str], dict[str, set[int]]]:
    """Make the calls; returns what failed, and with which statuses each operation was answered."""
    config = SchemathesisConfig.from_path(CONFIG)
    config.update(seed=SEED, max_failures=None)
    project = config.projects.default
    acme = {"path.account": "acme"}
    project.update(headers=casey.headers, parameters=acme, base_url=address, continue_on_failure=True)
    project.generation.update(max_examples=EXAMPLES, database="none", no_shrink=True)
    schema = schemathesis.openapi.from_url(f"{address}{API}/openapi.json", config=config)
    failures: list[str] = []
    statuses: dict[str, set[int]] = defaultdict(set)
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            failures += _failed(event.recorder)
            for case_id, interaction in event.recorder.interactions.items():
                if interaction.response is not None:
                    label = event.recorder.cases[case_id].value.operation.label
                    statuses[label].add(interaction.response.status_code)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            failures.append(repr(getattr(event, "value", None) or getattr(event, "exception", None)))
    return failures, statuses


def _failed(recorder: Any) -> Iterator[str]:
    for case_id, checks in recorder.checks.items():
        interaction = recorder.interactions.get(case_id)
        for check in checks:
            if check.failure_info is not None:
                found = check.failure_info.failure
                answer = None if interaction is None or interaction.response is None else interaction.response.content
                yield f"{found.operation}: {found.title}: {found.message}\n{check.failure_info.code_sample}\n{answer!r}"
