"""Verifying ID tokens of upstreams (OpenID Connect Core §3.1.3.7), against our own list of algorithms."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel

from idp.domain.clock import unix
from idp.domain.errors import ClaimMissing, UpstreamUntrusted
from idp.domain.secrets import equal
from idp.upstream.claims import identifier, moment
from idp.upstream.jwks import ALGORITHMS, KeySet, PublicKey

LEEWAY = timedelta(seconds=60)


class _Registry(jws.JWSRegistry):
    """joserfc's rules of form, with room for long role lists and certificate chains."""

    max_header_length = 16 * 1024
    max_payload_length = 512 * 1024

    def get_alg(self, name: str) -> JWSAlgModel:
        # Without the warning that joserfc gives for "EdDSA": RFC 9864 renamed it, upstreams still write it.
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What an ID token must say to be the answer to one departure.

    :param admits_issuer: says of the claims at hand whether their ``iss`` is right.
    :param algorithms: as the provider's metadata lists them; none when it does not say.
    """

    admits_issuer: Callable[[Mapping[str, Any]], bool]
    client_id: str
    nonce: str = field(repr=False)
    algorithms: Collection[str] | None


def usable_algorithms(offered: Collection[str] | None) -> tuple[str, ...]:
    """Return what an upstream may sign with: our list, narrowed to what its metadata offers."""
    return tuple(name for name in ALGORITHMS if offered is None or name in offered)


def verify(
    token: str, expected: Expectation, *, keys: KeySet, renew: Callable[[], KeySet], now: datetime
) -> Mapping[str, Any]:
    """Return the claims of ``token`` once signature and registered claims hold.

    :param renew: gives a younger key set, or the same one when it was renewed just now.
    :raises UpstreamUntrusted: a check failed; the evidence names it.
    :raises ClaimMissing: without ``sub``.
    """
    claims = _signed_claims(token, usable_algorithms(expected.algorithms), keys, renew)
    _check_parties(claims, expected)
    _check_nonce(claims, expected.nonce)
    _check_times(claims, unix(now))
    if claims.get("sub") is None:
        raise ClaimMissing("sub")
    identifier(claims, "sub")
    return claims


def _signed_claims(
    token: str, algorithms: Collection[str], keys: KeySet, renew: Callable[[], KeySet]
) -> Mapping[str, Any]:
    algorithm, kid = _header(token, algorithms)
    candidates = keys.candidates(kid=kid, algorithm=algorithm)
    claims = _first_verified(token, algorithm, candidates)
    # A named key that is there and did not sign will not have signed after another fetch either.
    if claims is None and not (kid is not None and candidates):
        claims = _first_verified(token, algorithm, renew().candidates(kid=kid, algorithm=algorithm))
    if claims is None:
        raise UpstreamUntrusted("the signature cannot be verified", check="signature", key_known=bool(candidates))
    return claims


def _header(token: str, algorithms: Collection[str]) -> tuple[str, str | None]:
    try:
        # ASCII first: joserfc would raise something else for other characters.
        header = jws.extract_compact(token.encode("ascii"), registry=_Registry()).headers()
    except (JoseError, ValueError, RecursionError) as error:
        raise UpstreamUntrusted("the ID token is not a signed token", check="form") from error
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in algorithms:
        raise UpstreamUntrusted("the algorithm is not accepted", check="alg", algorithm=str(algorithm)[:64])
    if kid is not None and not isinstance(kid, str):
        raise UpstreamUntrusted("the key id is malformed", check="kid")
    return str(algorithm), kid


def _first_verified(token: str, algorithm: str, candidates: Collection[PublicKey]) -> Mapping[str, Any] | None:
    registry = _Registry(algorithms=[algorithm], strict_check_header=False)
    for key in candidates:
        try:
            return jwt.decode(token, key, registry=registry).claims
        except BadSignatureError:
            continue
        except (JoseError, ValueError, RecursionError) as error:
            raise UpstreamUntrusted("the ID token is malformed", check="form") from error
    return None


def _check_parties(claims: Mapping[str, Any], expected: Expectation) -> None:
    """Check ``iss``, ``aud`` and ``azp``: spoken by the right one, to us, and not on behalf of another client."""
    if not expected.admits_issuer(claims):
        raise UpstreamUntrusted("another issuer", check="iss", found=str(claims.get("iss"))[:255])
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or expected.client_id not in audiences:
        raise UpstreamUntrusted("meant for another client", check="aud", found=str(audience)[:255])
    authorized = claims.get("azp")
    if authorized is None and len(audiences) > 1:
        raise UpstreamUntrusted("several audiences and no authorized party", check="azp")
    if authorized not in (None, expected.client_id):
        raise UpstreamUntrusted("issued to another client", check="azp", found=str(authorized)[:255])


def _check_nonce(claims: Mapping[str, Any], nonce: str) -> None:
    found = claims.get("nonce")
    if not isinstance(found, str) or not equal(found, nonce):
        raise UpstreamUntrusted("the answer to another sign-in", check="nonce", present=found is not None)


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    leeway = int(LEEWAY.total_seconds())
    expires, issued = moment(claims, "exp"), moment(claims, "iat")
    if expires is None or issued is None:
        raise UpstreamUntrusted("without its times", check="exp" if expires is None else "iat")
    if expires + leeway <= now:
        raise UpstreamUntrusted("expired", check="exp", seconds_ago=now - expires)
    if issued - leeway > now:
        raise UpstreamUntrusted("issued in the future", check="iat", seconds_ahead=issued - now)
    begins = moment(claims, "nbf")
    if begins is not None and begins - leeway > now:
        raise UpstreamUntrusted("not valid yet", check="nbf", seconds_ahead=begins - now)
