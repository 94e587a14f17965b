"""What a client can be registered as, with every problem told at once."""

from __future__ import annotations

import pytest

from idp.domain.client_metadata import ClientMetadata, parse_client_id, parse_client_secret
from idp.domain.client_words import AuthMethod, ClaimsProfile, GrantType, Party, Pkce, ResponseType, SigningAlg
from idp.domain.errors import Invalid
from idp.domain.scope import Scope


def parsed(**changes) -> ClientMetadata:
    return ClientMetadata.parse(
        **{"client_name": "Studio", "redirect_uris": ["https://studio.example.com/callback"], **changes}
    )


def problems(**changes) -> tuple[str, ...]:
    with pytest.raises(Invalid) as refused:
        parsed(**changes)
    return refused.value.problems


def test_what_is_not_given_takes_the_defaults_of_the_contract():
    assert parsed() == ClientMetadata(
        client_name="Studio",
        redirect_uris=("https://studio.example.com/callback",),
        grant_types=(GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN),
        response_types=(ResponseType.CODE,),
        auth_method=None,
        scope=(
            Scope.OPENID,
            Scope.PROFILE,
            Scope.EMAIL,
            Scope.OFFLINE_ACCESS,
            Scope.ROLES,
            Scope.PERMISSIONS,
        ),
        id_token_alg=SigningAlg.RS256,
        pkce=Pkce.REQUIRED,
        party=Party.FIRST,
        claims_profile=ClaimsProfile.DEEPDESK,
        audiences=(),
        serves=(),
        roles=(),
        post_logout_redirect_uris=(),
        backchannel_logout_uri=None,
        jwks=None,
        jwks_uri=None,
    )


def test_all_problems_are_told_at_once():
    told = problems(
        client_name=" ",
        redirect_uris=["http://studio.example.com/", "https://studio.example.com/#top"],
        grant_types=["password"],
        response_types=["token"],
        auth_method="tls_client_auth",
        scope="openid made_up",
        id_token_alg="none",
        audiences=["studio"],
        roles=["manager"],
        backchannel_logout_uri="http://studio.example.com/",
    )
    assert [line.split(" ")[0:3] for line in told] == [
        ["the", "name", "must"],
        ["redirect", "URI", "'http://studio.example.com/'"],
        ["redirect", "URI", "'https://studio.example.com/#top'"],
        ["grant", "type", "'password'"],
        ["response", "type", "'token'"],
        ["auth", "method", "'tls_client_auth'"],
        ["unknown", "scope", "'made_up';"],
        ["ID", "token", "algorithm"],
        ["audience", "'studio'", "must"],
        ["role", "'manager'", "is"],
        ["back-channel", "logout", "URI"],
    ]


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "Stu\ndio", "Stu\x00dio", "Stu\u202edio"])
def test_a_name_has_1_to_100_printable_characters(name):
    assert problems(client_name=name) == ("the name must have 1 to 100 printable characters",)


def test_a_name_may_be_in_any_language_and_is_trimmed():
    assert parsed(client_name="  Übersicht 管理 ").client_name == "Übersicht 管理"


def test_a_redirect_uri_is_needed():
    (told,) = problems(redirect_uris=[])
    assert "redirect" in told


def test_what_is_given_twice_counts_once():
    metadata = parsed(redirect_uris=["https://a.example/"] * 2, grant_types=["authorization_code"] * 2)
    assert metadata.redirect_uris == ("https://a.example/",)
    assert metadata.grant_types == (GrantType.AUTHORIZATION_CODE,)


def test_a_public_client_cannot_do_without_pkce():
    assert problems(auth_method="none", pkce=Pkce.OPTIONAL) == (
        "a public client always needs PKCE: leave out --no-pkce",
    )
    assert parsed(auth_method="none").is_public
    assert parsed(pkce=Pkce.OPTIONAL).pkce is Pkce.OPTIONAL


