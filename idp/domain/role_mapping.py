"""From what an upstream said to Deepdesk roles, with the derivation of each.

CONTRACT §6 rule 7: literal ``deepdesk.*`` values count only where no map is
given; a ceiling caps; with *Role based IAM* the upstream's roles replace the
user's at every sign-in, otherwise the roles are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

from idp.domain.roles import DEFAULT_ROLE, Role, effective, highest_first, outranks, parse_role
from idp.domain.upstream_identity import RoleEvidence


class Rule(StrEnum):
    """Why a role was given, or a value gave none."""

    LITERAL = "literal"
    """The value is a role identifier, and the provider has no map."""
    MAPPED = "mapped"
    CAPPED = "capped"
    """The value gave a role above the provider's ceiling, so the ceiling was given."""
    UNKNOWN_VALUE = "unknown_value"
    """The value gave nothing."""
    DEFAULT = "default"
    """Nothing gave a role, so agent was given."""
    OURS = "ours"
    """Role based IAM is off: the role stands in our own records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a derivation: this value, by this rule, gave this role (or none).

    :param value: as the upstream sent it; empty where no value was involved.
    """

    value: str
    rule: Rule
    role: Role | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRules:
    """How one provider's values become roles.

    :param role_map: their value → our role; empty means that literal identifiers count.
    :param caps_ours: the ceiling holds for the roles in our records, too: anybody may come by this provider.
    """

    role_map: Mapping[str, Role]
    ceiling: Role | None
    role_based_iam: bool
    require_roles: bool
    caps_ours: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the rules as JSON-able values, for the record of a sign-in."""
        return {**asdict(self), "role_map": {theirs: ours.value for theirs, ours in self.role_map.items()}}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what :meth:`as_json` wrote."""
        return cls(
            role_map={theirs: Role(ours) for theirs, ours in stored["role_map"].items()},
            ceiling=None if stored["ceiling"] is None else Role(stored["ceiling"]),
            role_based_iam=stored["role_based_iam"],
            require_roles=stored["require_roles"],
            caps_ours=stored["caps_ours"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """The roles of one sign-in and how they came about.

    :param roles: what the user has from now on; never empty, highest first.
    :param upstream_roles: the valid roles that the upstream brought; may be empty.
    """

    roles: tuple[Role, ...]
    upstream_roles: tuple[Role, ...]
    steps: tuple[Step, ...]


def derive(evidence: RoleEvidence, rules: RoleRules, *, ours: tuple[Role, ...]) -> Derivation:
    """Decide a user's roles at a sign-in.

    :param ours: the roles in our records before this sign-in; empty for somebody new.
    """
    steps = tuple(_step(value, rules) for value in dict.fromkeys(evidence.values))
    upstream_roles = highest_first(step.role for step in steps if step.role is not None)
    if not rules.role_based_iam:
        held = tuple(_kept(role, rules) for role in ours) or (Step(value="", rule=Rule.DEFAULT, role=DEFAULT_ROLE),)
        kept = highest_first(step.role for step in held if step.role is not None)
        return Derivation(roles=kept, upstream_roles=upstream_roles, steps=held)
    if not upstream_roles:
        steps += (Step(value="", rule=Rule.DEFAULT, role=DEFAULT_ROLE),)
    return Derivation(roles=effective(upstream_roles), upstream_roles=upstream_roles, steps=steps)


def _kept(role: Role, rules: RoleRules) -> Step:
    if rules.caps_ours and rules.ceiling is not None and outranks(role, rules.ceiling):
        return Step(value="", rule=Rule.CAPPED, role=rules.ceiling)
    return Step(value="", rule=Rule.OURS, role=role)


def _step(value: str, rules: RoleRules) -> Step:
    role = rules.role_map.get(value) if rules.role_map else parse_role(value)
    if role is None:
        return Step(value=value, rule=Rule.UNKNOWN_VALUE, role=None)
    if rules.ceiling is not None and outranks(role, rules.ceiling):
        return Step(value=value, rule=Rule.CAPPED, role=rules.ceiling)
    return Step(value=value, rule=Rule.MAPPED if rules.role_map else Rule.LITERAL, role=role)
