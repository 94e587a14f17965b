"""What each role may: the contract with the services that read it out of tokens (CONTRACT §5)."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from idp.domain.guarding import PROOF_WITHIN, Guard, wants_proof
from idp.domain.roles import (
    ALL_PERMISSIONS,
    APPS,
    DEPUTY,
    ENTERED_STAFF,
    OF_ROLE,
    PROVISIONED,
    Permission,
    Role,
    expanded,
    grants_of,
    parse_permission,
    permissions_of,
)
from tests.support.clock import NOW

STUDIO = (
    *("text_suggestions.view_textsuggestion", "text_suggestions.add_textsuggestion"),
    *("text_suggestions.change_textsuggestion", "text_suggestions.delete_textsuggestion"),
    *("url_suggestions.view_urlsuggestion", "url_suggestions.add_urlsuggestion"),
    *("url_suggestions.change_urlsuggestion", "url_suggestions.delete_urlsuggestion"),
    *("style_suggestions.view_stylesuggestion", "style_suggestions.add_stylesuggestion"),
    *("style_suggestions.change_stylesuggestion", "style_suggestions.delete_stylesuggestion"),
)
ASSISTANTS = (
    *("assistants.view_assistant", "assistants.add_assistant"),
    *("assistants.change_assistant", "assistants.delete_assistant"),
)
REQUESTS = ("access_requests.view_accessrequest", "access_requests.change_accessrequest")
OF_A_MANAGER = (
    *STUDIO,
    *REQUESTS,
    *("users.view_user", "users.add_user", "users.change_user", "users.delete_user"),
    *("sessions.view_session", "sessions.delete_session"),
    *("providers.view_provider", "clients.view_client", "accounts.view_account"),
    *("staff.view_staffgrant", "audit.view_auditevent"),
)
OF_STAFF = (
    *("providers.view_provider", "providers.add_provider", "providers.change_provider", "providers.delete_provider"),
    *("clients.view_client", "clients.add_client", "clients.change_client", "clients.delete_client"),
    *("api_keys.view_apikey", "api_keys.add_apikey", "api_keys.change_apikey", "api_keys.delete_apikey"),
    *("platform_secrets.view_platformsecret", "platform_secrets.add_platformsecret"),
    *("platform_secrets.change_platformsecret", "platform_secrets.delete_platformsecret"),
    *("accounts.view_account", "accounts.change_account"),
    *("staff.view_staffgrant", "staff.add_staffgrant", "staff.delete_staffgrant"),
)
SETS_OF_ROLES = list(chain.from_iterable(combinations(Role, size) for size in range(1, len(Role) + 1)))


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        (Role.MANAGER, OF_A_MANAGER),
        (Role.EDITOR, STUDIO),
        (Role.ASSISTANT_EDITOR, ASSISTANTS),
        (Role.AGENT, ()),
    ],
)
def test_a_role_may_exactly_this(role, permissions):
    assert permissions_of((role,)) == permissions


def test_entered_staff_may_this_besides_their_roles():
    assert expanded(ENTERED_STAFF.grants) == OF_STAFF


def test_a_deputy_decides_about_requests():
    assert expanded(DEPUTY.grants) == REQUESTS


@pytest.mark.parametrize("roles", SETS_OF_ROLES, ids=" ".join)
def test_several_roles_may_what_any_of_them_may_each_once_and_in_order(roles):
    found = permissions_of(roles)
    assert set(found) == set().union(*(permissions_of((role,)) for role in roles))
    assert list(found) == [one for one in ALL_PERMISSIONS if one in found]


@pytest.mark.parametrize("role", list(Role))
def test_the_wildcards_of_a_role_stand_for_the_same(role):
    assert expanded(grants_of([role])) == permissions_of((role,))


def test_every_grant_of_every_group_names_something():
    for group in PROVISIONED:
        assert bool(expanded(group.grants)) == bool(group.grants)


@pytest.mark.parametrize(
    "grant",
    [
        "",
        "*",
        "*.*",
        "users",
        "users.",
        "users*",
        "user.*",
        "users.**",
        "users.view_*",
        "users.*_user",
        "Users.*",
        "users.view_users",
        "users.view",
        "users.viewuser",
        "users.View_user",
        " users.view_user",
        "users.view_user ",
        "users.view_user\n",
        "users.view_\u0443ser",
        "audit.change_auditevent",
    ],
)
def test_a_grant_that_names_nothing_is_an_error(grant):
    with pytest.raises(ValueError, match="there is no permission"):
        expanded(["users.view_user", grant])


@pytest.mark.parametrize("name", ["", "users.*", "users.view_users", "users.view_user "])
def test_a_guard_of_a_permission_that_does_not_exist_is_an_error(name):
    with pytest.raises(ValueError, match="there is no permission"):
        Guard.of(name)


def test_permissions_are_named_as_django_names_them():
    for permission in ALL_PERMISSIONS:
        label, _, rest = permission.partition(".")
        action, _, model = rest.partition("_")
        assert label in {app.label for app in APPS}
        assert action in {"view", "add", "change", "delete"}
        assert model.isalpha()
        assert model.islower()
    assert len(set(ALL_PERMISSIONS)) == len(ALL_PERMISSIONS)


def test_a_permission_is_the_text_that_names_it():
    permission = parse_permission("users.view_user")
    assert permission == "users.view_user"
    assert isinstance(permission, Permission)


def test_groups_differ_in_their_names():
    assert len({group.name for group in PROVISIONED}) == len(PROVISIONED)
    assert len(OF_ROLE) == len(Role)


def test_a_proof_lasts_for_a_quarter_of_an_hour():
    assert not wants_proof(NOW - PROOF_WITHIN, now=NOW)
    assert wants_proof(NOW - PROOF_WITHIN - PROOF_WITHIN.resolution, now=NOW)


def test_what_is_not_sensitive_wants_no_proof():
    long_ago = NOW - 100 * PROOF_WITHIN
    assert not Guard.of("users.view_user").wants_proof(long_ago, now=NOW)
    assert Guard.of("users.view_user", sensitive=True).wants_proof(long_ago, now=NOW)
