"""Asks the provider what an access token is worth at this moment (RFC 7662)."""

import os

import requests

ISSUER, AUDIENCE = os.environ["ISSUER"], os.environ["AUDIENCE"]
ITSELF = (os.environ["API_CLIENT_ID"], os.environ["API_CLIENT_SECRET"])


def ask_about(token):
    """Return what the provider says of it now, or None when it does not count, or not here."""
    answer = requests.post(f"{ISSUER}/oauth/introspect/", data={"token": token}, auth=ITSELF, timeout=10)
    answer.raise_for_status()
    told = answer.json()
    audience = told.get("aud", [])
    is_for_us = AUDIENCE in ([audience] if isinstance(audience, str) else audience)
    return told if told["active"] and is_for_us else None
