"""What mails carry: signed links that name a row, and tags of codes (CONTRACT §6 rule 10).

A link opens nothing by itself: whether it is still good, its row says. So an
old one still names whose it was, and a new mail can be offered. The code is
nowhere but in the mail; its row has a tag of it under a key derived from
``IDP_SECRET_KEYS``.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from enum import StrEnum
from typing import cast

from itsdangerous import BadData, URLSafeSerializer

from idp.domain.errors import MailLinkRefused
from idp.tokens.sealing import derive

MAX_LENGTH = 200


class LinkKind(StrEnum):
    """What a link names. No kind passes for another: each has a key of its own."""

    MAIL = "mail"
    """A mail: its button signs in, or asks for access."""
    REQUEST = "request"
    """An access request, for whoever asked to look at."""


class MailLinks:
    """Makes and reads links, and tags codes.

    :param secrets: newest first; the first makes, all read.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        # The library wants the oldest first, and signs with the last.
        keys = [derive(secret, label="mail links") for secret in reversed(secrets)]
        self._serializers = {
            kind: URLSafeSerializer(keys, salt=f"deepdesk-idp:{kind}", signer_kwargs={"digest_method": hashlib.sha256})
            for kind in LinkKind
        }
        self._code_keys = [derive(secret, label="mail codes") for secret in secrets]

    def make(self, kind: LinkKind, identifier: str) -> str:
        """Return what stands in the link's address as ``t``."""
        return self._serializers[kind].dumps(identifier)

    def read(self, kind: LinkKind, token: str) -> str:
        """Return the identifier that a link names.

        :raises MailLinkRefused: not one of ours, altered, or of another kind.
        """
        if len(token) > MAX_LENGTH or not token.isascii():
            raise MailLinkRefused("not a link of ours")
        try:
            identifier = self._serializers[kind].loads(token)
        except BadData:
            raise MailLinkRefused("not a link of ours, altered, or of another kind") from None
        return cast(str, identifier)

    def tag(self, proof_id: str, code: str) -> str:
        """Return what is stored of a code: 64 hexadecimal characters."""
        return _tag(self._code_keys[0], proof_id, code)

    def fits(self, proof_id: str, code: str, tag: str) -> bool:
        """Say whether a code is the one of a mail; takes the same time for every wrong one."""
        # All keys are tried, whatever the first ones say.
        found = [hmac.compare_digest(_tag(key, proof_id, code), tag) for key in self._code_keys]
        return any(found)


def _tag(key: bytes, proof_id: str, code: str) -> str:
    return hmac.new(key, f"{proof_id}:{code}".encode(), hashlib.sha256).hexdigest()
