"""The parameter ``claims`` is read strictly, and never breaks."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.claims_request import ClaimsRequest
from idp.domain.errors import Invalid

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def parsed(asked: object) -> ClaimsRequest:
    return ClaimsRequest.parse(json.dumps(asked))


def test_names_are_kept_by_place():
    asked = parsed({"userinfo": {"email": None, "name": {"essential": True}}, "id_token": {"roles": None}, "x": 1})
    assert (asked.userinfo, asked.id_token) == (("email", "name"), ("roles",))
    assert asked.names == ("email", "name", "roles")


def test_an_empty_object_asks_for_nothing():
    assert parsed({}) == ClaimsRequest()


@pytest.mark.parametrize(
    ("acr", "expected"),
    [
        ({"essential": True, "values": ["a", "b", 3]}, ("a", "b")),
        ({"essential": True, "value": "a"}, ("a",)),
        ({"essential": True}, ()),
        ({"essential": "yes", "value": "a"}, ()),
        ({"value": "a"}, ()),
        (None, ()),
    ],
)
def test_only_an_essential_acr_is_a_condition(acr, expected):
    assert parsed({"id_token": {"acr": acr}}).acr == expected


@pytest.mark.parametrize("where", ["userinfo", "id_token"])
def test_a_person_can_be_named_in_either_place(where):
    assert parsed({where: {"sub": {"value": "user-1"}}}).subject == "user-1"


@given(asked=values)
def test_whatever_json_it_is_it_is_read_or_refused(asked):
    try:
        found = parsed(asked)
    except Invalid:
        return
    assert ClaimsRequest.from_json(json.loads(json.dumps(found.as_json()))).names == found.names
