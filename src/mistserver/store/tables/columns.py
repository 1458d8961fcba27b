"""The columns that many tables share."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, String

metadata = MetaData()

Sequence = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only INTEGER PRIMARY KEY


def identity() -> Column[str]:
    """Our own id."""
    return Column("id", String(22), primary_key=True)


def account() -> Column[str]:
    """The tenant that a row belongs to."""
    return Column("account_id", String(22), ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False)


def of(table: str, column: str, *, primary: bool = False) -> Column[str]:
    """What a row is part of, and goes with."""
    target = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(column, String(22), target, primary_key=primary, nullable=False)
