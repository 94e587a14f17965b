"""A simulated contact centre platform: a real OpenID Provider with people to pick from, and faults by switch.

Written without the provider's own code, so that the two cannot share a mistake.
"""

from idp.sandbox.platform.app import create_platform
from idp.sandbox.platform.faults import Fault
from idp.sandbox.platform.people import PEOPLE, Person
from idp.sandbox.platform.state import Platform, PlatformClient, platform_of

__all__ = ["PEOPLE", "Fault", "Person", "Platform", "PlatformClient", "create_platform", "platform_of"]
