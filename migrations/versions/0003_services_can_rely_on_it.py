"""Services can rely on it

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-26 19:22:01.130447

"""

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    _new_tables()
    with op.batch_alter_table("accounts") as batch_op:
        batch_op.add_column(sa.Column("reverify_after", sa.Integer(), nullable=True))
    _add_filled("authorization_codes", {"resources": (sa.JSON(), "[]"), "claims": (sa.JSON(), "{}")})
    with op.batch_alter_table("client_secrets") as batch_op:
        batch_op.add_column(sa.Column("sealed", sa.String(), nullable=True))
    _add_filled(
        "clients",
        {
            "party": (sa.String(length=10), "first"),
            "claims_profile": (sa.String(length=10), "deepdesk"),
            "audiences": (sa.JSON(), "[]"),
            "serves": (sa.JSON(), "[]"),
            "roles": (sa.JSON(), "[]"),
            "post_logout_redirect_uris": (sa.JSON(), "[]"),
        },
    )
    with op.batch_alter_table("clients") as batch_op:
        batch_op.add_column(sa.Column("backchannel_logout_uri", sa.String(length=2048), nullable=True))
        batch_op.add_column(sa.Column("jwks", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("jwks_uri", sa.String(length=2048), nullable=True))
    with op.batch_alter_table("parked_requests") as batch_op:
        batch_op.add_column(sa.Column("consented_by", sa.String(length=32), nullable=True))
    with op.batch_alter_table("signing_keys") as batch_op:
        batch_op.add_column(sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("sso_sessions") as batch_op:
        batch_op.add_column(sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True))
    _let_families_refresh()
    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("confirmed_by", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("language", sa.String(length=35), nullable=True))
        batch_op.create_index(batch_op.f("ix_users_confirmed_by"), ["confirmed_by"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_users_confirmed_by_providers"), "providers", ["confirmed_by"], ["id"], ondelete="SET NULL"
        )
    op.execute("UPDATE users SET confirmed_at = last_sign_in_at")


def downgrade():
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_users_confirmed_by_providers"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_users_confirmed_by"))
        for column in ("language", "confirmed_by", "confirmed_at"):
            batch_op.drop_column(column)
    with op.batch_alter_table("token_families") as batch_op:
        batch_op.drop_index(batch_op.f("ix_token_families_refresh_expires_at"))
        for column in (
            *("refresh_expires_at", "rotated_at", "generation", "seed", "offline"),
            *("amr", "acr", "auth_time", "claims", "resources"),
        ):
            batch_op.drop_column(column)
    _drop("sso_sessions", "proven_at")
    _drop("signing_keys", "revoked_at")
    _drop("parked_requests", "consented_by")
    _drop(
        "clients",
        *("jwks_uri", "jwks", "backchannel_logout_uri", "post_logout_redirect_uris", "roles"),
        *("serves", "audiences", "claims_profile", "party"),
    )
    _drop("client_secrets", "sealed")
    _drop("authorization_codes", "claims", "resources")
    _drop("accounts", "reverify_after")
    for table in (
        *("consents", "used_assertions", "pushed_requests", "sign_outs"),
        *("revoked_tokens", "outbox", "leases"),
    ):
        op.drop_table(table)


def _let_families_refresh():
    """What an older release began has no refresh tokens; its proof is taken to be as old as itself."""
    moment = sa.DateTime(timezone=True)
    with op.batch_alter_table("token_families") as batch_op:
        for name in ("auth_time", "rotated_at", "refresh_expires_at"):
            batch_op.add_column(sa.Column(name, moment, nullable=True))
        batch_op.add_column(sa.Column("seed", sa.String(length=43), nullable=True))
        batch_op.create_index(batch_op.f("ix_token_families_refresh_expires_at"), ["refresh_expires_at"], unique=False)
    op.execute("UPDATE token_families SET auth_time = created_at, rotated_at = created_at")
    with op.batch_alter_table("token_families") as batch_op:
        for name in ("auth_time", "rotated_at"):
            batch_op.alter_column(name, existing_type=moment, nullable=False)
    _add_filled(
        "token_families",
        {
            "resources": (sa.JSON(), "[]"),
            "claims": (sa.JSON(), "{}"),
            "acr": (sa.String(length=60), "urn:deepdesk:acr:interactive"),
            "amr": (sa.JSON(), "[]"),
            "offline": (sa.Boolean(), sa.false()),
            "generation": (sa.Integer(), "0"),
        },
    )


def _add_filled(table, columns):
    """Add columns that must have a value to a table that may have rows."""
    with op.batch_alter_table(table) as batch_op:
        for name, (kind, value) in columns.items():
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=value))
    with op.batch_alter_table(table) as batch_op:
        for name, (kind, _) in columns.items():
            batch_op.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)


def _drop(table, *columns):
    with op.batch_alter_table(table) as batch_op:
        for column in columns:
            batch_op.drop_column(column)


def _new_tables():
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("account_code", sa.String(length=63), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_by", sa.String(length=64), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_done_at"), ["done_at"], unique=False)
        batch_op.create_index(
            "ix_outbox_open",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
        )

    op.create_table(
        "revoked_tokens",
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_revoked_tokens")),
    )
    with op.batch_alter_table("revoked_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_revoked_tokens_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "sign_outs",
        sa.Column("reference_digest", sa.String(length=64), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reference_digest", name=op.f("pk_sign_outs")),
    )
    with op.batch_alter_table("sign_outs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_outs_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "pushed_requests",
        sa.Column("reference_digest", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name=op.f("fk_pushed_requests_client_id_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("reference_digest", name=op.f("pk_pushed_requests")),
    )
    with op.batch_alter_table("pushed_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pushed_requests_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pushed_requests_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "used_assertions",
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("jti_digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name=op.f("fk_used_assertions_client_id_clients"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", "jti_digest", name=op.f("pk_used_assertions")),
    )
    with op.batch_alter_table("used_assertions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_used_assertions_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "consents",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("scope", sa.String(length=1000), nullable=False),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name=op.f("fk_consents_client_id_clients"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_consents_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "client_id", name=op.f("pk_consents")),
    )
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consents_client_id"), ["client_id"], unique=False)
