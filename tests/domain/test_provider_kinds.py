"""What each kind of provider fills in, what pins it, and which options it understands (CONTRACT §6 rule 5)."""

from __future__ import annotations

import pytest

from idp.domain.errors import Invalid
from idp.domain.provider_checks import MAX_PINS, check
from idp.domain.provider_kinds import (
    ENTRA_EVERYBODY,
    GENESYS_DOMAINS,
    PINNED_BY_TENANT,
    PRESETS,
    Kind,
    genesys_hosts,
    own_email_claim,
    tenant_of_issuer,
)
from idp.domain.provider_settings import ProviderSettings
from idp.domain.roles import Role

TENANT = "3b0c6a52-7a3f-4d7e-9f5e-2a51c0de0001"
OTHER = "c81f2d94-50be-4f6a-8d1b-2a51c0de0002"
ISSUER = "https://acme.example"
LEAST = {
    Kind.OIDC: {"issuer": ISSUER},
    Kind.OAUTH2: {
        "authorize_url": f"{ISSUER}/authorize",
        "token_url": f"{ISSUER}/token",
        "userinfo_url": f"{ISSUER}/me",
    },
    Kind.GOOGLE: {"hosted_domains": ("acme.example",)},
    Kind.ENTRA: {"tenants": (TENANT,)},
    Kind.GENESYS: {"api_url": "https://api.mypurecloud.de", "tenants": ("org-1",)},
    Kind.RINGCENTRAL: {"tenants": ("400131426008",)},
    Kind.SALESFORCE: {"issuer": "https://acme.my.salesforce.com", "tenants": ("00D000000000001EAA",)},
}
"""The fewest options with which each kind works."""
MEANINGFUL = {
    "issuer": {Kind.OIDC, Kind.OAUTH2, Kind.GOOGLE, Kind.ENTRA, Kind.SALESFORCE},
    "api_url": {Kind.GOOGLE, Kind.ENTRA, Kind.GENESYS, Kind.RINGCENTRAL},
    "userinfo_url": {Kind.OIDC, Kind.OAUTH2, Kind.GOOGLE, Kind.SALESFORCE},
    "tenants": {Kind.ENTRA, Kind.GENESYS, Kind.RINGCENTRAL, Kind.SALESFORCE},
    "hosted_domains": {Kind.GOOGLE},
    "any_google_account": {Kind.GOOGLE},
    "trust_email": set(Kind) - {Kind.OAUTH2},
}
VALUES = {
    "issuer": "https://issuer.example",
    "api_url": "https://api.example",
    "userinfo_url": "https://me.example",
    "tenants": ("some",),
    "hosted_domains": ("some.example",),
    "any_google_account": True,
    "trust_email": True,
}


def settings(kind: Kind, **changes) -> ProviderSettings:
    return ProviderSettings.of(kind, **{"display_name": "X", "client_id": "us", **LEAST[kind], **changes})


def problems(kind: Kind, **changes) -> tuple[str, ...]:
    with pytest.raises(Invalid) as refused:
        check(settings(kind, **changes))
    return refused.value.problems


