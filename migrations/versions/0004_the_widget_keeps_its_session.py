"""The widget keeps its session

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-26 23:05:11.402817

"""

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    _secrets_of_accounts()
    _bridges()
    with op.batch_alter_table("account_origins") as batch_op:
        batch_op.create_index(batch_op.f("ix_account_origins_origin"), ["origin"], unique=False)
    with op.batch_alter_table("sso_sessions") as batch_op:
        batch_op.alter_column("cookie_digest", existing_type=sa.String(length=64), nullable=True)
    with op.batch_alter_table("token_families") as batch_op:
        batch_op.alter_column("client_id", existing_type=sa.String(length=128), nullable=True)
        batch_op.add_column(sa.Column("jar", sa.String(length=12), nullable=True))
        # With a default, since processes of the release before go on inserting until they are replaced.
        batch_op.add_column(sa.Column("exchanged", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("sign_in_attempts") as batch_op:
        batch_op.add_column(sa.Column("after", sa.String(length=2048), nullable=True))
    _carriers()


def downgrade():
    for table in ("handoffs", "exchange_tokens"):
        op.drop_table(table)
    with op.batch_alter_table("sign_in_attempts") as batch_op:
        batch_op.drop_column("after")
    # Older releases know no session without an SSO cookie, and no family without a client.
    op.execute("DELETE FROM token_families WHERE client_id IS NULL")
    op.execute("DELETE FROM sso_sessions WHERE cookie_digest IS NULL")
    with op.batch_alter_table("token_families") as batch_op:
        batch_op.drop_column("exchanged")
        batch_op.drop_column("jar")
        batch_op.alter_column("client_id", existing_type=sa.String(length=128), nullable=False)
    with op.batch_alter_table("sso_sessions") as batch_op:
        batch_op.alter_column("cookie_digest", existing_type=sa.String(length=64), nullable=False)
    with op.batch_alter_table("account_origins") as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_origins_origin"))
    for table in ("platform_jwts", "bridge_people", "platform_secrets", "api_keys"):
        op.drop_table(table)


def _secrets_of_accounts():
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_code", sa.String(length=63), nullable=False),
        sa.Column("key_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("last_used_at", moment, nullable=True),
        sa.Column("revoked_at", moment, nullable=True),
        _of_account("api_keys"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_digest", name=op.f("uq_api_keys_key_digest")),
    )
    _index("api_keys", "account_code")
    op.create_table(
        "platform_secrets",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_code", sa.String(length=63), nullable=False),
        sa.Column("secret_digest", sa.String(length=64), nullable=False),
        sa.Column("secret_sealed", sa.String(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("last_used_at", moment, nullable=True),
        sa.Column("revoked_at", moment, nullable=True),
        _of_account("platform_secrets"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_secrets")),
        sa.UniqueConstraint("account_code", "secret_digest", name=op.f("uq_platform_secrets_account_code_secret_digest")),
    )


def _bridges():
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "bridge_people",
        sa.Column("account_code", sa.String(length=63), nullable=False),
        sa.Column("bridge", sa.String(length=20), nullable=False),
        sa.Column("platform_id", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("made_with", sa.String(length=32), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("refused_before", moment, nullable=True),
        _of_account("bridge_people"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_bridge_people_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_code", "bridge", "platform_id", name=op.f("pk_bridge_people")),
        sa.UniqueConstraint("user_id", name=op.f("uq_bridge_people_user_id")),
    )
    _index("bridge_people", "made_with")
    op.create_table(
        "platform_jwts",
        sa.Column("account_code", sa.String(length=63), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=True),
        sa.Column("expires_at", moment, nullable=False),
        _of_account("platform_jwts"),
        sa.PrimaryKeyConstraint("account_code", "token_digest", name=op.f("pk_platform_jwts")),
    )
    _index("platform_jwts", "expires_at")


def _carriers():
    """What carries a session to another browser, or to the widget that asked for it."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "exchange_tokens",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("family_id", sa.String(length=32), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("used_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["family_id"],
            ["token_families.id"],
            name=op.f("fk_exchange_tokens_family_id_token_families"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_exchange_tokens")),
    )
    _index("exchange_tokens", "expires_at", "family_id")
    op.create_table(
        "handoffs",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("challenge", sa.String(length=43), nullable=False),
        sa.Column("origin", sa.String(length=255), nullable=False),
        sa.Column("account_code", sa.String(length=63), nullable=False),
        sa.Column("sid", sa.String(length=32), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("used_at", moment, nullable=True),
        _of_account("handoffs"),
        sa.ForeignKeyConstraint(
            ["sid"], ["sso_sessions.sid"], name=op.f("fk_handoffs_sid_sso_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_handoffs")),
    )
    _index("handoffs", "account_code", "expires_at", "sid")


def _of_account(table):
    return sa.ForeignKeyConstraint(
        ["account_code"], ["accounts.code"], name=op.f(f"fk_{table}_account_code_accounts"), ondelete="CASCADE"
    )


def _index(table, *columns):
    with op.batch_alter_table(table) as batch_op:
        for column in columns:
            batch_op.create_index(batch_op.f(f"ix_{table}_{column}"), [column], unique=False)
