"""``idp audit list``."""

from __future__ import annotations

from tests.cli.conftest import Operator


def test_events_are_listed_oldest_first_and_narrowed(operator: Operator) -> None:
    operator.gets("accounts", "create", "globex", "--name", "Globex")
    operator.gets("accounts", "update", "acme", "--name", "Acme Ltd")
    events = operator.gets("audit", "list")
    assert [(event["account"], event["details"]["change"]) for event in events] == [
        ("acme", "created"),
        ("globex", "created"),
        ("acme", "updated"),
    ]
    assert {event["actor"].partition(":")[0] for event in events} == {"operator"}
    assert len(operator.gets("audit", "list", "--account", "globex")) == 1
    assert operator.gets("audit", "list", "--since", "2999-01-01") == []
    assert len(operator.gets("audit", "list", "--since", "2000-01-01T00:00:00+01:00")) == 3
