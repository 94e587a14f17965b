"""Whom our outgoing TLS connections trust: the machine's authorities, the public ones, and one's own."""

from __future__ import annotations

import ssl
from pathlib import Path

from certifi import where as bundled_authorities

from idp.outbound.connection import DeadlineTLSSocket


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return what verifies certificate and host name, with sockets that keep a deadline.

    :param ca_file: certificate authorities to trust besides the others, as PEM.
    :raises ValueError: it cannot be read; one sentence.
    """
    context = ssl.create_default_context()
    # A bare container has no authorities of its own; these are pinned with the dependencies.
    context.load_verify_locations(cafile=bundled_authorities())
    context.sslsocket_class = DeadlineTLSSocket
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:  # ssl.SSLError is one
            reason = error.strerror or "no certificate in it"
            raise ValueError(f"IDP_OUTBOUND_CA_FILE: {ca_file} cannot be read as PEM ({reason}).") from None
    return context
