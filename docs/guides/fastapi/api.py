"""An API in FastAPI that takes access tokens of Deepdesk's identity provider."""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

import jwt
import requests
from access_tokens import AccessTokens
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

app = FastAPI()
bearer = HTTPBearer(auto_error=False)


@lru_cache(maxsize=1)
def access_tokens() -> AccessTokens:
    """Ask the provider once, when the first call comes."""
    return AccessTokens(os.environ["ISSUER"], os.environ["AUDIENCE"])


def caller(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> dict[str, Any]:
    """Return the verified claims of the access token with which this API is called."""
    if credentials is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    try:
        return access_tokens().read(credentials.credentials)
    except (jwt.PyJWKClientConnectionError, requests.RequestException) as problem:
        raise HTTPException(503, "The identity provider cannot be reached.") from problem
    except jwt.PyJWTError as problem:
        raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) from problem


Caller = Annotated[dict[str, Any], Depends(caller)]


def may(permission: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Make a dependency that lets only those in who may do this; ``APP.*`` stands for all that an app has."""
    enough = {permission, f"{permission.partition('.')[0]}.*"}

    def check(claims: Caller) -> dict[str, Any]:
        if enough.isdisjoint(claims.get("permissions", [])):
            raise HTTPException(403, "You may not do this.")
        return claims

    return check


@app.get("/me")
def me(claims: Caller) -> dict[str, Any]:
    return {"sub": claims["sub"], "account": claims.get("account"), "roles": claims.get("roles", [])}


@app.get("/manage")
def manage(claims: Caller) -> dict[str, str]:
    if "deepdesk.manager" not in claims.get("roles", []):
        raise HTTPException(403)
    return {"message": "Only managers see this."}


@app.put("/text-suggestions/{number}")
def change_text_suggestion(
    number: int, claims: Annotated[dict[str, Any], Depends(may("text_suggestions.change_textsuggestion"))]
) -> dict[str, Any]:
    return {"number": number, "changed_by": claims["sub"]}
