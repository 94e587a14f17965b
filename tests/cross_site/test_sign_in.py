"""A sign-in at the provider over TLS, through a platform that is reached by plain http on the way."""

from __future__ import annotations

from tests.cross_site.conftest import OpenProfile
from tests.support.app import OpenIdProvider


def test_a_person_who_comes_back_from_the_platform_has_a_host_bound_session(
    open_profile: OpenProfile, op: OpenIdProvider
) -> None:
    context = open_profile("blocked")
    page = context.new_page()
    page.goto(f"{op.issuer}/login/?account=acme")
    page.click("a.provider[data-provider=genesys]")
    page.click("[name=person][value=agent]")
    page.wait_for_url(f"{op.issuer}/**")
    assert "Sam Agent" in page.inner_text("main")
    kept = {cookie["name"]: cookie for cookie in context.cookies(op.issuer)}
    assert kept["__Host-idp_sso.acme"]["secure"]
    assert kept["__Host-idp_sso.acme"]["httpOnly"]
