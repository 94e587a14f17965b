"""Who walks through management, what each may there, and why everybody may call what is not guarded.

The tables are the tests' own word: they are compared with what the code says, and never made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DECIDES = frozenset({"access_requests.view_accessrequest", "access_requests.change_accessrequest"})
MANAGES = DECIDES | {
    *(f"users.{action}_user" for action in ("view", "add", "change", "delete")),
    *(f"sessions.{action}_session" for action in ("view", "delete")),
    *("providers.view_provider", "clients.view_client", "accounts.view_account"),
    *("staff.view_staffgrant", "audit.view_auditevent"),
}
MANAGES_AS_STAFF = MANAGES | {
    *(f"providers.{action}_provider" for action in ("add", "change", "delete")),
    *(f"clients.{action}_client" for action in ("add", "change", "delete")),
    *(f"api_keys.{action}_apikey" for action in ("view", "add", "change", "delete")),
    *(f"platform_secrets.{action}_platformsecret" for action in ("view", "add", "change", "delete")),
    *("accounts.change_account", "staff.add_staffgrant", "staff.delete_staffgrant"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """Somebody who tries everything.

    :param may: all that they may do in their account's management.
    :param staff: one of Deepdesk's own, who enters ``acme``.
    """

    name: str
    may: frozenset[str] = frozenset()
    staff: bool = False

    def may_at(self, rule: str, permission: str) -> bool:
        """Say whether they may call an address that a permission guards.

        The request that is there is a collision, which is the managers' to settle and never a deputy's.
        """
        return permission in self.may and not (self.name == "deputy" and "<request_id>" in rule)


WALKERS = (
    Walker(name="agent"),
    Walker(name="editor"),
    Walker(name="assistant_editor"),
    Walker(name="deputy", may=DECIDES),
    Walker(name="manager", may=MANAGES),
    Walker(name="staff_without_grant", staff=True),
    Walker(name="staff_as_editor", staff=True),
    Walker(name="staff_as_manager", staff=True, may=MANAGES_AS_STAFF),
)

_SIGNING_IN = "how people sign in: the pages decide for each by itself, tests/pages and tests/protocol"
_OWN = "one's own account: whatever is named is looked up among one's own, tests/pages/test_account.py"
_PROTOCOL = "clients and browsers by the specifications, tests/protocol"
_PUBLIC = "the same for everybody"
_WIDGET = "the cookie session, by its own checks, tests/widget"
_STEP = "a step before the guard: it says who comes in, and shows nothing"
EXPLAINED: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("pages.sign_in", "pages.choose_account", "pages.go", "pages.callback", "pages.staff"),
            *("pages.enter_as_staff", "pages.magic", "pages.ask_for_mail", "pages.mail_afresh", "pages.mail_again"),
            *("pages.confirm_sign_in", "pages.press_sign_in", "pages.fresh_proof_page", "pages.send_or_take_code"),
            *("pages.mail_sent", "pages.type_mail_code", "pages.sign_out", "pages.confirm_sign_out"),
            *("pages.signed_out", "pages.ask_for_access", "pages.confirm_access_request", "pages.access_status"),
            *("platform.sign_in", "platform.done", "exchange_link.open_link", "exchange_link.continue_as"),
        ),
        _SIGNING_IN,
    ),
    **dict.fromkeys(
        (
            *("pages.account", "pages.choose_language", "pages.withdraw_consent", "pages.end_own_session"),
            *("pages.everywhere", "pages.sign_out_everywhere"),
        ),
        _OWN,
    ),
    **dict.fromkeys(
        (
            *("authorize.authorize", "authorize.resume", "pages.consent", "pages.answer_consent"),
            *("introspection.introspect", "logout.end_session", "par.push", "revocation.revoke"),
            *("revocation.revoke_preflight", "token.token", "token.token_preflight", "userinfo.userinfo"),
            "userinfo.userinfo_preflight",
        ),
        _PROTOCOL,
    ),
    **dict.fromkeys(
        (
            *("metadata.metadata", "metadata.metadata_preflight", "metadata.jwks", "auth_keys.jwks", "probes.alive"),
            *("probes.ready", "metrics.metrics", "pages.static", "platform.static", "sdk.newest", "sdk.exact"),
            "api_v1.describe",
        ),
        _PUBLIC,
    ),
    **dict.fromkeys(
        (
            *("auth.session", "auth.refresh", "auth.logout", "auth.exchange_token", "auth.session_preflight"),
            *("auth.changing_preflight", "auth.exchange_preflight", "bridges.by_api_key", "bridges.by_handoff"),
            *("bridges.by_platform_jwt", "bridges.bridge_preflight"),
        ),
        _WIDGET,
    ),
    **dict.fromkeys(("pages.enter_management", "pages.prove_again", "pages.take_proof"), _STEP),
}
"""Every endpoint without a guard, and why it needs none."""
