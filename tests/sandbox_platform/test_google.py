from __future__ import annotations

from urllib.parse import quote

import pytest

from idp.sandbox.platform import Fault
from tests.sandbox_platform.application import Application, ask

GROUPS_SCOPE = "https://www.googleapis.com/auth/cloud-identity.groups.readonly"
QUERY = "member_key_id == '{}' && 'cloudidentity.googleapis.com/groups.discussion_forum' in labels"
SEARCH = "/v1/groups/-/memberships:searchDirectGroups?query={}"


def _groups(google: Application, tokens: object, member: str, more: str = "") -> object:
    return google.gets(SEARCH.format(quote(QUERY.format(member))) + more, tokens)


@pytest.mark.parametrize(
    ("person", "hosted_domain"),
    [
        ("staff", "deepdesk.example"),
        ("secondary", "deepdesk.example"),
        ("other-domain", "other.example"),
        ("consumer", "none at all"),
    ],
)
def test_the_hosted_domain_is_the_organisations(google: Application, person: str, hosted_domain: str) -> None:
    claims = google.claims(person)
    assert claims.get("hd", "none at all") == hosted_domain
    assert claims["iss"] == google.platform.base
    assert claims["email_verified"] is True


def test_the_metadata_names_what_is_there(google: Application) -> None:
    metadata = ask("GET", f"{google.platform.base}/.well-known/openid-configuration").json()
    tokens = google.tokens("staff")
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert ask("GET", metadata["userinfo_endpoint"], headers=headers).json()["email"] == "casey.staff@deepdesk.example"
    assert ask("GET", metadata["jwks_uri"]).json()["keys"]


def test_a_return_names_no_issuer_and_the_domain_asked_for_filters_nobody(google: Application) -> None:
    params = google.platform.approve(google.departure(hd="deepdesk.example"), "consumer")
    assert "code" in params
    assert "iss" not in params


def test_a_lapsed_domain_brings_a_new_subject_with_an_old_address(google: Application) -> None:
    old, new = google.claims("staff"), google.claims("newcomer-same-address")
    assert old["email"] == new["email"]
    assert old["sub"] != new["sub"]


@pytest.mark.parametrize(
    ("fault", "hosted_domain"),
    [(Fault.NO_HD, "none at all"), (Fault.HD_AS_LIST, ["deepdesk.example"]), (Fault.HD_OTHER, "other.example")],
)
def test_the_hosted_domain_can_be_wrong(google: Application, fault: Fault, hosted_domain: object) -> None:
    google.platform.fault = fault
    assert google.claims("staff").get("hd", "none at all") == hosted_domain


def test_the_issuer_may_come_in_its_old_form(google: Application) -> None:
    google.platform.fault = Fault.LEGACY_ISSUER
    assert google.claims("staff")["iss"] == google.platform.base.removeprefix("http://")


def test_groups_are_told_a_page_at_a_time_to_whoever_was_granted_them(google: Application) -> None:
    tokens, address = google.tokens("staff", f"openid email {GROUPS_SCOPE}"), "casey.staff@deepdesk.example"
    google.platform.state.groups_page_size = 1
    first = _groups(google, tokens, address).json()
    second = _groups(google, tokens, address, f"&pageToken={first['nextPageToken']}").json()
    found = [entry["groupKey"]["id"] for page in (first, second) for entry in page["memberships"]]
    assert found == ["everyone@deepdesk.example", "support@deepdesk.example"]
    assert "nextPageToken" not in second
    assert _groups(google, tokens, "kim.staff@deepdesk.example").status_code == 403
    assert _groups(google, google.tokens("staff"), address).status_code == 403
