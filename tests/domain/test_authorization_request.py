"""A parked request comes back as it was."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from idp.domain.authorization_request import AuthorizationRequest, Prompt, ResponseMode
from idp.domain.claims_request import ClaimsRequest
from idp.domain.identifiers import ClientId
from idp.domain.scope import Scope

texts = st.none() | st.text(max_size=30)
requests = st.builds(
    AuthorizationRequest,
    client_id=st.text(min_size=1, max_size=10).map(ClientId),
    redirect_uri=st.text(max_size=30),
    scope=st.lists(st.sampled_from(list(Scope)), unique=True).map(tuple),
    state=texts,
    nonce=texts,
    code_challenge=texts,
    response_mode=st.sampled_from(list(ResponseMode)),
    prompts=st.lists(st.sampled_from(list(Prompt)), unique=True).map(tuple),
    max_age=st.none() | st.integers(0, 10**9),
    subject=texts,
    acr=st.lists(st.text(max_size=10)).map(tuple),
    resources=st.lists(st.text(max_size=10)).map(tuple),
    claims=st.builds(
        ClaimsRequest,
        userinfo=st.lists(st.text(max_size=10)).map(tuple),
        id_token=st.lists(st.text(max_size=10)).map(tuple),
    ),
    pushed=texts,
    outlived=st.booleans(),
    idp_hint=texts,
    login_hint=texts,
    ui_locales=texts,
)


@given(request=requests)
def test_a_request_survives_json(request):
    assert AuthorizationRequest.from_json(json.loads(json.dumps(request.as_json()))) == request


def test_a_request_that_the_release_before_stored_can_still_be_answered():
    stored = {
        "client_id": "studio",
        "redirect_uri": "https://a.example/",
        "scope": ["openid"],
        "state": "s",
        "silent": False,
    }
    found = AuthorizationRequest.from_json(stored)
    assert (found.state, found.prompts, found.response_mode) == ("s", (), ResponseMode.QUERY)
