"""Databases for central, migrated once and as new for each test: a SQLite file is copied, PostgreSQL's one database
of a worker is put back (5 ms; making and dropping one costs a second on a slow disk).

PostgreSQL is looked for at `$MSC_TEST_POSTGRES`, by default the local server with user postgres.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"


def server() -> "URL":
    """The server's maintenance database."""
    from sqlalchemy.engine import make_url

    return make_url(os.environ.get("MSC_TEST_POSTGRES", SERVER))


def _run(url: "URL", *statements: str) -> None:
    """Statements, each in a transaction of its own or, as PostgreSQL wants some, in none."""
    import psycopg

    with psycopg.connect(
        host=url.host, port=url.port, user=url.username, password=url.password, dbname=url.database,
        connect_timeout=3, autocommit=True,
    ) as connection:  # fmt: skip
        for statement in statements:
            connection.execute(statement.encode())


def missing() -> str | None:
    """Why there is no server to test with; None when there is one."""
    import psycopg

    try:
        _run(server(), "SELECT 1")
    except psycopg.OperationalError as error:
        return f"no PostgreSQL at {server().render_as_string()}: {str(error).splitlines()[0]}"
    return None


def migrate(url: str) -> None:
    """Bring a database up to this version."""
    from msc_console.central.db import Central

    central = Central.open(url)
    try:
        central.migrate()
    finally:
        central.close()


@contextmanager
def postgres_database() -> "Iterator[URL]":
    """An empty database, for tests of migrations too; dropped at the end, whoever is connected."""
    name = f"msc_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}_{secrets.token_hex(3)}"
    _run(
        server(),
        f"CREATE DATABASE {name} STRATEGY WAL_LOG",
        f"ALTER DATABASE {name} SET synchronous_commit = off",  # what the server's power loss takes is not tested here
    )
    try:
        yield server().set(database=name)
    finally:
        _run(server(), f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _keep(url: "URL") -> None:
    """Copy the rows that a migrated database starts with, and write the script that brings it back to them."""
    _run(
        url,
        "CREATE SCHEMA keep",
        """DO $$
        DECLARE part record; script text := '';
        BEGIN
            FOR part IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
                EXECUTE format('CREATE TABLE keep.%I AS TABLE public.%I', part.name, part.name);
                script := script || format('DELETE FROM public.%1$I;'
                    'INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE TABLE keep.%1$I;', part.name);
            END LOOP;
            FOR part IN SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public' LOOP
                script := script || format('ALTER SEQUENCE public.%I RESTART;', part.name);
            END LOOP;
            EXECUTE format('CREATE PROCEDURE keep.restore() LANGUAGE plpgsql AS %L',
                'BEGIN SET LOCAL session_replication_role = replica;' || script || 'END');
        END $$""",
    )


def _restore(url: "URL") -> None:
    """End what a test left connected, and put the rows back."""
    _run(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        "CALL keep.restore()",
    )


@pytest.fixture(scope="session")
def postgres_of_worker() -> "Iterator[URL]":
    """This worker's migrated database. Skips when there is no server."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with postgres_database() as url:
        migrate(url.render_as_string(hide_password=False))
        _keep(url)
        yield url


@pytest.fixture
def postgres_url(postgres_of_worker: "URL") -> Iterator[str]:
    """Address of a PostgreSQL database that is as freshly migrated; no other test runs on it."""
    yield postgres_of_worker.render_as_string(hide_password=False)
    _restore(postgres_of_worker)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file of this worker that tests copy."""
    path = tmp_path_factory.mktemp("template") / "central.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Address of a migrated SQLite database of this test alone."""
    path = tmp_path / "central.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def central_url(request: pytest.FixtureRequest) -> str:
    """Address of a migrated database of this test alone, once on each kind."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))
