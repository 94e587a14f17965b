"""The people whom the pytest plugin has ready, one of each role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from idp.domain.roles import Role
from idp.testing.made import User

if TYPE_CHECKING:
    from idp.testing.provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Somebody of each role in one account.

    :param staff: one of Deepdesk's own people, who may enter the account as its manager.
    """

    manager: User
    editor: User
    assistant_editor: User
    agent: User
    staff: User

    @classmethod
    def of(cls, provider: Provider, account: str) -> Self:
        """Make them."""
        staff = provider.staff_member(
            "casey.staff@deepdesk.example", name="Casey Staff", may_enter=(account,), role=Role.MANAGER
        )
        agent = provider.user(f"sam@{account}.example", name="Sam Agent", role=Role.AGENT, account=account)
        assistant_editor = provider.user(
            f"ada@{account}.example", name="Ada Assistant", role=Role.ASSISTANT_EDITOR, account=account
        )
        editor = provider.user(f"eve@{account}.example", name="Eve Editor", role=Role.EDITOR, account=account)
        # Last, for managers are mailed about whom else is made, and writing mails takes its time.
        manager = provider.user(f"mia@{account}.example", name="Mia Manager", role=Role.MANAGER, account=account)
        return cls(manager=manager, editor=editor, assistant_editor=assistant_editor, agent=agent, staff=staff)
