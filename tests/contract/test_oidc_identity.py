"""What verified claims say about a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from idp.domain.errors import ClaimMissing, UpstreamUntrusted
from idp.upstream.connector import ProviderConfig
from idp.upstream.identity import identity_of, lacks

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
CONFIG = ProviderConfig(kind="oidc", client_id="us", client_secret="-", issuer="https://op.example")


def identity(claims=None, more=None, config=CONFIG):
    return identity_of(config, {"sub": "person-1", **(claims or {})}, more or {}, now=NOW)


# Address


@pytest.mark.parametrize(
    ("claims", "more", "vouched"),
    [
        ({"email": "a@b.example", "email_verified": True}, {}, True),
        ({"email": "a@b.example"}, {}, False),
        ({"email": "a@b.example", "email_verified": False}, {}, False),
        ({"email": "a@b.example", "email_verified": "true"}, {}, False),
        ({"email": "a@b.example", "email_verified": 1}, {}, False),
        ({"email": "a@b.example"}, {"email": "a@b.example", "email_verified": True}, False),
        ({"email_verified": True}, {"email": "a@b.example"}, False),
        ({"email_verified": True}, {}, False),
        ({"email": "", "email_verified": True}, {}, False),
        ({"email": None}, {"email": "a@b.example", "email_verified": True}, True),
        ({"email_verified": False}, {"email": "a@b.example", "email_verified": True}, True),
    ],
)
def test_an_address_is_vouched_for_by_the_answer_that_brings_it(claims, more, vouched):
    assert identity(claims, more).email_vouched is vouched


def test_nothing_vouches_for_an_address_in_another_claim():
    claims = {"upn": "a@b.example", "email": "x@y.example", "email_verified": True}
    found = identity(claims, config=replace(CONFIG, email_claim="upn"))
    assert (found.email, found.email_vouched) == ("a@b.example", False)


@pytest.mark.parametrize(("claim", "vouched"), [("email", True), ("upn", False)])
def test_6_the_operators_word_vouches_for_the_claim_email_alone(claim, vouched):
    config = replace(CONFIG, email_claim=claim, trust_email=True)
    assert identity({claim: "a@b.example"}, config=config).email_vouched is vouched


def test_6_nobody_vouches_unless_it_was_declared():
    assert not identity({"email": "a@b.example"}).email_vouched


def test_an_address_is_not_needed():
    assert identity().email is None


# Roles


@pytest.mark.parametrize(
    ("claims", "more", "claim", "values"),
    [
        ({"roles": ["a", "b"]}, {}, "roles", ("a", "b")),
        ({"roles": "a"}, {}, "roles", ("a",)),
        ({"roles": []}, {"roles": ["b"]}, "roles", ()),
        ({"roles": ""}, {}, "roles", ()),
        ({"role_name": "a"}, {}, "role_name", ("a",)),
        ({"roles": ["a"], "role_name": "b"}, {}, "roles", ("a",)),
        ({"roles": [], "role_name": "b"}, {}, "roles", ()),
        ({"roles": None, "role_name": "b"}, {}, "role_name", ("b",)),
        ({}, {"roles": ["b"]}, "roles", ("b",)),
        ({}, {"role_name": "b"}, "role_name", ("b",)),
        ({"role_name": "a"}, {"roles": ["b"]}, "role_name", ("a",)),
        ({}, {}, "roles", ()),
    ],
)
def test_roles_are_named_with_the_claim_they_stood_in(claims, more, claim, values):
    found = identity(claims, more)
    assert (found.roles.claim, found.roles.values) == (claim, values)
    assert found.claims.get(claim) == (list(values) or None)


def test_a_configured_roles_claim_has_no_substitute():
    found = identity({"roles": ["a"], "role_name": "b"}, config=replace(CONFIG, roles_claim="groups"))
    assert (found.roles.claim, found.roles.values) == ("groups", ())


@pytest.mark.parametrize(
    ("claims", "values"),
    [
        ({"realm_access": {"roles": ["a", "b"]}}, ("a", "b")),
        ({"realm_access": {"roles": []}}, ()),
        ({"realm_access": {}}, ()),
        ({"realm_access": None}, ()),
        ({"realm_access": [{"roles": "a"}, {"roles": "b"}]}, ("a", "b")),
        ({"realm_access.roles": ["x"], "realm_access": {"roles": ["a"]}}, ("x",)),
    ],
)
def test_a_dotted_name_walks_into_objects(claims, values):
    found = identity(claims, config=replace(CONFIG, roles_claim="realm_access.roles"))
    assert found.roles.values == values


@pytest.mark.parametrize("inner", ["text", 7, ["a"], [{"roles": {}}, {}], True])
def test_a_dotted_name_through_something_else_is_untrusted(inner):
    with pytest.raises(UpstreamUntrusted):
        identity({"realm_access": inner}, config=replace(CONFIG, roles_claim="realm_access.roles"))


@pytest.mark.parametrize(
    ("claims", "missing"),
    [
        ({}, True),
        ({"email": "a@b.example"}, True),
        ({"roles": ["a"]}, True),
        ({"email": "a@b.example", "roles": []}, False),
        ({"email": "a@b.example", "role_name": "a"}, False),
        ({"email": None, "roles": ["a"]}, True),
    ],
)
def test_userinfo_is_asked_for_a_missing_address_or_missing_roles(claims, missing):
    assert lacks(CONFIG, claims) is missing


# Types


@pytest.mark.parametrize(
    "claims",
    [
        {"email": 7},
        {"email": ["a@b.example"]},
        {"email": "a@b.example\0"},
        {"email": "x" * 256},
        {"email": "\ud800@b.example"},
        {"roles": 7},
        {"roles": {"a": 1}},
        {"roles": ["a", 7]},
        {"roles": [None]},
        {"roles": ["a\0"]},
        {"roles": True},
        {"role_name": ["a", {}]},
        {"auth_time": "now"},
        {"auth_time": True},
        {"auth_time": -1},
        {"auth_time": float("nan")},
    ],
)
def test_a_malformed_claim_that_decides_something_is_untrusted(claims):
    with pytest.raises(UpstreamUntrusted) as caught:
        identity(claims)
    assert caught.value.evidence["claim"] in claims


@pytest.mark.parametrize("value", [7, ["x"], {"a": 1}, "x" * 256, "a\0", "\ud800", True, "", None])
def test_a_malformed_description_is_left_out(value):
    names = ("name", "given_name", "family_name", "locale", "sid", "amr")
    found = identity(dict.fromkeys(names, value))
    described = (found.name, found.given_name, found.family_name, found.locale, found.session, found.amr)
    assert described == (None, None, None, None, None, ())


@pytest.mark.parametrize("name", ["Zoë Ó Briain", "ندا\u200cرضا", "山田 太郎"])
def test_names_of_the_world_are_kept(name):
    assert identity({"name": name}).name == name


def test_the_claims_that_name_people_can_be_configured():
    config = replace(CONFIG, subject_claim="oid", first_name_claim="first", last_name_claim="last")
    found = identity({"oid": "o-1", "first": "A", "last": "B", "given_name": "X"}, config=config)
    assert (found.subject, found.given_name, found.family_name) == ("o-1", "A", "B")


@pytest.mark.parametrize(
    ("value", "error"),
    [(None, ClaimMissing), ("", UpstreamUntrusted), (7, UpstreamUntrusted), ("x" * 256, UpstreamUntrusted)],
)
def test_the_configured_subject_has_to_be_there(value, error):
    with pytest.raises(UpstreamUntrusted) as caught:
        identity({"oid": value}, {"oid": "from userinfo"}, config=replace(CONFIG, subject_claim="oid"))
    assert type(caught.value) is error


# Time and methods


@pytest.mark.parametrize(
    ("auth_time", "when"),
    [
        (None, NOW),
        (SECONDS - 60, NOW - timedelta(seconds=60)),
        (SECONDS + 3600, NOW),
        (2**53 - 1, NOW),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_the_proof_was_when_the_upstream_says_but_not_in_the_future(auth_time, when):
    assert identity({"auth_time": auth_time}).authenticated_at == when


def test_registered_methods_are_kept_and_others_left_out():
    assert identity({"amr": ["pwd", "mfa", "rsa", 7, "urn:x"]}).amr == ("pwd", "mfa")


def test_the_explanation_holds_what_was_looked_at_and_no_more():
    claims = {"email": "a@b.example", "email_verified": True, "roles": ["a"], "auth_time": SECONDS, "ssn": "x"}
    assert identity(claims).claims == {
        "iss": "https://op.example",
        "sub": "person-1",
        "email": "a@b.example",
        "email_verified": True,
        "roles": ["a"],
        "auth_time": SECONDS,
    }
