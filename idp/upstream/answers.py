"""Reading an upstream's HTTP answers: which failures are worth another try, and which are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from idp.domain.errors import UpstreamError, UpstreamRefused, UpstreamUnavailable, UpstreamUntrusted
from idp.outbound.http import Answer, OutboundError

_REFUSALS = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "login_required",
    }
)
_TEMPORARY = frozenset({"server_error", "temporarily_unavailable"})
# RFC 6749 appendix A.7, cut to what a log line bears.
_ERROR_CODE = re.compile(r"[\x20\x21\x23-\x5B\x5D-\x7E]{1,64}")


def ask(what: str, call: Callable[[], Answer]) -> Answer:
    """Make an outgoing call, and say of a missing answer that trying again may help.

    :param what: the endpoint in a word, for the log.
    :raises UpstreamUnavailable: no answer; a status, whichever, is one.
    """
    try:
        return call()
    except OutboundError as error:
        raise unavailable(what, str(error)) from error


def document(what: str, answer: Answer) -> Mapping[str, Any]:
    """Return the JSON object in ``answer``, whatever its status.

    :raises UpstreamUnavailable: it is something else, as a proxy's or a login page is.
    """
    try:
        found = answer.json()
    except OutboundError as error:
        raise unavailable(what, str(error), status=answer.status) from error
    if not isinstance(found, dict):
        raise unavailable(what, "the answer is not a JSON object", status=answer.status)
    return found


def fetched(what: str, answer: Answer) -> Mapping[str, Any]:
    """Return the JSON object of a successful answer.

    :raises UpstreamUnavailable: another status than 200, or no JSON object.
    """
    if answer.status != 200:
        raise unavailable(what, f"status {answer.status} instead of 200", status=answer.status)
    return document(what, answer)


def entrusted(what: str, answer: Answer) -> Mapping[str, Any]:
    """Return the JSON object with which an endpoint answers an access token.

    :raises UpstreamUntrusted: it refuses the token.
    :raises UpstreamUnavailable: any other failure.
    """
    if is_refusal(answer):
        raise UpstreamUntrusted(f"{what} refuses the access token", endpoint=what, status=answer.status)
    return fetched(what, answer)


def is_refusal(answer: Answer) -> bool:
    """Say whether the answer is a no that will be the same at the next try."""
    return 400 <= answer.status < 500 and answer.status != 429


def unavailable(what: str, reason: str, **evidence: Any) -> UpstreamUnavailable:
    """Return the error for an endpoint that gave no usable answer."""
    return UpstreamUnavailable(f"{what}: {reason}", endpoint=what, reason=reason, **evidence)


def readable(code: object) -> str:
    """Return an OAuth error code fit for a log and a terminal; what is none is not repeated."""
    return code if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else "(unreadable)"


def error_of(code: object, **evidence: Any) -> UpstreamError:
    """Return our error for an OAuth error code (RFC 6749 §4.1.2.1, §5.2; OpenID Connect Core §3.1.2.6).

    Only the code is kept: descriptions are the upstream's text and may hold anything.
    """
    error = readable(code)
    if error in _REFUSALS:
        return UpstreamRefused(error, error=error, **evidence)
    if error in _TEMPORARY:
        return UpstreamUnavailable(error, error=error, **evidence)
    return UpstreamUntrusted(error, error=error, **evidence)
