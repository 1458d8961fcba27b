"""Users of an account. An email is one user's on the whole service, since people sign in by it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from mistserver.domain.account import Role, User
from mistserver.domain.page import Page, cut, decode_cursor
from mistserver.store.tables import users
from mistserver.store.upsert import insert_into

_COLUMNS = [users.c[name] for name in User.__struct_fields__]


def insert(connection: Connection, user: User, password_hash: str) -> bool:
    """Says whether it was added: False when the email is taken."""
    row = {name: getattr(user, name) for name in User.__struct_fields__} | {"password_hash": password_hash}
    statement = insert_into(connection, users).values(row).on_conflict_do_nothing()
    return connection.execute(statement.returning(users.c.id)).first() is not None


def get(connection: Connection, account_id: str, user_id: str) -> User | None:
    query = sa.select(*_COLUMNS).where(users.c.account_id == account_id, users.c.id == user_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _user(row)


def by_email(connection: Connection, email: str) -> tuple[User, str] | None:
    """The user and the hash of their password, whatever the account: this is how a sign-in begins."""
    row = connection.execute(sa.select(*[*_COLUMNS, users.c.password_hash]).where(users.c.email == email)).one_or_none()
    return None if row is None else (_user(row), row.password_hash)


def password_hash(connection: Connection, user_id: str) -> str | None:
    return connection.execute(sa.select(users.c.password_hash).where(users.c.id == user_id)).scalar_one_or_none()


def page(connection: Connection, account_id: str, limit: int, cursor: str | None) -> Page[User]:
    """Users by email."""
    query = sa.select(*_COLUMNS).where(users.c.account_id == account_id).order_by(users.c.email).limit(limit + 1)
    if cursor is not None:
        query = query.where(users.c.email > decode_cursor(cursor, tuple[str])[0])
    return cut([_user(row) for row in connection.execute(query)], limit, lambda user: (user.email,))


def every(connection: Connection, account_id: str) -> list[User]:
    query = sa.select(*_COLUMNS).where(users.c.account_id == account_id).order_by(users.c.email)
    return [_user(row) for row in connection.execute(query)]


def count(connection: Connection, account_id: str, role: Role | None = None) -> int:
    query = sa.select(sa.func.count()).select_from(users).where(users.c.account_id == account_id)
    if role is not None:
        query = query.where(users.c.role == role)
    return int(connection.execute(query).scalar_one())


def update(connection: Connection, user: User) -> None:
    """Name and role as they stand in `user`."""
    values = {"name": user.name, "role": user.role}
    connection.execute(sa.update(users).where(users.c.id == user.id).values(values))


def set_password_hash(connection: Connection, user_id: str, password_hash: str) -> None:
    connection.execute(sa.update(users).where(users.c.id == user_id).values(password_hash=password_hash))


def replace_password_hash(connection: Connection, user_id: str, known: str, password_hash: str) -> bool:
    """Set it unless it is not `known` any more; says whether it was set."""
    same = sa.update(users).where(users.c.id == user_id, users.c.password_hash == known)
    return connection.execute(same.values(password_hash=password_hash)).rowcount == 1


def delete(connection: Connection, user_id: str) -> None:
    """With their tokens and tickets."""
    connection.execute(sa.delete(users).where(users.c.id == user_id))


def _user(row: Row[Any]) -> User:
    values = row._mapping
    return User(**{name: values[name] for name in User.__struct_fields__} | {"role": Role(values["role"])})
