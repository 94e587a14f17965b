"""The sandbox's mailbox: every mail sent, in the browser, as a mail program would show it."""

from __future__ import annotations

from idp.sandbox.mailbox.page import create_mailbox

__all__ = ["create_mailbox"]
