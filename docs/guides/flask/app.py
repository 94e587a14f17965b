"""A service in Flask whose people sign in at Deepdesk's identity provider."""

import os
import time
from functools import wraps
from urllib.parse import urlencode

import logout_token
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, g, jsonify, redirect, render_template_string, request, session
from joserfc.errors import JoseError
from logout_token import LogoutTokenRefused
from requests import RequestException
from sessions import Sessions

ISSUER = os.environ["ISSUER"]  # the provider, without a slash at the end
CLIENT_ID = os.environ["CLIENT_ID"]
SERVICE_URL = os.environ["SERVICE_URL"]  # this service; never taken from the request's Host
IS_HTTPS = SERVICE_URL.startswith("https://")
LONGEST_SESSION = 12 * 60 * 60
RENEW_AHEAD = 60  # seconds before the access token ends

app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.environ["COOKIE_SECRET"],
    SESSION_COOKIE_NAME="__Host-service" if IS_HTTPS else "service",
    SESSION_COOKIE_SECURE=IS_HTTPS,
    SESSION_COOKIE_HTTPONLY=True,
    SESSION_COOKIE_SAMESITE="Lax",
)
sessions = Sessions(os.environ["SESSIONS_FILE"])
deepdesk = OAuth(app).register(
    "deepdesk",
    client_id=CLIENT_ID,
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={
        "scope": "openid profile email roles",
        "code_challenge_method": "S256",  # PKCE
        "default_timeout": 10,
    },
)

PAGE = """<!doctype html><title>A service</title>
{% if person %}
<p id="person">{{ person.name or person.email or person.sub }}</p>
<p>Account <b id="account">{{ person.account }}</b>, role <b id="role">{{ person.role_name }}</b></p>
<p id="message">{{ message }}</p>
<form method="post" action="/sign-out"><button>Sign out</button></form>
{% else %}
<p id="message">{{ message }}</p>
<a id="sign-in" href="/sign-in">Sign in</a>
{% endif %}"""


# Signing in.


@app.get("/sign-in")
def sign_in(then="/"):
    """Send the browser to the provider; it comes back at the callback."""
    session.clear()  # one attempt at a time keeps the cookie small
    session["then"] = then
    return deepdesk.authorize_redirect(f"{SERVICE_URL}/callback")


@app.get("/callback")
def callback():
    """Take the provider's answer. Authlib compares state and nonce, and sends the PKCE verifier."""
    if request.args.get("iss") != ISSUER:
        return page("This answer comes from somebody else.", 400)
    try:
        tokens = deepdesk.authorize_access_token(claims_options=expected())
    except (OAuthError, JoseError) as problem:
        app.logger.warning("not signed in: %s", getattr(problem, "error", type(problem).__name__))
        return page("You are not signed in. Please try again.", 400)
    then = session.pop("then", "/")
    session.clear()
    held = kept(tokens["userinfo"], tokens)
    session["key"] = sessions.begin(held, sid=held["claims"].get("sid"), ends_at=time.time() + LONGEST_SESSION)
    return redirect(then)


def expected():
    """Return what every ID token must say. Authlib looks at the audience only when asked to."""
    return {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": CLIENT_ID}}


def kept(claims, tokens):
    """Return what this service remembers of a person; it stays on the server."""
    wanted = ("sub", "sid", "account", "roles", "role_name", "name", "email")
    return {
        "claims": {name: claims[name] for name in wanted if name in claims},
        "id_token": tokens["id_token"],  # for signing out
        "renew_at": time.time() + tokens["expires_in"] - RENEW_AHEAD,
        "refresh_token": tokens.get("refresh_token"),
    }


# Who it is, and what they may do.


def current_person():
    """Return the verified claims of whoever is signed in, or None."""
    if "person" not in g:
        key = session.get("key", "")
        held = sessions.find(key)
        if held and held["renew_at"] <= time.time():
            held = renewed(key, held)
        g.person = held["claims"] if held else None
    return g.person


def renewed(key, held):
    """Ask the provider who the person is by now; None, and the session ends, when it confirms nothing."""
    try:
        tokens = deepdesk.fetch_access_token(grant_type="refresh_token", refresh_token=held["refresh_token"])
        claims = deepdesk.parse_id_token(tokens, nonce=None, claims_options=expected())
    except (OAuthError, JoseError) as problem:
        app.logger.info("session over: %s", getattr(problem, "error", type(problem).__name__))
        claims = None
    if not claims or claims["sub"] != held["claims"]["sub"]:
        sessions.end(key)
        return None
    held = kept(claims, tokens)
    sessions.change(key, held)
    return held


def needs(*roles):
    """Let only people in who have one of these roles."""

    def guard(view):
        @wraps(view)
        def guarded():
            person = current_person()
            if person is None:
                return sign_in(then=request.path)
            if not set(roles) & set(person.get("roles", [])):
                return page("Your role does not let you open this page.", 403)
            return view()

        return guarded

    return guard


@app.get("/")
def home():
    return page("Hello.")


@app.get("/manage")
@needs("deepdesk.manager")
def manage():
    return page("Only managers see this.")


# Leaving.


@app.post("/sign-out")
def sign_out():
    """End the session here, then at the provider. SameSite=Lax keeps other sites from sending this POST."""
    key = session.get("key", "")
    held = sessions.find(key)
    sessions.end(key)
    session.clear()
    end_session = deepdesk.load_server_metadata()["end_session_endpoint"]
    asked = {"client_id": CLIENT_ID, "post_logout_redirect_uri": f"{SERVICE_URL}/"}
    if held:
        asked["id_token_hint"] = held["id_token"]  # so that the provider need not ask
    return redirect(f"{end_session}?{urlencode(asked)}", 303)


@app.post("/backchannel-logout")
def backchannel_logout():
    """Hear from the provider that somebody signed out elsewhere."""
    try:
        claims = logout_token.read(
            request.form.get("logout_token", ""),
            keys=deepdesk.fetch_jwk_set(force=True),  # keys change
            algorithms=deepdesk.load_server_metadata()["id_token_signing_alg_values_supported"],
            issuer=ISSUER,
            client_id=CLIENT_ID,
        )
    except LogoutTokenRefused:
        return jsonify(error="invalid_request"), 400
    if not sessions.end_sid(claims["sid"], jti=claims["jti"], ends_at=claims["exp"] + logout_token.LEEWAY):
        return jsonify(error="invalid_request"), 400  # heard before
    return ""


# What every answer has in common.


def page(message, status=200):
    return render_template_string(PAGE, message=message, person=current_person()), status


@app.errorhandler(RequestException)
def provider_not_reached(problem):
    app.logger.warning("the provider does not answer: %s", type(problem).__name__)
    return "Signing in does not work at the moment. Please try again in a minute.", 503


@app.after_request
def keep_private(response):
    response.headers["Cache-Control"] = "no-store"
    return response
