"""Upstream providers in words: what a kind is called, who may come by one, and what a look at it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.domain.provider_findings import Topic
from idp.domain.provider_kinds import Kind
from idp.domain.provider_settings import ProviderSettings
from idp.mails import foreign
from idp.store.provider_checks import ProviderCheck

KINDS: Mapping[Kind, tuple[LazyString | str, LazyString]] = {
    Kind.ENTRA: ("Microsoft Entra ID", _("For companies whose people sign in with Microsoft 365.")),
    Kind.GOOGLE: ("Google Workspace", _("For companies whose people sign in with Google.")),
    Kind.GENESYS: ("Genesys Cloud", _("For agents who work in Genesys Cloud.")),
    Kind.RINGCENTRAL: ("RingCentral", _("For agents who work with RingCentral.")),
    Kind.SALESFORCE: ("Salesforce", _("For people who work in Salesforce.")),
    Kind.OIDC: ("OpenID Connect", _("Okta, Keycloak, and every other provider with a discovery document.")),
    Kind.OAUTH2: ("OAuth 2.0", _("A server without OpenID Connect. Choose it only where nothing else fits.")),
}
"""What each kind is called, and when it is the one to choose; in the order in which they are offered."""

FINDINGS: Mapping[Topic, tuple[LazyString, LazyString]] = {
    Topic.REACHABILITY: (
        _("An address of the provider does not answer as it should."),
        _("Try again in a few minutes. If it stays so, ask whoever looks after the provider."),
    ),
    Topic.DISCOVERY: (
        _("The provider's description of itself cannot be used."),
        _("Compare the issuer or tenant here with what the provider's console shows."),
    ),
    Topic.ISSUER: (
        _("The provider calls itself otherwise than it is written here."),
        _("Both must be equal to the letter. Correct the issuer here."),
    ),
    Topic.KEYS: (
        _("The provider's signatures could not be verified."),
        _("Let it sign with RS256 or ES256, and publish its keys."),
    ),
    Topic.CLOCK: (_("The provider's clock and ours differ too much."), _("Let both follow a time server.")),
    Topic.CLIENT: (
        _("The provider does not accept our registration."),
        _("Copy client ID and secret anew from the provider's console: of the secret its value, not its ID."),
    ),
    Topic.REDIRECT_URI: (
        _("The provider refuses our request before anybody signs in."),
        _("Most often the redirect URI is not registered there. The sheet for IT has it; compare to the letter."),
    ),
    Topic.SCOPE: (
        _("The provider does not grant all that we ask for."),
        _("Let the application there have every scope on the sheet for IT."),
    ),
    Topic.SECRET_EXPIRED: (
        _("The provider no longer accepts our secret."),
        _("Make a new one in the provider's console, and store it here."),
    ),
    Topic.SECRET_EXPIRES: (
        _("The provider will soon stop accepting our secret."),
        _("Make a new one in the provider's console in time, and store it here."),
    ),
    Topic.STRANGERS: (
        _("People came from an organisation that is not let in here."),
        _("If it is yours, too, let it be added. If not, they were refused as they should be."),
    ),
    Topic.SIGN_IN: (
        _("The last sign-in came back with something that we cannot use."),
        _("If it happens again, compare the provider's console with the sheet for IT."),
    ),
    Topic.SETTINGS: (_("Something is missing in the settings here."), _("Complete the settings.")),
    Topic.OTHER: (_("Something deserves a look."), _("The details below say what.")),
}
"""What was found, and its mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that the last look found.

    :param details: for whoever mends it, in English and with names of options.
    :param breaks: sign-ins fail until it is mended.
    """

    sentence: LazyString
    mend: LazyString
    details: str
    breaks: bool


def findings(check: ProviderCheck | None) -> Sequence[Finding]:
    """Return what a look found, what breaks sign-ins first."""
    found = [] if check is None else [_finding(one) for one in check.findings]
    return sorted(found, key=lambda one: not one.breaks)


def kind_name(kind: str) -> str:
    """Return what a kind is called."""
    return str(KINDS[Kind(kind)][0]) if kind in set(Kind) else kind


def who_may_come(settings: ProviderSettings) -> LazyString:
    """Return what pins a provider, in one sentence."""
    resolved = settings.resolved()
    if resolved.any_google_account:
        return _("Everybody with a Google account may come, as an agent.")
    if resolved.hosted_domains:
        names = ", ".join(resolved.hosted_domains)
        return _("Only people of these Google Workspaces may come: %(names)s.", names=names)
    if resolved.tenants:
        names = ", ".join(resolved.tenants)
        return _("Only people of these organisations may come, by their ID there: %(names)s.", names=names)
    if resolved.kind == Kind.OAUTH2:
        address = resolved.userinfo_url or ""
        return _("Whoever has an account at %(address)s may come. Nothing narrows it further.", address=address)
    return _("Whoever %(issuer)s lets in may come.", issuer=resolved.issuer)


def _finding(stored: Mapping[str, object]) -> Finding:
    topic = stored.get("topic")
    sentence, mend = FINDINGS[Topic(str(topic)) if topic in set(Topic) else Topic.OTHER]
    details = foreign.one_line(str(stored.get("what", "")))
    return Finding(sentence=sentence, mend=mend, details=details, breaks=bool(stored.get("breaks")))
