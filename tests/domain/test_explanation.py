"""Why somebody has their roles: replaying the record gives the same roles again."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.domain.explanation import ByGrants, ByOperator, BySignIn
from idp.domain.identifiers import AccountCode
from idp.domain.role_mapping import RoleRules, Rule, Step, derive
from idp.domain.roles import Role, highest_first
from idp.domain.staff import Grant
from idp.domain.upstream_identity import RoleEvidence

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ACME = AccountCode("acme")
VALUES = st.sampled_from([*Role, "Team leads", "Writers", "admin", "DEEPDESK.MANAGER", ""])
RULES = st.builds(
    RoleRules,
    role_map=st.dictionaries(VALUES.filter(bool), st.sampled_from(Role), max_size=3),
    ceiling=st.none() | st.sampled_from(Role),
    role_based_iam=st.booleans(),
    require_roles=st.booleans(),
)
EVIDENCE = st.builds(RoleEvidence, claim=st.just("roles"), values=st.lists(VALUES, max_size=4).map(tuple))
OURS = st.sets(st.sampled_from(Role)).map(highest_first)


@given(evidence=EVIDENCE, rules=RULES, ours=OURS)
def test_a_sign_in_replayed_from_its_record_gives_the_same_roles(evidence, rules, ours):
    derived = derive(evidence, rules, ours=ours)
    kept = json.loads(
        json.dumps(
            {
                "rules": rules.as_json(),
                "before": ours,
                "values": evidence.values,
                "steps": list(map(asdict, derived.steps)),
            }
        )
    )
    reason = BySignIn(
        at=NOW,
        provider="okta",
        evidence=RoleEvidence(claim="roles", values=tuple(kept["values"])),
        rules=RoleRules.from_json(kept["rules"]),
        roles_before=tuple(Role(role) for role in kept["before"]),
        steps=tuple(Step(value=one["value"], rule=Rule(one["rule"]), role=one["role"]) for one in kept["steps"]),
    )
    assert reason.replayed() == derived.roles
    assert reason.rules == rules
    assert reason.steps == derived.steps


def test_other_rules_replay_to_other_roles():
    """So that the equality above is not that of a constant."""
    evidence = RoleEvidence(claim="roles", values=("deepdesk.manager",))
    rules = RoleRules(role_map={}, ceiling=Role.AGENT, role_based_iam=True, require_roles=False)
    reason = BySignIn(at=NOW, provider="okta", evidence=evidence, rules=rules, roles_before=(), steps=())
    assert reason.replayed() == (Role.AGENT,)


@pytest.mark.parametrize(
    ("given_roles", "roles"), [((Role.EDITOR,), (Role.EDITOR,)), ((), (Role.AGENT,)), ((Role.AGENT, Role.MANAGER),) * 2]
)
def test_an_operators_word_replays_to_what_they_gave(given_roles, roles):
    assert set(ByOperator(roles=given_roles, at=NOW, by="test").replayed()) == set(roles)


@pytest.mark.parametrize(
    ("grants", "roles"),
    [
        ([], ()),
        ([Grant(id="g", account=ACME, roles=(Role.EDITOR,))], (Role.EDITOR,)),
        ([Grant(id="g", account=None, roles=(Role.EDITOR,), until=NOW + timedelta(hours=1))], (Role.EDITOR,)),
        ([Grant(id="g", account=ACME, roles=(Role.EDITOR,), until=NOW)], ()),
    ],
)
def test_grants_replay_for_the_moment_at_which_they_were_looked_at(grants, roles):
    assert ByGrants(account=ACME, grants=tuple(grants), now=NOW).replayed() == roles
