"""The services of an account, and what each learns about people: for looking only."""

from __future__ import annotations

from collections.abc import Mapping

from flask.typing import ResponseReturnValue

from idp.browser.runtime import context
from idp.domain.client_words import ClaimsProfile, GrantType
from idp.domain.consent import OF_EVERY_TOKEN, Disclosure, disclosures
from idp.pages import blueprint
from idp.pages.manage.door import managed
from idp.pages.manage.frame import render
from idp.services.people.management import Managing
from idp.services.registry import clients
from idp.services.registry.clients import RegisteredClient

PATH = "/manage/services/"


@blueprint.get(PATH)
@managed("clients.view_client")
def manage_services(who: Managing) -> ResponseReturnValue:
    """List the account's services."""
    found = clients.list_all(who.account, context=context())
    return render("manage_services.html", who, "services", services=[_shown(one) for one in found])


def _shown(client: RegisteredClient) -> Mapping[str, object]:
    metadata = client.metadata
    return {
        "name": metadata.client_name,
        "client_id": client.client_id,
        "since": client.created_at,
        "redirect_uris": metadata.redirect_uris,
        "third_party": metadata.is_third_party,
        "disclosures": _learnt(client) if GrantType.AUTHORIZATION_CODE in metadata.grant_types else (),
    }


def _learnt(client: RegisteredClient) -> tuple[Disclosure, ...]:
    metadata = client.metadata
    besides = OF_EVERY_TOKEN if metadata.claims_profile is ClaimsProfile.DEEPDESK else ()
    return disclosures(metadata.scope, (), besides=besides)
