"""The mailbox of development: a folder in which every mail lies as the message that would have gone out."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

from idp.domain.errors import DeliveryFailed
from idp.domain.mail import Mail
from idp.outbound.message import application, letter

FOLDER = "mailbox"
"""Its name in the instance directory."""
SUFFIX = ".eml"


class MailboxMailer:
    """Writes mails into a folder, readable by their owner only; the names sort by time.

    :param sender: as ``IDP_MAIL_FROM`` has it.
    """

    def __init__(self, folder: Path, *, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, mail: Mail) -> None:
        """Write one more file, which appears whole or not at all.

        :raises DeliveryFailed: the folder cannot be written to.
        :raises DeliveryRefused: the mail could not go out as it is, as by SMTP.
        """
        with application():
            content = letter(mail, sender=self._sender).as_bytes()
        name = f"{time.time_ns() // 1_000_000:013d}-{secrets.token_hex(8)}"
        try:
            unfinished = self._write(f".{name}", content)
            unfinished.replace(self._folder / f"{name}{SUFFIX}")
        except OSError as error:
            raise self._cannot_be_written(error) from None

    def probe(self) -> None:
        """Write a file and remove it.

        :raises DeliveryFailed: as of :meth:`send`.
        """
        try:
            self._write(f".probe-{secrets.token_hex(8)}", b"").unlink()
        except OSError as error:
            raise self._cannot_be_written(error) from None

    def close(self) -> None:
        """Do nothing: nothing is held open."""

    def _write(self, name: str, content: bytes) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        return path

    def _cannot_be_written(self, error: OSError) -> DeliveryFailed:
        return DeliveryFailed(f"the mailbox {self._folder} cannot be written to ({error.strerror})")