def test_every_kind_has_a_preset():
    assert set(PRESETS) == set(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_the_least_is_enough(kind):
    check(settings(kind))


@pytest.mark.parametrize(("kind", "option"), [(kind, option) for kind in Kind for option in LEAST[kind]])
def test_less_is_refused(kind, option):
    empty = () if isinstance(LEAST[kind][option], tuple) else ""
    assert len(problems(kind, **{option: empty})) == 1


@pytest.mark.parametrize(
    ("kind", "option"), [(kind, option) for option, kinds in MEANINGFUL.items() for kind in Kind if kind not in kinds]
)
def test_an_option_without_meaning_is_refused(kind, option):
    told = problems(kind, **{option: VALUES[option]})
    assert any(line.endswith(f"has no meaning for --kind {kind}; leave it out") for line in told)


@pytest.mark.parametrize(
    ("kind", "option"), [(kind, option) for option, kinds in MEANINGFUL.items() for kind in Kind if kind in kinds]
)
def test_an_option_with_meaning_is_not(kind, option):
    changes = {option: VALUES[option]}
    if option == "any_google_account":
        changes["hosted_domains"] = ()
    if (kind, option) == (Kind.GENESYS, "api_url"):
        changes["api_url"] = "https://api.mypurecloud.ie"
    check(settings(kind, **changes))


@pytest.mark.parametrize("kind", Kind)
def test_what_was_typed_goes_before_the_preset(kind):
    typed = settings(kind, scope="openid x", roles_claim="groups", authorize_url=f"{ISSUER}/a", token_url=f"{ISSUER}/t")
    resolved = typed.resolved()
    assert (resolved.scope, resolved.roles_claim) == ("openid x", "groups")
    assert (resolved.authorize_url, resolved.token_url) == (f"{ISSUER}/a", f"{ISSUER}/t")


@pytest.mark.parametrize("kind", Kind)
def test_resolving_twice_adds_nothing(kind):
    once = settings(kind).resolved()
    assert once.resolved() == once


@pytest.mark.parametrize(
    ("kind", "subject", "email", "roles"),
    [
        (Kind.OIDC, "sub", "email", "roles"),
        (Kind.OAUTH2, "sub", "email", "roles"),
        (Kind.GOOGLE, "sub", "email", "roles"),
        (Kind.ENTRA, "oid", "email", "roles"),
        (Kind.GENESYS, "id", "email", "authorization.roles.name"),
        (Kind.RINGCENTRAL, "id", "contact.email", "roles.id"),
        (Kind.SALESFORCE, "user_id", "email", "custom_permissions"),
    ],
)
def test_claims_by_kind(kind, subject, email, roles):
    made = settings(kind)
    assert (made.subject_claim, made.email_claim, made.roles_claim) == (subject, email, roles)


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        (Kind.OIDC, {}, {"issuer": ISSUER, "authorize_url": None}),
        (Kind.GOOGLE, {}, {"issuer": "https://accounts.google.com", "api_url": "https://cloudidentity.googleapis.com"}),
        (Kind.GOOGLE, {"issuer": ISSUER}, {"issuer": ISSUER}),
        (
            Kind.ENTRA,
            {},
            {"issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0", "api_url": "https://graph.microsoft.com"},
        ),
        (
            Kind.ENTRA,
            {"tenants": (TENANT, OTHER)},
            {"issuer": "https://login.microsoftonline.com/organizations/v2.0", "tenants": (TENANT, OTHER)},
        ),
        (
            Kind.ENTRA,
            {"tenants": (), "issuer": f"https://login.microsoftonline.com/{TENANT}/v2.0"},
            {"tenants": (TENANT,)},
        ),
        (
            Kind.GENESYS,
            {},
            {
                "authorize_url": "https://login.mypurecloud.de/oauth/authorize",
                "token_url": "https://login.mypurecloud.de/oauth/token",
            },
        ),
        (
            Kind.RINGCENTRAL,
            {},
            {
                "api_url": "https://platform.ringcentral.com",
                "authorize_url": "https://platform.ringcentral.com/restapi/oauth/authorize",
                "token_url": "https://platform.ringcentral.com/restapi/oauth/token",
            },
        ),
        (
            Kind.RINGCENTRAL,
            {"api_url": "https://platform.devtest.ringcentral.com/"},
            {"token_url": "https://platform.devtest.ringcentral.com/restapi/oauth/token"},
        ),
    ],
)
def test_addresses_by_kind(kind, changes, expected):
    resolved = settings(kind, **changes).resolved()
    assert {name: getattr(resolved, name) for name in expected} == expected


