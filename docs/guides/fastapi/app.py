"""A service in FastAPI whose people sign in at Deepdesk's identity provider."""

import html
import logging
import os
import time
from typing import Annotated, Any
from urllib.parse import urlencode

import logout_token
from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import Depends, FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from httpx2 import HTTPError
from joserfc.errors import JoseError
from logout_token import LogoutTokenRefused
from sessions import Sessions
from starlette.middleware.sessions import SessionMiddleware

ISSUER = os.environ["ISSUER"]  # the provider, without a slash at the end
CLIENT_ID = os.environ["CLIENT_ID"]
SERVICE_URL = os.environ["SERVICE_URL"]  # this service; never taken from the request's Host
IS_HTTPS = SERVICE_URL.startswith("https://")
LONGEST_SESSION = 12 * 60 * 60
RENEW_AHEAD = 60  # seconds before the access token ends

log = logging.getLogger("uvicorn.error")
app = FastAPI(openapi_url=None)
app.add_middleware(
    SessionMiddleware,
    secret_key=os.environ["COOKIE_SECRET"],
    session_cookie="__Host-service" if IS_HTTPS else "service",
    https_only=IS_HTTPS,
    same_site="lax",
    max_age=None,  # until the browser closes
)
sessions = Sessions(os.environ["SESSIONS_FILE"])
# What every ID token must say. Authlib looks at the audience only when asked to.
EXPECTED = {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": CLIENT_ID}}
deepdesk = OAuth().register(
    "deepdesk",
    client_id=CLIENT_ID,
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={
        "scope": "openid profile email roles",
        "code_challenge_method": "S256",  # PKCE
        "timeout": 10,
    },
)


# Who it is, and what they may do.


async def signed_in(request: Request) -> dict[str, Any] | None:
    """Return the verified claims of whoever is signed in, or None."""
    key = request.session.get("key", "")
    held = sessions.find(key)
    if held and held["renew_at"] <= time.time():
        held = await renewed(key, held)
    return held["claims"] if held else None


Visitor = Annotated[dict[str, Any] | None, Depends(signed_in)]


async def renewed(key: str, held: dict[str, Any]) -> dict[str, Any] | None:
    """Ask the provider who the person is by now; None, and the session ends, when it confirms nothing."""
    try:
        tokens = await deepdesk.fetch_access_token(grant_type="refresh_token", refresh_token=held["refresh_token"])
        claims = await deepdesk.parse_id_token(tokens, nonce=None, claims_options=EXPECTED)
    except (OAuthError, JoseError) as problem:
        log.info("session over: %s", getattr(problem, "error", type(problem).__name__))
        claims = None
    if not claims or claims["sub"] != held["claims"]["sub"]:
        sessions.end(key)
        return None
    held = kept(claims, tokens)
    sessions.change(key, held)
    return held


def require_role(*roles: str):
    """Make a dependency that lets only people in who have one of these roles."""

    def guard(request: Request, person: Visitor) -> dict[str, Any]:
        if person is None:
            request.session["then"] = request.url.path
            raise HTTPException(303, headers={"Location": "/sign-in"})
        if not set(roles) & set(person.get("roles", [])):
            raise HTTPException(403, "Your role does not let you open this page.")
        return person

    return guard


@app.get("/")
async def home(person: Visitor) -> HTMLResponse:
    return page("Hello.", person)


@app.get("/manage")
async def manage(person: Annotated[dict[str, Any], Depends(require_role("deepdesk.manager"))]) -> HTMLResponse:
    return page("Only managers see this.", person)


# Signing in.


@app.get("/sign-in")
async def sign_in(request: Request) -> Response:
    """Send the browser to the provider; it comes back at the callback."""
    return await deepdesk.authorize_redirect(request, f"{SERVICE_URL}/callback")


@app.get("/callback")
async def callback(request: Request) -> Response:
    """Take the provider's answer. Authlib compares state and nonce, and sends the PKCE verifier."""
    if request.query_params.get("iss") != ISSUER:
        return page("This answer comes from somebody else.", None, 400)
    try:
        tokens = await deepdesk.authorize_access_token(request, claims_options=EXPECTED)
    except (OAuthError, JoseError) as problem:
        log.warning("not signed in: %s", getattr(problem, "error", type(problem).__name__))
        return page("You are not signed in. Please try again.", None, 400)
    then = request.session.get("then", "/")
    held = kept(tokens["userinfo"], tokens)
    request.session.clear()
    ends_at = time.time() + LONGEST_SESSION
    request.session["key"] = sessions.begin(held, sid=held["claims"].get("sid"), ends_at=ends_at)
    return RedirectResponse(then, 303)


def kept(claims: dict[str, Any], tokens: dict[str, Any]) -> dict[str, Any]:
    """Return what this service remembers of a person; it stays on the server."""
    wanted = ("sub", "sid", "account", "roles", "role_name", "name", "email")
    return {
        "claims": {name: claims[name] for name in wanted if name in claims},
        "id_token": tokens["id_token"],  # for signing out
        "renew_at": time.time() + tokens["expires_in"] - RENEW_AHEAD,
        "refresh_token": tokens.get("refresh_token"),
    }


# Leaving.


@app.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session here, then at the provider. SameSite=Lax keeps other sites from sending this POST."""
    key = request.session.get("key", "")
    held = sessions.find(key)
    sessions.end(key)
    request.session.clear()
    metadata = await deepdesk.load_server_metadata()
    asked = {"client_id": CLIENT_ID, "post_logout_redirect_uri": f"{SERVICE_URL}/"}
    if held:
        asked["id_token_hint"] = held["id_token"]  # so that the provider need not ask
    return RedirectResponse(f"{metadata['end_session_endpoint']}?{urlencode(asked)}", 303)


@app.post("/backchannel-logout")
async def backchannel_logout(token: Annotated[str, Form(alias="logout_token")] = "") -> Response:
    """Hear from the provider that somebody signed out elsewhere."""
    metadata = await deepdesk.load_server_metadata()
    try:
        claims = logout_token.read(
            token,
            keys=await deepdesk.fetch_jwk_set(force=True),  # keys change
            algorithms=metadata["id_token_signing_alg_values_supported"],
            issuer=ISSUER,
            client_id=CLIENT_ID,
        )
    except LogoutTokenRefused:
        return JSONResponse({"error": "invalid_request"}, 400)
    if not sessions.end_sid(claims["sid"], jti=claims["jti"], ends_at=claims["exp"] + logout_token.LEEWAY):
        return JSONResponse({"error": "invalid_request"}, 400)  # heard before
    return Response()


# What every answer has in common.


def page(message: str, person: dict[str, Any] | None, status: int = 200) -> HTMLResponse:
    who = '<a id="sign-in" href="/sign-in">Sign in</a>'
    if person:
        shown = {name: html.escape(person.get(name, "")) for name in ("account", "role_name")}
        name = html.escape(person.get("name") or person.get("email") or person["sub"])
        who = (
            f'<p id="person">{name}</p>'
            f'<p>Account <b id="account">{shown["account"]}</b>, role <b id="role">{shown["role_name"]}</b></p>'
            '<form method="post" action="/sign-out"><button>Sign out</button></form>'
        )
    return HTMLResponse(f'<!doctype html><title>A service</title><p id="message">{message}</p>{who}', status)


@app.exception_handler(HTTPError)
async def provider_not_reached(_request: Request, problem: HTTPError) -> Response:
    log.warning("the provider does not answer: %s", type(problem).__name__)
    return HTMLResponse("Signing in does not work at the moment. Please try again in a minute.", 503)


@app.middleware("http")
async def keep_private(request: Request, call_next) -> Response:
    response = await call_next(request)
    response.headers["Cache-Control"] = "no-store"
    return response
