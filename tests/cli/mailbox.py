"""The mails of a provider at the command line: delivered into its mailbox folder, and read there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any

from idp.outbound.mailbox import FOLDER, SUFFIX
from idp.services.operations import delivery
from idp.services.operations.deliverers import deliverers_of
from idp.services.parts import EXTENSION
from idp.store.outbox import OutboxKind
from tests.cli.conftest import Operator


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail as it arrived; whitespace of its text is single spaces."""

    to: str
    subject: str
    text: str

    @property
    def token(self) -> str:
        """What its link carries."""
        found = re.search(r"https?://\S+[?&]t=([\w.~-]+)", self.text)
        assert found is not None, self.text
        return found[1]

    @property
    def code(self) -> str:
        """The code to type."""
        found = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", self.text)
        assert found is not None, self.text
        return found[0]


def delivered(operator: Operator) -> list[Letter]:
    """Deliver what is due as the worker does; returns all that has ever arrived, the oldest first."""
    parts: Any = operator.app.extensions[EXTENSION]
    with operator.app.app_context():
        for item in delivery.lease([OutboxKind.MAIL], holder="a-test", most=20, clock=parts.clock):
            delivery.attempt(item, deliverers_of(parts)[item.kind], clock=parts.clock)
    files = sorted((parts.settings.instance_dir / FOLDER).glob(f"*{SUFFIX}"))
    return [_read(file.read_bytes()) for file in files]


def _read(content: bytes) -> Letter:
    message = message_from_bytes(content, policy=policy.default)
    part = message.get_body(("plain",))
    assert part is not None
    return Letter(to=message["To"], subject=message["Subject"], text=" ".join(part.get_content().split()))