def test_an_unknown_kind_resolves_to_itself():
    typed = ProviderSettings.of("saml", display_name="X", client_id="us")
    assert typed.resolved() == typed


# Pins


@pytest.mark.parametrize("kind", sorted(PINNED_BY_TENANT))
def test_a_platform_needs_its_organisation(kind):
    (told,) = problems(kind, tenants=())
    assert told.startswith(f"--tenant is needed for --kind {kind}")


def test_an_entra_tenant_may_be_named_by_the_issuer():
    check(settings(Kind.ENTRA, tenants=(), issuer=f"https://login.microsoftonline.com/{TENANT}/v2.0"))


@pytest.mark.parametrize("everybody", sorted(ENTRA_EVERYBODY))
def test_entra_for_everybody_is_no_pin(everybody):
    for written in {everybody, everybody.upper()}:
        assert problems(Kind.ENTRA, tenants=(written,))
    issuer = f"https://login.microsoftonline.com/{everybody}/v2.0"
    assert problems(Kind.ENTRA, tenants=(), issuer=issuer)
    assert problems(Kind.OIDC, issuer=issuer)
    check(settings(Kind.ENTRA, tenants=(TENANT,), issuer=issuer))


@pytest.mark.parametrize(
    ("issuer", "tenant"),
    [
        (f"https://login.microsoftonline.com/{TENANT}/v2.0", TENANT),
        (f"https://login.microsoftonline.com/{TENANT}/v2.0/", TENANT),
        (f"https://login.microsoftonline.com/{TENANT}", None),
        (f"https://sts.windows.net/{TENANT}/", None),
        ("https://login.microsoftonline.com/common/v2.0", None),
        ("https://login.microsoftonline.com/{tenantid}/v2.0", None),
        ("https://login.microsoftonline.com/v2.0", None),
        ("https://[::1", None),
        ("", None),
    ],
)
def test_the_tenant_of_an_issuer(issuer, tenant):
    assert tenant_of_issuer(issuer) == tenant


@pytest.mark.parametrize("tenant", ["", " ", "a b", "x" * 256, "ten\u00e4nt", "a\n"])
def test_a_tenant_that_cannot_be_one_is_refused(tenant):
    assert any(line.startswith("--tenant ") for line in problems(Kind.GENESYS, tenants=(tenant,)))


def test_google_needs_a_pin_or_the_word_that_there_is_none():
    assert problems(Kind.GOOGLE, hosted_domains=())[0].startswith("--hosted-domain is needed for --kind google")
    check(settings(Kind.GOOGLE, hosted_domains=(), any_google_account=True))
    assert problems(Kind.GOOGLE, any_google_account=True) == (
        "--hosted-domain and --any-google-account contradict each other; leave one of them out",
    )


@pytest.mark.parametrize(
    "domain", ["", "acme", "Acme.example", "@acme.example", "*.example", "acme.example.", "\u00e4cme.example"]
)
def test_a_hosted_domain_is_a_domain_in_lower_case(domain):
    assert any(
        line.startswith(f"--hosted-domain {domain!r}") for line in problems(Kind.GOOGLE, hosted_domains=(domain,))
    )


def test_pins_are_not_without_number():
    check(settings(Kind.GENESYS, tenants=tuple(map(str, range(MAX_PINS)))))
    assert problems(Kind.GENESYS, tenants=tuple(map(str, range(MAX_PINS + 1))))


@pytest.mark.parametrize("ceiling", [None, *Role])
def test_any_google_account_makes_agents_at_most(ceiling):
    anybody = settings(Kind.GOOGLE, hosted_domains=(), any_google_account=True, role_ceiling=ceiling)
    assert anybody.rules().ceiling is Role.AGENT
    assert settings(Kind.GOOGLE, role_ceiling=ceiling).rules().ceiling is ceiling


# Trusting addresses


