"""Sending what was posted; the worker's part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from idp.domain.context import Context
from idp.domain.errors import DeliveryFailed
from idp.domain.mail import Mail
from idp.services.mailing.post import record_of
from idp.services.parts import Parts
from idp.tokens.sealing import CannotOpen


def deliver(payload: Mapping[str, Any], *, parts: Parts, context: Context) -> None:  # noqa: ARG001 - as of all kinds
    """Send one mail, with the Message-ID that it got when it was posted, however often it was tried.

    :param payload: as ``services.mailing.post`` wrote it.
    :raises DeliveryFailed: it could not be sent now.
    :raises DeliveryRefused: nobody will ever take it (a bounce).
    """
    message_id = payload["message_id"]
    try:
        texts = json.loads(parts.sealer.open(payload["sealed"], record=record_of(message_id)))
    except CannotOpen:
        # Sealed under a key that was taken away too early; it can be put back.
        raise DeliveryFailed("no key of IDP_SECRET_KEYS or IDP_KEY_ENCRYPTION_KEYS opens the mail") from None
    parts.mailer.send(Mail(message_id=message_id, to=payload["to"], subject=payload["subject"], **texts))