def test_a_client_without_the_code_grant_is_refused():
    assert len(problems(grant_types=["refresh_token"])) == 1


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"grant_types": ["implicit"]}, "implicit"),
        ({"grant_types": ["Authorization_Code"]}, "Authorization_Code"),
        ({"response_types": ["code id_token"]}, "code id_token"),
        ({"response_types": [""]}, "''"),
        ({"auth_method": ""}, "''"),
        ({"id_token_alg": "HS256"}, "HS256"),
        ({"id_token_alg": "rs256"}, "rs256"),
        ({"scope": ""}, "unknown scope"),
    ],
)
def test_what_is_not_built_is_refused_with_the_choices(changes, word):
    told = problems(**changes)
    assert len(told) == 1
    assert word in told[0]
    assert "choose from" in told[0] or "known are" in told[0]


@pytest.mark.parametrize(
    ("registered", "accepted"),
    [
        (None, {AuthMethod.BASIC, AuthMethod.POST}),
        ("client_secret_basic", {AuthMethod.BASIC}),
        ("client_secret_post", {AuthMethod.POST}),
        ("none", {AuthMethod.NONE}),
    ],
)
def test_a_client_authenticates_as_registered_and_in_no_other_way(registered, accepted):
    metadata = parsed(auth_method=registered)
    assert {method for method in AuthMethod if metadata.accepts(method)} == accepted


@pytest.mark.parametrize("text", ["studio", "a", "A-z.0_~", "x" * 128])
def test_a_client_id_of_unreserved_characters_is_taken(text):
    assert parse_client_id(text) == text


@pytest.mark.parametrize("text", ["", "x" * 129, "stu dio", "stu:dio", "studio\n", "st\u00fcdio", "a/b", "a%20b"])
def test_any_other_client_id_is_refused(text):
    with pytest.raises(Invalid):
        parse_client_id(text)


@pytest.mark.parametrize("text", ["", "short", "x" * 15, "x" * 16 + " ", "x" * 16 + "\n", "\u00fc" * 20])
def test_a_secret_that_is_short_or_cannot_be_sent_is_refused_and_not_repeated(text):
    with pytest.raises(Invalid) as refused:
        parse_client_secret(text)
    assert not text or text not in str(refused.value)
    assert parse_client_secret("x" * 16) == "x" * 16


KEYS = {"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grant_types": ["client_credentials"], "auth_method": "none"}, "nothing to prove itself with"),
        ({"roles": ["deepdesk.editor"]}, "--role is for the grant type client_credentials"),
        ({"auth_method": "none", "serves": ["https://a.example/"]}, "cannot introspect"),
        ({"auth_method": "private_key_jwt"}, "give --jwks-file or --jwks-uri"),
        ({"auth_method": "private_key_jwt", "jwks": KEYS, "jwks_uri": "https://a.example/"}, "one of them"),
        ({"jwks": KEYS}, "are for --auth-method private_key_jwt"),
        ({"party": Party.THIRD, "claims_profile": "deepdesk"}, "--claims standard"),
    ],
)
def test_what_contradicts_itself_is_refused_with_the_way_out(changes, words):
    told = problems(**changes)
    assert any(words in one for one in told), told


def test_a_third_partys_claims_are_standard_unless_told_otherwise():
    assert parsed(party=Party.THIRD).claims_profile is ClaimsProfile.STANDARD


def test_a_client_of_its_own_tokens_alone_needs_no_redirect_uri():
    assert parsed(grant_types=["client_credentials"], redirect_uris=[]).redirect_uris == ()


@pytest.mark.parametrize(
    "jwks",
    [
        {},
        [],
        "keys",
        {"keys": {}},
        {"keys": []},
        {"keys": [KEYS["keys"][0]] * 11},
        {"keys": ["key"]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        {"keys": [{**KEYS["keys"][0], "d": "private"}]},
        {"keys": [{"kty": "EC", "crv": "P-256", "x": "x"}]},
        {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "x"}]},
    ],
)
def test_keys_are_a_set_of_complete_public_ones(jwks):
    assert problems(auth_method="private_key_jwt", jwks=jwks)