@pytest.mark.parametrize("kind", sorted(MEANINGFUL["trust_email"]))
def test_trust_is_in_the_kinds_own_claim(kind):
    check(settings(kind, trust_email=True))
    assert problems(kind, trust_email=True, email_claim="upn") == (
        f"--trust-email trusts the claim {own_email_claim(kind)} only; leave --email-claim out",
    )
    check(settings(kind, email_claim="upn"))


def test_nobody_is_trusted_where_anybody_may_come():
    (told,) = problems(Kind.GOOGLE, hosted_domains=(), any_google_account=True, trust_email=True)
    assert told.startswith("--trust-email needs a pinned provider")


# Genesys Cloud's regions


@pytest.mark.parametrize("domain", GENESYS_DOMAINS)
def test_a_region_has_a_pair_of_hosts(domain):
    hosts = (f"https://login.{domain}/oauth/authorize", f"https://login.{domain}/oauth/token")
    assert genesys_hosts(f"https://api.{domain}") == hosts
    assert genesys_hosts(f"https://api.{domain}/") == hosts


@pytest.mark.parametrize(
    "api_url",
    [
        "https://mypurecloud.de",
        "https://login.mypurecloud.de",
        "https://api.mypurecloud.de.evil.example",
        "https://api.evilmypurecloud.de",
        "https://api.example.com",
        "https://[::1",
        "",
    ],
)
def test_no_region(api_url):
    assert genesys_hosts(api_url) is None


def test_an_unknown_region_needs_the_addresses_themselves():
    (told,) = problems(Kind.GENESYS, api_url="https://api.example.com")
    assert "no region of Genesys Cloud" in told
    check(
        settings(
            Kind.GENESYS,
            api_url="https://api.example.com",
            authorize_url=f"{ISSUER}/authorize",
            token_url=f"{ISSUER}/t",
        )
    )


@pytest.mark.parametrize(
    ("kind", "field"), [(Kind.ENTRA, "issuer"), (Kind.GENESYS, "api_url"), (Kind.RINGCENTRAL, "api_url")]
)
def test_an_address_that_cannot_be_read_is_told_like_any_other(kind, field):
    told = problems(kind, **{field: "https://[::1"})
    assert told[0].startswith(f"--{field.replace('_', '-')} 'https://[::1'")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"kind": "oidc", "issuer": "https://accounts.google.com"}, "google"),
        ({"kind": "oidc", "issuer": "https://login.microsoftonline.com/common/v2.0"}, "entra"),
        ({"kind": "oidc", "issuer": "https://login.salesforce.com"}, "salesforce"),
        ({"kind": "oidc", "issuer": "https://test.salesforce.com"}, "salesforce"),
        ({"kind": "oauth2", "userinfo_url": "https://openidconnect.googleapis.com/v1/userinfo"}, "google"),
        ({"kind": "oauth2", "userinfo_url": "https://graph.microsoft.com/oidc/userinfo"}, "entra"),
        ({"kind": "oauth2", "userinfo_url": "https://api.mypurecloud.de/api/v2/users/me"}, "genesys"),
        ({"kind": "oauth2", "userinfo_url": "https://platform.ringcentral.com/restapi/v1.0/x"}, "ringcentral"),
    ],
)
def test_an_address_that_answers_for_strangers_needs_the_kind_that_pins_it(given, kind):
    urls = {"authorize_url": "https://as.example/a", "token_url": "https://as.example/t"}
    settings = ProviderSettings.of(**{"display_name": "x", "client_id": "x", **urls, **given})
    with pytest.raises(Invalid, match=f"--kind {kind} pins"):
        check(settings)


@pytest.mark.parametrize("kind", ["google", "entra", "genesys", "ringcentral", "salesforce"])
def test_people_are_known_by_the_kinds_own_id(kind):
    settings = ProviderSettings.of(kind, display_name="x", client_id="x", subject_claim="employee_number")
    with pytest.raises(Invalid, match="--subject-claim has no meaning"):
        check(settings)
