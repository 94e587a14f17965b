"""Every parameter of every address, as bad as it gets: a decent refusal, never a 500, nothing written.

The table is compared with the metadata and with the application's own map, so
an address that is added without a row fails here.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from idp.services.people import users
from tests.security.hostile import (
    AUTHORIZATION_REQUEST,
    CLIENT_ID,
    CLIENT_SECRET,
    TARGETS,
    TOKEN_REQUEST,
    VALUES,
    Target,
    Verdict,
    encoded,
    joined,
    nothing_else_written,
    send,
    verdict,
)
from tests.support.app import MIA, Browser, OpenIdProvider
from tests.support.rp import Code, RelyingParty

PARAMETERS = [pytest.param(target, name, id=f"{target} {name}") for target in TARGETS for name in target.params]
PATH_VARIABLES = [target for target in TARGETS if "<" in target.path]


# The table is complete


def test_every_endpoint_of_the_metadata_has_a_row(attacked: OpenIdProvider) -> None:
    metadata = RelyingParty(op=attacked, client_id=CLIENT_ID, client_secret=CLIENT_SECRET).metadata
    addresses = {name: url for name, url in metadata.items() if name.endswith(("_endpoint", "_uri", "_iframe"))}
    published = {urlsplit(url).path for url in addresses.values()}
    assert published <= {target.path for target in TARGETS}


def test_every_address_of_the_application_has_a_row(attacked: OpenIdProvider) -> None:
    rules = {
        (rule.rule, method)
        for rule in attacked.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/api/v1/")  # attacked by schemathesis, with what its document says
    }
    assert rules == {(target.path, target.method) for target in TARGETS}


# Parameters


@pytest.mark.parametrize(("target", "name"), PARAMETERS)
def test_a_bad_parameter_gets_a_decent_answer(
    attacked: OpenIdProvider, somebody: Browser, target: Target, name: str
) -> None:
    attacker = somebody if target.signed_in else attacked.browser()
    params = encoded(target.params)
    path = target.path.replace("<code>", "platform").replace("<own_part>", "acme.platform")
    path = path.replace("<user_id>", mia_of(attacked))
    rows = {kind: joined({**params, name: value}) for kind, value in VALUES.items()}
    rows["missing"] = joined({key: value for key, value in params.items() if key != name})
    rows["doubled"] = joined(params) + f"&{name}=1&{name}=2"
    rows["an array"] = joined(params) + f"&{name}[]=1&{name}[a]=2"
    rows["without a value"] = joined({key: value for key, value in params.items() if key != name}) + f"&{name}"
    with nothing_else_written(attacked) as verdicts:
        for kind, raw in rows.items():
            one = verdict(send(attacker, target, raw, path=path))
            assert one in target.takes, f"{kind}: {one}"
            verdicts.append(one)


def mia_of(attacked: OpenIdProvider) -> str:
    """Return the id of whoever is signed in."""
    with attacked.app.app_context():
        return users.show(str(MIA.email), account="acme").user.id


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_right_client_and_redirect_uri_nobody_is_sent_anywhere(
    somebody: Browser, name: str, method: str
) -> None:
    target = Target(path="/oauth/authorize/", method=method, sends="query" if method == "GET" else "form")
    params = encoded(AUTHORIZATION_REQUEST)
    for kind, value in VALUES.items():
        assert verdict(send(somebody, target, joined({**params, name: value}))) is Verdict.ERROR, kind


@pytest.mark.parametrize("target", PATH_VARIABLES, ids=str)
def test_a_bad_path_gets_a_decent_answer(attacked: OpenIdProvider, somebody: Browser, target: Target) -> None:
    attacker = somebody if target.signed_in else attacked.browser()
    with nothing_else_written(attacked):
        for kind, value in VALUES.items():
            path = re.sub("<[^>]*>", lambda _, value=value: _unquoted(value), target.path)
            assert verdict(send(attacker, target, joined(encoded(target.params)), path=path)) is not Verdict.CODE, kind


def _unquoted(value: str) -> str:
    """Decode as a server does before it calls us: to bytes, each a latin-1 character (PEP 3333)."""
    return unquote_to_bytes(value.encode("latin-1")).decode("latin-1")


def test_a_good_code_survives_all_bad_requests(attacked: OpenIdProvider, somebody: Browser) -> None:
    rp = RelyingParty(op=attacked, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    code: Code = rp.obtains_a_code_for(somebody)
    target = Target(path="/oauth/token/", method="POST", sends="form")
    good = encoded(TOKEN_REQUEST | {"code": code.value, "code_verifier": code.asked.verifier})
    del good["anything_else"]
    for name in good:
        for kind, value in VALUES.items():
            raw = joined({**good, name: value})
            assert verdict(send(somebody, target, raw)) is Verdict.ERROR, f"{name}: {kind}"
    assert rp.redeems(code).succeeds()
