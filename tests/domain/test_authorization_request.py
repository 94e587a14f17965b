"""A parked request comes back as it was."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from idp.domain.authorization_request import AuthorizationRequest
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
    silent=st.booleans(),
    idp_hint=texts,
    login_hint=texts,
    ui_locales=texts,
)


@given(request=requests)
def test_a_request_survives_json(request):
    assert AuthorizationRequest.from_json(json.loads(json.dumps(request.as_json()))) == request
