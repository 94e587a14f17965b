"""People without SSO

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-27 02:41:09.118204

"""

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_PENDING = sa.text("kind = 'access' AND status = 'pending'")
_OF_ACCESS = (
    ("email_canonical", sa.String(length=254)),
    ("message", sa.String(length=1000)),
    ("language", sa.String(length=35)),
    ("browser_digest", sa.String(length=64)),
    ("parked_id", sa.String(length=32)),
    ("after", sa.String(length=2048)),
    ("service_name", sa.String(length=200)),
    ("asked_at", _MOMENT),
    ("expires_at", _MOMENT),
    ("reminded_at", _MOMENT),
    ("escalated_at", _MOMENT),
    ("role", sa.String(length=40)),
    ("user_made", sa.Boolean()),
    ("mail_id", sa.String(length=32)),
    ("arrived_at", _MOMENT),
)
_OF_COLLISIONS = (
    ("user_id", sa.String(length=32)),
    ("provider_id", sa.String(length=32)),
    ("issuer", sa.String(length=2048)),
    ("subject", sa.String(length=255)),
)


def upgrade():
    # Columns that must have a value have a default, since processes of the release before go on inserting.
    with op.batch_alter_table("users") as batch_op:
        batch_op.add_column(sa.Column("email_proved", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("accounts") as batch_op:
        batch_op.add_column(sa.Column("magic_link", sa.String(length=10), nullable=False, server_default="unlinked"))
        batch_op.add_column(sa.Column("request_expiry_days", sa.Integer(), nullable=False, server_default="7"))
        batch_op.add_column(sa.Column("escalate_after_hours", sa.Integer(), nullable=False, server_default="24"))
    _of_accounts()
    with op.batch_alter_table("access_requests") as batch_op:
        for name, kind in _OF_COLLISIONS:
            batch_op.alter_column(name, existing_type=kind, nullable=True)
        for name, kind in _OF_ACCESS:
            batch_op.add_column(sa.Column(name, kind, nullable=True))
        batch_op.create_index(batch_op.f("ix_access_requests_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(
            "uq_access_requests_pending_address",
            ["account_code", "email_canonical"],
            unique=True,
            sqlite_where=_PENDING,
            postgresql_where=_PENDING,
        )
    _mail_proofs()
    op.create_table(
        "counters",
        sa.Column("name_digest", sa.String(length=64), nullable=False),
        sa.Column("window_at", _MOMENT, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name_digest", name=op.f("pk_counters")),
    )
    _index("counters", "expires_at")


def downgrade():
    for table in ("counters", "mail_proofs", "management_entries", "account_deputies", "account_access_domains"):
        op.drop_table(table)
    # Older releases know no request without a sign-in.
    op.execute("DELETE FROM access_requests WHERE kind <> 'link'")
    with op.batch_alter_table("access_requests") as batch_op:
        batch_op.drop_index("uq_access_requests_pending_address")
        batch_op.drop_index(batch_op.f("ix_access_requests_expires_at"))
        for name, _ in _OF_ACCESS:
            batch_op.drop_column(name)
        for name, kind in _OF_COLLISIONS:
            batch_op.alter_column(name, existing_type=kind, nullable=False)
    with op.batch_alter_table("accounts") as batch_op:
        for name in ("escalate_after_hours", "request_expiry_days", "magic_link"):
            batch_op.drop_column(name)
    with op.batch_alter_table("users") as batch_op:
        batch_op.drop_column("email_proved")


def _of_accounts():
    op.create_table(
        "account_access_domains",
        sa.Column("account_code", sa.String(length=63), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        _refers("account_access_domains", "account_code", "accounts.code"),
        sa.PrimaryKeyConstraint("account_code", "domain", name=op.f("pk_account_access_domains")),
    )
    op.create_table(
        "account_deputies",
        sa.Column("account_code", sa.String(length=63), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        _refers("account_deputies", "account_code", "accounts.code"),
        _refers("account_deputies", "user_id", "users.id"),
        sa.PrimaryKeyConstraint("account_code", "user_id", name=op.f("pk_account_deputies")),
    )
    _index("account_deputies", "user_id")
    op.create_table(
        "management_entries",
        sa.Column("sid", sa.String(length=32), nullable=False),
        sa.Column("account_code", sa.String(length=63), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("entered_at", _MOMENT, nullable=False),
        _refers("management_entries", "account_code", "accounts.code"),
        _refers("management_entries", "sid", "sso_sessions.sid"),
        sa.PrimaryKeyConstraint("sid", "account_code", name=op.f("pk_management_entries")),
    )
    _index("management_entries", "account_code")


def _mail_proofs():
    op.create_table(
        "mail_proofs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("account_code", sa.String(length=63), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_canonical", sa.String(length=254), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=True),
        sa.Column("sid", sa.String(length=32), nullable=True),
        sa.Column("request_id", sa.String(length=32), nullable=True),
        sa.Column("browser_digest", sa.String(length=64), nullable=True),
        sa.Column("parked_id", sa.String(length=32), nullable=True),
        sa.Column("after", sa.String(length=2048), nullable=True),
        sa.Column("service_name", sa.String(length=200), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=True),
        sa.Column("code_tag", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.Column("used_here", sa.Boolean(), nullable=True),
        _refers("mail_proofs", "account_code", "accounts.code"),
        _refers("mail_proofs", "user_id", "users.id"),
        _refers("mail_proofs", "sid", "sso_sessions.sid"),
        _refers("mail_proofs", "request_id", "access_requests.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_proofs")),
    )
    _index("mail_proofs", "user_id", "sid", "request_id", "expires_at")
    with op.batch_alter_table("mail_proofs") as batch_op:
        batch_op.create_index(
            "ix_mail_proofs_account_code_email_canonical", ["account_code", "email_canonical"], unique=False
        )


def _refers(table, column, target):
    other = target.partition(".")[0]
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}_{other}"), ondelete="CASCADE")


def _index(table, *columns):
    with op.batch_alter_table(table) as batch_op:
        for column in columns:
            batch_op.create_index(batch_op.f(f"ix_{table}_{column}"), [column], unique=False)
