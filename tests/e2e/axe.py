"""axe-core, injected into a page: which accessibility rules it breaks."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.support.node import PEERS

SCRIPT = PEERS / "node_modules" / "axe-core" / "axe.min.js"


def findings(page: Page) -> list[str]:
    """Return one line for each element that breaks a rule; empty when all is well.

    The page's context must bypass its Content-Security-Policy, which forbids any script.
    """
    page.add_script_tag(path=SCRIPT)
    violations = page.evaluate("axe.run().then(result => result.violations)")
    return [
        f"{page.url} {violation['id']} ({violation['impact']}): {element['html']}"
        for violation in violations
        for element in violation["nodes"]
    ]
