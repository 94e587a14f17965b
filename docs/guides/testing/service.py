"""A small service: a page for managers who sign in, an API for bearers of access tokens, and one for widgets."""

import jwt
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, redirect, request, session
from joserfc.errors import JoseError

API = "https://reports.example.com"  # the name of this API in access tokens


def create_service(*, url, issuer, client_id, client_secret, account, secret_key):
    service = Flask(__name__)
    service.secret_key = secret_key
    deepdesk = OAuth(service).register(
        "deepdesk",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email roles", "code_challenge_method": "S256"},
    )
    here = f"urn:deepdesk:account:{account}"
    keys = jwt.PyJWKClient(f"{issuer}/oauth/jwks")
    session_keys = jwt.PyJWKClient(f"{issuer}/auth/jwks")

    @service.get("/callback")
    def callback():
        expected = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}}
        try:
            person = deepdesk.authorize_access_token(claims_options=expected)["userinfo"]
        except (OAuthError, JoseError):
            return "You are not signed in.", 400
        session.clear()
        session["person"] = {"name": person["name"], "roles": person["roles"]}
        return redirect("/reports")

    @service.get("/reports")
    def reports():
        person = session.get("person")
        if person is None:
            return deepdesk.authorize_redirect(f"{url}/callback")
        if "deepdesk.manager" not in person["roles"]:
            return "Only managers see reports.", 403
        return f"Reports for {person['name']}"

    @service.get("/api/reports")
    def api():
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        claims = read(token, keys, typ="at+jwt", audience=API, issuer=issuer)
        return ({"for": claims["account"]}, 200) if claims else ({"error": "invalid_token"}, 401)

    @service.get("/widget/reports")
    def widget():
        token = request.cookies.get("access_token_cookie", "")
        claims = read(token, session_keys, typ="session+jwt", audience=here, issuer=issuer)
        return ({"for": claims["identity"]["user_name"]}, 200) if claims else ({"error": "sign in"}, 401)

    return service


def read(token, keys, *, typ, audience, issuer):
    """Return the claims of a token that counts here, or None."""
    try:
        if jwt.get_unverified_header(token).get("typ") != typ:
            return None
        key = keys.get_signing_key_from_jwt(token)
        return jwt.decode(token, key, algorithms=["ES256"], audience=audience, issuer=issuer)
    except (jwt.InvalidTokenError, jwt.PyJWKClientError):
        return None
