"""Roles mean something

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-27 16:55:02.402817

"""

import json
import re
import unicodedata

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TERM = sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql")
_AT_ONCE = 500


def upgrade():
    with op.batch_alter_table("accounts") as batch_op:
        batch_op.add_column(sa.Column("disable_idle_after_days", sa.Integer(), nullable=True))
    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(sa.Column("enabled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "permission_groups",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_permission_groups")),
    )
    op.create_table(
        "group_permissions",
        sa.Column("group_name", sa.String(length=64), nullable=False),
        sa.Column("permission", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_name"],
            ["permission_groups.name"],
            name=op.f("fk_group_permissions_group_name_permission_groups"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_name", "permission", name=op.f("pk_group_permissions")),
    )
    op.create_table(
        "user_terms",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("term", _TERM, nullable=False),
        sa.Column("account_code", sa.String(length=63), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_terms_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "term", name=op.f("pk_user_terms")),
    )
    with op.batch_alter_table("user_terms") as batch_op:
        batch_op.create_index("ix_user_terms_found", ["account_code", "term", "user_id"], unique=False)
    with op.batch_alter_table("audit_events") as batch_op:
        batch_op.create_index("ix_audit_events_account_code_id", ["account_code", "id"], unique=False)
    op.create_table(
        "provider_checks",
        sa.Column("provider_id", sa.String(length=32), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.id"],
            name=op.f("fk_provider_checks_provider_id_providers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_provider_checks")),
    )
    _write_terms()


def downgrade():
    op.drop_table("provider_checks")
    with op.batch_alter_table("audit_events") as batch_op:
        batch_op.drop_index("ix_audit_events_account_code_id")
    op.drop_table("user_terms")
    op.drop_table("group_permissions")
    op.drop_table("permission_groups")
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_column("enabled_at")
    with op.batch_alter_table("accounts") as batch_op:
        batch_op.drop_column("disable_idle_after_days")


def _write_terms():
    """Make everybody findable who is there already, as idp/store/user_terms.py did at the time of this migration."""
    connection = op.get_bind()
    terms = sa.table("user_terms", sa.column("user_id"), sa.column("term"), sa.column("account_code"))
    users = connection.execute(
        sa.text(
            "SELECT id, account_code, email, name, given_name, family_name, platform_id, roles, enabled FROM users"
        )
    ).mappings()
    while found := users.fetchmany(_AT_ONCE):
        rows = [
            {"user_id": user["id"], "term": term, "account_code": user["account_code"]}
            for user in found
            for term in sorted(_terms_of(user))
        ]
        connection.execute(terms.insert(), rows)


def _terms_of(user):
    place = _folded(user["name"] or user["email"] or user["platform_id"] or "")[:120]
    named = " ".join(user[key] for key in ("name", "given_name", "family_name", "platform_id") if user[key])
    words = {f"w:{word}" for word in (*_words(user["email"] or ""), *_words(named))}
    roles = json.loads(user["roles"]) if isinstance(user["roles"], str) else user["roles"]
    terms = words | {f"n:{place}"} | {f"r:{role}:{place}" for role in roles}
    return terms if user["enabled"] else terms | {f"d:{place}"}


def _folded(text):
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(plain.replace("\0", " ").replace("\U0010ffff", " ").split())


def _words(text):
    found = (word[:64] for word in re.split(r"[\W_]+", _folded(text)) if word)
    return tuple(dict.fromkeys(found))[:24]
