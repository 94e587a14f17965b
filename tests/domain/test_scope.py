"""What scopes a client can be registered for, and what a request is granted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.errors import Invalid
from idp.domain.scope import BUILT, DEFAULT_FOR_CLIENTS, Scope, granted, parse_registered

words = st.lists(st.sampled_from([*Scope, "made_up", "", "OPENID"]), max_size=12).map(" ".join)


def test_a_registered_scope_keeps_its_order_and_has_each_word_once():
    assert parse_registered("roles openid roles") == (Scope.ROLES, Scope.OPENID)


def test_every_scope_of_the_contract_can_be_registered():
    assert parse_registered("openid profile email address phone offline_access roles permissions manage") == tuple(
        Scope
    )


@pytest.mark.parametrize(
    "text", ["", " ", "openid  roles", " openid", "openid ", "openid,roles", "OpenID", "openid\troles"]
)
def test_a_registered_scope_is_words_with_one_space_between(text):
    with pytest.raises(Invalid) as refused:
        parse_registered(text)
    assert "known are: openid" in str(refused.value)


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        ("openid", ["openid"]),
        ("roles openid", ["roles", "openid"]),
        ("openid openid", ["openid"]),
        ("openid made_up", ["openid"]),
        ("openid offline_access permissions", ["openid", "offline_access", "permissions"]),
        ("openid manage", ["openid"]),
        ("openid address", ["openid"]),
        ("openid phone", ["openid"]),
        ("OPENID", []),
        ("", []),
        ("  openid  ", ["openid"]),
        ("op\x00enid", []),
    ],
)
def test_a_request_is_granted_what_is_known_built_and_registered(requested, expected):
    assert list(granted(requested, DEFAULT_FOR_CLIENTS)) == expected


def test_what_is_not_registered_is_not_granted():
    assert granted("openid email roles", [Scope.OPENID]) == (Scope.OPENID,)


@given(requested=words, registered=st.sets(st.sampled_from(list(Scope))))
def test_nothing_is_granted_beyond_request_registration_and_what_is_built(requested, registered):
    given_scope = granted(requested, registered)
    assert set(given_scope) == set(requested.split(" ")) & registered & set(BUILT)
    assert len(given_scope) == len(set(given_scope))
