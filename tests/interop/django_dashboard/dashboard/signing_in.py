"""Staff sign in at the provider; what they are here is what it said last."""

import logging
import time
from urllib.parse import urlencode

import jwt
import requests
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import Group
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponseForbidden
from django.shortcuts import redirect
from django.urls import reverse
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.middleware import SessionRefresh
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView

from dashboard import permissions

SIGN_IN_AGAIN = ("login_required", "interaction_required")

log = logging.getLogger(__name__)


class StaffBackend(OIDCAuthenticationBackend):
    """Provisions staff by ``sub``, and gives them the groups of their claims."""

    def authenticate(self, request, **kwargs):
        """Return the user, or none when the provider or its tokens do not hold."""
        try:
            user = super().authenticate(request, **kwargs)
        except (requests.RequestException, jwt.InvalidTokenError, SuspiciousOperation) as problem:
            log.warning("not signed in: %s", type(problem).__name__)
            return None
        if user is not None:
            user.deepdesk_sid = self.sid  # for the callback; it is no field
        return user

    def verify_token(self, token, **kwargs):
        """Check whose ID token it is and for whom; the parent looks at signature, lifetime and nonce."""
        claims = super().verify_token(token, **kwargs)
        if claims.get("iss") != settings.DEEPDESK_ISSUER or claims.get("aud") != self.OIDC_RP_CLIENT_ID:
            raise SuspiciousOperation("The ID token comes from somebody else, or is meant for somebody else.")
        self.sid = claims.get("sid")
        return claims

    def get_userinfo(self, access_token, id_token, payload):
        """Return what the provider says now, of the person whom the ID token names."""
        claims = super().get_userinfo(access_token, id_token, payload)
        if claims.get("sub") != payload.get("sub"):
            raise SuspiciousOperation("The user information is about somebody else.")
        return claims

    def verify_claims(self, claims):
        """Admit staff who entered this account, and nobody else: ``idp_hint`` can be taken off the address."""
        return claims.get("staff") is True and claims.get("account") == settings.DEEPDESK_ACCOUNT

    def filter_users_by_claims(self, claims):
        """Find the user by what never changes; an address is no key."""
        return self.UserModel.objects.filter(username=claims["sub"])

    def get_username(self, claims):
        return claims["sub"]

    def create_user(self, claims):
        return self.update_user(super().create_user(claims), claims)

    def update_user(self, user, claims):
        """Make the user what the claims say, at every sign-in and every renewal."""
        user.email = claims.get("email", "")
        user.first_name = claims.get("given_name", "")
        user.last_name = claims.get("family_name", "")
        user.is_staff = claims.get("staff") is True
        user.save()
        user.groups.set(Group.objects.filter(name__in=claims.get("groups", [])))
        user.user_permissions.set(permissions.of_claims(claims))
        return user


class StaffCallback(OIDCAuthenticationCallbackView):
    """Where the provider's answers arrive."""

    def get(self, request):
        """Take the answer; somebody whose session at the provider ended goes there to sign in again, once."""
        renewing = request.user.is_authenticated
        page = request.session.get("oidc_login_next") or settings.LOGIN_REDIRECT_URL
        response = super().get(request)
        if renewing and request.GET.get("error") in SIGN_IN_AGAIN:
            return redirect(f"{reverse('oidc_authentication_init')}?{urlencode({'next': page})}")
        return response

    def login_success(self):
        """Remember which session of the provider this one belongs to, for when that ends."""
        response = super().login_success()
        self.request.session["deepdesk_sid"] = self.user.deepdesk_sid
        return response

    def login_failure(self):
        """Leave nobody signed in whom the provider did not confirm."""
        auth.logout(self.request)
        return super().login_failure()


class StaffSessionRefresh(SessionRefresh):
    """Re-authorizes silently, by ``prompt=none``, when a page is opened after the renewal is due."""

    def process_request(self, request):
        """Renew on GET; once that is due, refuse every other method, which the parent lets through."""
        if request.method != "GET" and self._is_due(request):
            return HttpResponseForbidden("Your sign-in has to be renewed. Reload the page and try again.")
        return super().process_request(request)

    def _is_due(self, request):
        if not request.user.is_authenticated or request.path in self.exempt_urls:
            return False
        return request.session.get("oidc_id_token_expiration", 0) <= time.time()


def is_still_admitted(request):
    """Ask the provider at this moment, for what must not wait for the next renewal."""
    answer = requests.get(
        settings.OIDC_OP_USER_ENDPOINT,
        headers={"Authorization": f"Bearer {request.session.get('oidc_access_token', '')}"},
        timeout=settings.OIDC_TIMEOUT,
    )
    return answer.status_code == requests.codes.ok
