"""What may name a service, and for whom a token is."""

from __future__ import annotations

import pytest

from idp.domain.errors import Invalid
from idp.domain.resource import audience_of, parse_resource

ISSUER, API, OTHER = "https://login.example.com", "https://api.example.com/", "urn:deepdesk:other"


@pytest.mark.parametrize("text", [API, OTHER, "https://api.example.com", "https://api.example.com/v1?x=y", "app:x"])
def test_an_absolute_uri_names_a_service(text):
    assert parse_resource(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api",
        "/api",
        "//api.example.com/",
        "https://",
        "https://a/#x",
        "https://a b/",
        "https://é/",
        "https://[/",
        "a:",
        'https://a/"',
        "https://a/\\",
        "https://a/" + "x" * 600,
        "https://a/\n",
    ],
)
def test_anything_else_does_not(text):
    with pytest.raises(Invalid) as refused:
        parse_resource(text)
    assert "absolute URI" in str(refused.value)


@pytest.mark.parametrize(
    ("resources", "audiences", "openid", "expected"),
    [
        ((), (), True, (ISSUER,)),
        ((), (), False, (ISSUER,)),
        ((), (API,), False, (API,)),
        ((), (API,), True, (API, ISSUER)),
        ((), (API, OTHER), False, (ISSUER,)),
        ((OTHER,), (API, OTHER), False, (OTHER,)),
        ((OTHER, API), (API, OTHER), True, (OTHER, API, ISSUER)),
        ((ISSUER,), (API,), True, (ISSUER,)),
    ],
)
def test_a_token_is_for_whom_was_picked_else_the_only_one_else_us(resources, audiences, openid, expected):
    assert audience_of(resources, audiences=audiences, issuer=ISSUER, openid=openid) == expected
