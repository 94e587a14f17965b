"""What tabs say to each other, for a test to say in another tab's place."""

from __future__ import annotations

from typing import Any

from tests.widget_sdk.provider import ACCOUNT, Provider
from tests.widget_sdk.tab import Tab


def tell(tab: Tab, provider: Provider, message: dict[str, Any]) -> None:
    """Speak to the tab as another tab would."""
    tab.page.evaluate(
        "([name, message]) => new BroadcastChannel(name).postMessage(message)",
        [f"deepdesk-session:{provider.issuer}:{ACCOUNT}", message],
    )
