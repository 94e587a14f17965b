"""What an access token opens at the userinfo endpoint (OpenID Connect Core §5.3). A hot path."""

from __future__ import annotations

from typing import Any

from idp.domain.context import Context
from idp.domain.errors import AccessTokenRefused, ScopeInsufficient
from idp.domain.scope import Scope
from idp.services.oauth import claims
from idp.services.oauth.standing import standing_in
from idp.services.parts import Parts
from idp.store import clients, subjects
from idp.store.unit_of_work import reading
from idp.tokens import access_token


def of_token(token: str, *, parts: Parts, context: Context) -> dict[str, Any]:
    """Return the claims about a token's person, as the records say now.

    :raises AccessTokenRefused: not a genuine, unexpired access token for this issuer, or it was revoked.
    :raises ScopeInsufficient: it was granted without ``openid``.
    """
    verified = access_token.verify(token, issuer=parts.settings.issuer, keys=parts.keys, now=context.now)
    if parts.settings.issuer not in verified.audience:
        raise AccessTokenRefused("meant for another audience")
    if Scope.OPENID not in verified.scope:
        raise ScopeInsufficient
    if verified.family_id is None:
        raise AccessTokenRefused("a client's own, which speaks of nobody")
    with reading() as session:
        member = subjects.of_live_family(session, verified.family_id, jti=verified.jti)
        subject = None
        if member is not None:
            subject = standing_in(
                session,
                member.subject,
                client_account=member.client_account,
                admitted=clients.admitted_by(session, member.client_id) if member.client_account is None else (),
                now=context.now,
            )
    if member is None or subject is None or subject.user_id != verified.subject:
        raise AccessTokenRefused("revoked, or the person may no longer enter")
    told = claims.in_userinfo(subject, member.profile, member.asked, scope=verified.scope, may=member.registered)
    return {"sub": verified.subject, **told}
