"""People and staff

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-26 16:19:27.984817

"""

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    _new_tables()
    _add_filled(
        "accounts",
        {
            "trial": (sa.Boolean(), sa.false()),
            "link_by_email": (sa.Boolean(), sa.false()),
        },
    )
    with op.batch_alter_table("clients") as batch_op:
        batch_op.alter_column("account_code", existing_type=sa.String(length=63), nullable=True)
    with op.batch_alter_table("providers") as batch_op:
        batch_op.add_column(sa.Column("api_url", sa.String(length=2048), nullable=True))
        batch_op.add_column(sa.Column("client_secret_expires", sa.Date(), nullable=True))
    _add_filled(
        "providers",
        {
            "tenants": (sa.JSON(), "[]"),
            "hosted_domains": (sa.JSON(), "[]"),
            "any_google_account": (sa.Boolean(), sa.false()),
            "trust_email": (sa.Boolean(), sa.false()),
        },
    )
    with op.batch_alter_table("sign_ins") as batch_op:
        batch_op.add_column(sa.Column("issuer", sa.String(length=2048), nullable=True))
        batch_op.add_column(sa.Column("organisation", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("match", sa.String(length=20), nullable=True))
    _add_filled("sign_ins", {"role_rules": (sa.JSON(), "{}"), "roles_before": (sa.JSON(), "[]")})
    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(sa.Column("platform_id", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("roles_sign_in_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("roles_set_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("roles_set_by", sa.String(length=255), nullable=True))
    _add_filled("users", {"email_held": (sa.Boolean(), sa.false())})
    op.execute("UPDATE users SET email_held = email_vouched")
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_index("uq_users_vouched_email")
        _only_once(batch_op, "uq_users_held_email", "email_canonical", "email_held")
        _only_once(batch_op, "uq_users_platform_id", "platform_id", "platform_id IS NOT NULL")


def downgrade():
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_index("uq_users_platform_id")
        batch_op.drop_index("uq_users_held_email")
        _only_once(batch_op, "uq_users_vouched_email", "email_canonical", "email_vouched")
        for column in ("roles_set_by", "roles_set_at", "roles_sign_in_id", "platform_id", "email_held"):
            batch_op.drop_column(column)
    with op.batch_alter_table("sign_ins") as batch_op:
        for column in ("roles_before", "role_rules", "match", "organisation", "issuer"):
            batch_op.drop_column(column)
    with op.batch_alter_table("providers") as batch_op:
        for column in (
            *("trust_email", "any_google_account", "hosted_domains", "tenants"),
            *("client_secret_expires", "api_url"),
        ):
            batch_op.drop_column(column)
    op.execute("DELETE FROM clients WHERE account_code IS NULL")
    with op.batch_alter_table("clients") as batch_op:
        batch_op.alter_column("account_code", existing_type=sa.String(length=63), nullable=False)
    with op.batch_alter_table("accounts") as batch_op:
        batch_op.drop_column("link_by_email")
        batch_op.drop_column("trial")
    for table in ("staff_entries", "staff_grants", "client_admitted_accounts", "access_requests"):
        op.drop_table(table)


def _add_filled(table, columns):
    """Add columns that must have a value to a table that may have rows."""
    with op.batch_alter_table(table) as batch_op:
        for name, (kind, value) in columns.items():
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=value))
    with op.batch_alter_table(table) as batch_op:
        for name, (kind, _) in columns.items():
            batch_op.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)


def _only_once(batch_op, name, column, where):
    """Let a value occur once an account, among the rows that fit."""
    condition = sa.text(where)
    batch_op.create_index(
        name, ["account_code", column], unique=True, sqlite_where=condition, postgresql_where=condition
    )


def _new_tables():
    op.create_table(
        "access_requests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_code", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("provider_id", sa.String(length=32), nullable=False),
        sa.Column("issuer", sa.String(length=2048), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_vouched", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=255), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_code"],
            ["accounts.code"],
            name=op.f("fk_access_requests_account_code_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_access_requests_provider_id_providers"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_access_requests_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_requests")),
        sa.UniqueConstraint(
            "provider_id",
            "issuer",
            "subject",
            "user_id",
            name=op.f("uq_access_requests_provider_id_issuer_subject_user_id"),
        ),
    )
    with op.batch_alter_table("access_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_requests_account_code"), ["account_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_requests_user_id"), ["user_id"], unique=False)

    op.create_table(
        "client_admitted_accounts",
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("account_code", sa.String(length=63), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_code"],
            ["accounts.code"],
            name=op.f("fk_client_admitted_accounts_account_code_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["clients.client_id"],
            name=op.f("fk_client_admitted_accounts_client_id_clients"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("client_id", "account_code", name=op.f("pk_client_admitted_accounts")),
    )
    with op.batch_alter_table("client_admitted_accounts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_admitted_accounts_account_code"), ["account_code"], unique=False)

    op.create_table(
        "staff_grants",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_canonical", sa.String(length=254), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=True),
        sa.Column("account_code", sa.String(length=63), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.String(length=255), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_code"], ["accounts.code"], name=op.f("fk_staff_grants_account_code_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_staff_grants_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_grants")),
    )
    with op.batch_alter_table("staff_grants", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_grants_account_code"), ["account_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_staff_grants_email_canonical"), ["email_canonical"], unique=False)
        batch_op.create_index(batch_op.f("ix_staff_grants_user_id"), ["user_id"], unique=False)

    op.create_table(
        "staff_entries",
        sa.Column("sid", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name=op.f("fk_staff_entries_client_id_clients"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sid"], ["sso_sessions.sid"], name=op.f("fk_staff_entries_sid_sso_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sid", "client_id", name=op.f("pk_staff_entries")),
    )
