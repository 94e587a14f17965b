"""A service that reads the session cookies of Deepdesk's identity provider, with Flask-JWT-Extended."""

import os

import flask
import jwt
import requests
from flask_jwt_extended import JWTManager, get_jwt, get_jwt_identity, jwt_required
from twins import the_one_that_counts
from werkzeug.datastructures import MultiDict
from werkzeug.utils import cached_property

ISSUER = os.environ["ISSUER"]  # the provider, without a slash at the end
AUDIENCE = f"urn:deepdesk:account:{os.environ['ACCOUNT']}"
PLATFORMS = os.environ["PLATFORMS"].split()  # origins of the pages with the widget, such as https://desk.example.com
COOKIE, CSRF_HEADER = "access_token_cookie", "X-CSRF-TOKEN"


class Request(flask.Request):
    """A request in which, of two access cookies, only the one that counts is left."""

    @cached_property
    def cookies(self):
        sent = super().cookies
        tokens = sent.getlist(COOKIE)
        if len(tokens) < 2:
            return sent
        embedded = self.headers.get("Origin") in PLATFORMS
        chosen = the_one_that_counts(tokens, AUDIENCE, self.headers.get(CSRF_HEADER), embedded=embedded)
        left = MultiDict(sent)
        left.setlist(COOKIE, chosen)
        return left


app = flask.Flask(__name__)
app.request_class = Request
app.config.update(
    JWT_TOKEN_LOCATION=["cookies"],
    JWT_ALGORITHM="ES256",
    JWT_DECODE_ISSUER=ISSUER,
    JWT_DECODE_AUDIENCE=AUDIENCE,
    JWT_DECODE_LEEWAY=30,
    JWT_IDENTITY_CLAIM="sub",
    JWT_ACCESS_COOKIE_NAME=COOKIE,
    JWT_COOKIE_CSRF_PROTECT=True,
    JWT_CSRF_METHODS=["POST", "PUT", "PATCH", "DELETE"],
    JWT_ACCESS_CSRF_HEADER_NAME=CSRF_HEADER,
)
tokens = JWTManager(app)
keys = jwt.PyJWKClient(f"{ISSUER}/auth/jwks", timeout=5)


@tokens.decode_key_loader
def key_of(header, _claims):
    """Give the key of a session's token, and none for a token of another kind."""
    if header.get("typ") != "session+jwt":
        raise jwt.InvalidTokenError("another kind of token")
    try:
        return keys.get_signing_key(header.get("kid"))
    except jwt.PyJWKClientConnectionError:
        raise  # nobody could look: 503, below
    except jwt.PyJWKClientError as unknown:
        raise jwt.InvalidTokenError("an unknown key") from unknown


@tokens.invalid_token_loader
def invalid(_reason):
    return {"msg": "Sign in."}, 401


@app.errorhandler(jwt.PyJWKClientConnectionError)
def without_keys(_problem):
    return {"msg": "Please try again in a minute."}, 503


@app.before_request
def refuse_what_is_no_csrf_value():
    # The library compares with a function that breaks on such characters.
    if not flask.request.headers.get(CSRF_HEADER, "").isascii():
        return {"msg": "The CSRF value is wrong."}, 401
    return None


@app.after_request
def let_platforms_call(answer):
    """Let pages with the widget call with their cookies, and no other site's."""
    answer.vary.add("Origin")
    origin = flask.request.headers.get("Origin")
    if origin in PLATFORMS:
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Access-Control-Allow-Credentials"] = "true"
        answer.headers["Access-Control-Allow-Headers"] = f"Content-Type, {CSRF_HEADER}"
        answer.headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
    return answer


@app.get("/suggestions")
@jwt_required()
def suggestions():
    claims = get_jwt()
    name, until = claims["identity"]["user_name"], claims["exp"]
    return {"sub": get_jwt_identity(), "name": name, "roles": claims["roles"], "until": until}


@app.post("/suggestions/used")
@jwt_required()
def used():
    return {"sub": get_jwt_identity()}


@app.delete("/suggestions")
@jwt_required()
def delete():
    present = at_this_moment(flask.request.cookies[COOKIE])
    if present is None:
        return {"msg": "Sign in."}, 401
    if "deepdesk.manager" not in present["roles"]:
        return {"msg": "Only managers may."}, 403
    return {"sub": get_jwt_identity()}


def at_this_moment(token):
    """Ask the provider who is there, and as what; None where the session has ended."""
    answer = requests.get(f"{ISSUER}/auth/session/", cookies={COOKIE: token}, timeout=5)
    if answer.status_code != 401:
        answer.raise_for_status()
    return answer.json() if answer.ok else None
