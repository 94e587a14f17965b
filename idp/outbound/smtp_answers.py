"""What a mail server's answers and silences mean: tried again, or a bounce.

A sentence of ours names the server and its codes (RFC 3463), never its words:
those may name the person.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import singledispatch

from idp.domain.errors import DeliveryFailed, DeliveryRefused, DomainError
from idp.outbound.errors import OutboundError

_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")
_MEANINGS = {
    "5.1.1": "there is no such mailbox",
    "5.1.2": "there is no such domain",
    "5.1.10": "that domain takes no mail",
    "5.2.1": "the mailbox is disabled",
    "5.2.2": "the mailbox is full",
    "5.7.1": "not permitted",
}
_OURS_TO_MEND = frozenset({530, 534, 535, 538})
"""Permanent by number, but about how we sign in, not about this mail (RFC 4954 §6)."""


@contextmanager
def judged(host: str) -> Iterator[None]:
    """Turn whatever a conversation with the server raises into an error of the outbox.

    :raises DeliveryFailed: another try may help.
    :raises DeliveryRefused: the server will never take this mail.
    """
    try:
        yield
    except (smtplib.SMTPException, OutboundError, OSError, UnicodeError) as error:
        raise _judgement(error, host) from None


@singledispatch
def _judgement(error: Exception, host: str) -> DomainError:
    if isinstance(error, TimeoutError):
        return DeliveryFailed(f"{host} did not answer in time")
    return DeliveryFailed(f"the connection to {host} was lost")


@_judgement.register
def _(error: OutboundError, host: str) -> DomainError:  # noqa: ARG001 - it names the host itself
    return DeliveryFailed(str(error))


@_judgement.register
def _(error: ssl.SSLError, host: str) -> DomainError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return DeliveryFailed(f"the certificate of {host} is not trusted ({error.verify_message})")
    return DeliveryFailed(f"no TLS connection to {host} can be made")


@_judgement.register
def _(error: UnicodeError, host: str) -> DomainError:  # noqa: ARG001
    return DeliveryFailed(f"{host} takes user names and passwords in ASCII only")


@_judgement.register
def _(error: smtplib.SMTPServerDisconnected, host: str) -> DomainError:
    if isinstance(error.__context__, TimeoutError):
        return DeliveryFailed(f"{host} did not answer in time")
    return DeliveryFailed(f"{host} closed the connection")


@_judgement.register
def _(error: smtplib.SMTPNotSupportedError, host: str) -> DomainError:
    missing = "STARTTLS" if "STARTTLS" in str(error) else "way to sign in that we know"
    return DeliveryFailed(f"{host} offers no {missing}")


@_judgement.register
def _(error: smtplib.SMTPRecipientsRefused, host: str) -> DomainError:
    [(code, reply)] = error.recipients.values()
    return _about("the recipient", host, code, reply)


@_judgement.register
def _(error: smtplib.SMTPDataError, host: str) -> DomainError:
    return _about("the message", host, error.smtp_code, error.smtp_error)


@_judgement.register
def _(error: smtplib.SMTPSenderRefused, host: str) -> DomainError:
    # The same for every mail until an operator mends it; then those that waited go out.
    return DeliveryFailed(f"{host} answered {error.smtp_code} about the sender; check IDP_MAIL_FROM and IDP_MAIL_URL")


@_judgement.register
def _(error: smtplib.SMTPAuthenticationError, host: str) -> DomainError:
    return DeliveryFailed(f"{host} answered {error.smtp_code} to user and password; check IDP_MAIL_URL")


@_judgement.register
def _(error: smtplib.SMTPResponseException, host: str) -> DomainError:
    return DeliveryFailed(f"{host} answered {error.smtp_code} before it took any mail")


def _about(what: str, host: str, code: int, reply: bytes | str) -> DomainError:
    found = _ENHANCED.match(reply if isinstance(reply, bytes) else reply.encode())
    status = found.group().decode() if found else ""
    meaning = f" ({_MEANINGS[status]})" if status in _MEANINGS else ""
    sentence = f"{host} answered {' '.join(filter(None, (str(code), status)))} about {what}{meaning}"
    is_final = 500 <= code < 600 and code not in _OURS_TO_MEND
    return DeliveryRefused(sentence) if is_final else DeliveryFailed(sentence)
