"""All tables, imported for their effect: what migrations compare the database with."""

from idp.store import (
    access_requests,
    accounts,
    audit_events,
    authorization_codes,
    clients,
    parked_requests,
    providers,
    sign_in_attempts,
    sign_ins,
    signing_keys,
    sso_sessions,
    staff_entries,
    staff_grants,
    token_families,
    upstream_identities,
    users,
)
from idp.store.db import Base

__all__ = [
    "access_requests",
    "accounts",
    "audit_events",
    "authorization_codes",
    "clients",
    "metadata",
    "parked_requests",
    "providers",
    "sign_in_attempts",
    "sign_ins",
    "signing_keys",
    "sso_sessions",
    "staff_entries",
    "staff_grants",
    "token_families",
    "upstream_identities",
    "users",
]

metadata = Base.metadata
