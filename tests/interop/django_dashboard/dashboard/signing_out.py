"""Staff sign out here, or anywhere else: the provider tells by a logout token (Back-Channel Logout 1.0)."""

from urllib.parse import urlencode

import jwt
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LEEWAY = 60  # seconds by which clocks may differ
REMEMBERED = 10 * 60  # seconds; a logout token lives two minutes

keys = jwt.PyJWKClient(settings.OIDC_OP_JWKS_ENDPOINT, timeout=settings.OIDC_TIMEOUT)


def sign_out_address(request):
    """Return where to go after signing out here: to the provider's page for it, and back from there."""
    back = request.build_absolute_uri(reverse("signed_out"))
    wanted = {"client_id": settings.OIDC_RP_CLIENT_ID, "post_logout_redirect_uri": back}
    return f"{settings.DEEPDESK_ISSUER}/oauth/logout/?{urlencode(wanted)}"


@csrf_exempt  # the provider calls, not a browser; what counts is the token's signature
@require_POST
def backchannel_logout(request):
    """End the sessions that belong to one of the provider."""
    try:
        claims = read_logout_token(request.POST.get("logout_token", ""))
    except jwt.PyJWKClientConnectionError:
        return HttpResponse(status=503)  # the provider tries again
    except jwt.PyJWTError:
        return JsonResponse({"error": "invalid_request"}, status=400)
    if cache.add(f"logout token {claims['jti']}", True, REMEMBERED):  # each counts once
        end_sessions(claims["sid"])
    return HttpResponse()


def read_logout_token(token):
    """Return the claims of a logout token for this dashboard.

    :raises jwt.PyJWTError: it is another kind of token, somebody else's word, or meant for somebody else.
    """
    if jwt.get_unverified_header(token).get("typ") != "logout+jwt":
        raise jwt.InvalidTokenError("It is another kind of token.")
    claims = jwt.decode(
        token,
        key=keys.get_signing_key_from_jwt(token).key,
        algorithms=[settings.OIDC_RP_SIGN_ALGO],
        audience=settings.OIDC_RP_CLIENT_ID,
        issuer=settings.DEEPDESK_ISSUER,
        leeway=LEEWAY,
        options={"require": ["iss", "aud", "iat", "exp", "jti", "sid", "events"]},
    )
    events = claims["events"]
    if "nonce" in claims or not isinstance(events, dict) or EVENT not in events:
        raise jwt.InvalidTokenError("It reports something else.")
    return claims


def end_sessions(sid):
    """Sign out the browsers that came by this session of the provider."""
    for key in Session.objects.values_list("session_key", flat=True):
        session = SessionStore(key)
        if session.get("deepdesk_sid") == sid:
            session.flush()
