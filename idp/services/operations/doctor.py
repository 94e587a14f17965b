"""Whether an account's people can sign in: its providers end to end, as seen from here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from idp.domain.codes import STAFF_ACCOUNT
from idp.domain.context import Context
from idp.domain.errors import UpstreamError
from idp.domain.identifiers import AccountCode, ProviderCode
from idp.domain.provider_findings import Topic
from idp.domain.provider_kinds import Kind
from idp.services.operations.readiness import Finding
from idp.services.parts import Parts
from idp.services.registry import accounts
from idp.services.registry.providers import connector_of, redirect_uri, settings_of
from idp.services.sign_in.record import WRONG_ORGANISATION
from idp.store import audit_events, providers, sign_ins
from idp.store.providers import Provider
from idp.store.sign_ins import SignIn
from idp.store.unit_of_work import reading

SECRET_WARNING = timedelta(days=30)
RECENT = timedelta(days=7)
LOOKED_AT = 20
"""So many of the latest sign-ins at a provider are looked at."""


def examine(account: str, *, parts: Parts, context: Context) -> Iterator[Finding]:
    """Look at an account and each of its providers; findings come as they are made, since calls take time.

    :raises NotFound: there is no such account.
    """
    with reading() as session:
        found = accounts.require(session, account)
        rows = providers.of_account(session, AccountCode(account))
    if not found.enabled:
        yield Finding(
            part=account,
            what=f"The account is disabled; nobody signs in until: idp accounts enable {account}",
            breaks=True,
        )
    if not rows:
        yield Finding(
            part=account,
            what="The account has no provider, so nobody can sign in; see: idp providers create --help",
            deserves_attention=True,
        )
    for row in rows:
        yield from examine_provider(row, parts=parts, context=context)


def examine_provider(row: Provider, *, parts: Parts, context: Context) -> Iterator[Finding]:
    """Look at one provider: its registration, its pin, its secret, the upstream itself, and its latest sign-ins."""
    part = f"{row.account_code} {row.code}"
    callback = redirect_uri(row, issuer=parts.settings.issuer)
    yield Finding(part=part, what=f"The redirect URI to register at the provider is {callback}")
    yield Finding(part=part, what=_pins(row))
    problems = [*_secret(row, part, context), *_upstream(row, part, callback, parts), *_recent(row, part, context)]
    yield from problems
    if not any(finding.breaks for finding in problems):
        yield Finding(part=part, what="The provider can be reached, and takes our client id and secret.")


def _pins(row: Provider) -> str:
    settings = settings_of(row).resolved()
    if settings.tenants:
        return f"People may come from the organisations {', '.join(settings.tenants)} only."
    if settings.hosted_domains:
        return f"People may come from the Workspaces {', '.join(settings.hosted_domains)} only."
    if settings.any_google_account:
        return "Everybody with a Google account may come, as an agent."
    if settings.kind == Kind.OAUTH2:
        return f"Whoever {settings.userinfo_url} names may come; nothing narrows that down further."
    return f"Whoever the issuer {settings.issuer} names may come."


def _secret(row: Provider, part: str, context: Context) -> Iterator[Finding]:
    """Tell when the upstream stops taking the client secret, where somebody noted the day."""
    if row.client_secret_expires is None:
        return
    left = row.client_secret_expires - context.now.date()
    mend = (
        "make a new one at the provider, then: "
        f"idp providers update {row.account_code} {row.code} --client-secret-file F --client-secret-expires DAY"
    )
    if left <= timedelta(0):
        yield Finding(
            part=part,
            what=f"The client secret has expired on {row.client_secret_expires}; {mend}",
            breaks=True,
            topic=Topic.SECRET_EXPIRED,
        )
    elif left <= SECRET_WARNING:
        yield Finding(
            part=part,
            what=f"The client secret expires on {row.client_secret_expires}, in {left.days} days; {mend}",
            deserves_attention=True,
            topic=Topic.SECRET_EXPIRES,
        )


def _upstream(row: Provider, part: str, callback: str, parts: Parts) -> Iterator[Finding]:
    try:
        found = connector_of(row, parts).check(redirect_uri=callback)
    except UpstreamError as error:
        yield Finding(
            part=part, what=f"The provider cannot be examined: {error}.", breaks=True, topic=Topic.REACHABILITY
        )
        return
    for one in found:
        yield Finding(part=part, what=one.what, breaks=one.breaks, deserves_attention=not one.breaks, topic=one.topic)


def _recent(row: Provider, part: str, context: Context) -> Iterator[Finding]:
    """Tell what the latest sign-ins ran into: some faults show only when somebody comes."""
    since = context.now - RECENT
    account, code = AccountCode(row.account_code), ProviderCode(row.code)
    with reading() as session:
        latest = [one for one in sign_ins.latest_at(session, account, code, most=LOOKED_AT) if one.at >= since]
        failed = audit_events.latest_failure(session, account, code, since=since)
        anybody = sign_ins.was_anybody_let_in(session, account, code, since=since)
    yield from _strangers(row, part, latest, anybody=anybody)
    if failed is not None and all(one.at < failed.at for one in latest):
        reason = failed.details.get("reason", failed.outcome)
        yield Finding(
            part=part,
            what=f"The last sign-in, on {failed.at:%Y-%m-%d %H:%M} UTC, came back unusable: {reason}.",
            deserves_attention=True,
            topic=Topic.SIGN_IN,
        )


def _strangers(row: Provider, part: str, latest: Sequence[SignIn], *, anybody: bool) -> Iterator[Finding]:
    """Tell of people from elsewhere: where nobody else gets in, the pin is likely wrong."""
    refused = [one for one in latest if one.outcome == WRONG_ORGANISATION]
    if not refused:
        return
    named = sorted({one.organisation for one in refused if one.organisation})
    came = f"from {', '.join(named)}" if named else "from no organisation at all"
    wrong_pin = not anybody and row.account_code != STAFF_ACCOUNT
    arrivals = f"{len(refused)} of the last {len(latest)} sign-ins"
    yield Finding(
        part=part,
        what=f"{arrivals} came {came}, which is not pinned. {_widened(row, named)}",
        breaks=wrong_pin,
        deserves_attention=not wrong_pin,
        topic=Topic.STRANGERS,
    )


def _widened(row: Provider, named: Sequence[str]) -> str:
    """Return the command that admits those organisations beside the present ones; for staff there is none."""
    if row.account_code == STAFF_ACCOUNT or not named:
        return "They were refused, as they should be."
    settings = settings_of(row).resolved()
    option, present = (
        ("--hosted-domain", settings.hosted_domains) if settings.hosted_domains else ("--tenant", settings.tenants)
    )
    pins = " ".join(f"{option} {pin}" for pin in dict.fromkeys((*present, *named)))
    return (
        "If the customer says that it is theirs, too (leave out what is not): "
        f"idp providers update {row.account_code} {row.code} {pins}"
    )
