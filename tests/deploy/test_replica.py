"""A primary and a replica without Patroni: the same settings, and a person who promotes."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from tests.deploy.machines import DEPLOY, Machines, wait_until
from tests.deploy.site import PASSWORD
from tests.with_postgresql import newest_bin

pytestmark = pytest.mark.deploy


@pytest.fixture
def machines():
    folder = Path(tempfile.mkdtemp(prefix="workhub-replica-"))
    folder.chmod(0o755)
    machines = Machines(folder)
    # None that `site` has, of this run or another.
    machines.network = f"127.200.{os.getpid() % 250 + 1}."
    yield machines
    machines.end()
    shutil.rmtree(folder, ignore_errors=True)


def run(*command, **environment):
    """As user postgres, as all of PostgreSQL is."""
    subprocess.run(
        [str(part) for part in command],
        env={"PATH": f"{newest_bin()}:{os.environ['PATH']}", "LANG": "C.UTF-8"} | environment,
        cwd="/",
        user="postgres",
        group="postgres",
        extra_groups=[],
        check=True,
        capture_output=True,
        timeout=60,
    )


def start(machines, name, number):
    data = machines.folder / "data" / name
    settings = machines.file("postgresql/workhub.conf")
    sockets = machines.folder / "run" / name
    sockets.mkdir()
    shutil.chown(sockets, "postgres", "postgres")
    # As conf.d has it on Debian.
    with (data / "postgresql.conf").open("a") as file:
        file.write(f"\ninclude '{settings}'\n")
    return machines.start(
        name,
        [
            *(newest_bin() / "postgres", "-D", data, "-k", sockets),
            *("-h", machines.address(number)),
        ],
        user="postgres",
    )


def connect(machines, name, number, user="workhub"):
    own = user == "postgres"
    host = machines.folder / "run" / name if own else machines.address(number)
    return psycopg.connect(
        f"host={host} user={user} password={PASSWORD} "
        f"dbname={'postgres' if own else 'workhub'} connect_timeout=3",
        autocommit=True,
    )


def test_a_replica_is_made_and_takes_over(machines):
    password = machines.file("password", PASSWORD, 0o600, "postgres")
    data = machines.folder / "data" / "pg1"
    run("initdb", "-D", data, "-E", "UTF8", "--pwfile", password, "-A", "scram-sha-256")
    hba = machines.text("postgresql/pg_hba.conf").replace("peer", "scram-sha-256")
    (data / "pg_hba.conf").write_text(hba)
    primary = start(machines, "pg1", 21)
    wait_until(lambda: answers(machines, "pg1", 21), 20, "the primary")
    with connect(machines, "pg1", 21, "postgres") as connection:
        connection.execute(f"CREATE ROLE replicator REPLICATION LOGIN PASSWORD '{PASSWORD}'")
        connection.execute(f"CREATE ROLE workhub LOGIN PASSWORD '{PASSWORD}'")
        connection.execute("CREATE DATABASE workhub OWNER workhub")

    line = f"{machines.address(21)}:5432:*:replicator:{PASSWORD}\n"
    passwords = machines.file("pgpass", line, 0o600, "postgres")
    copy = machines.folder / "data" / "pg2"
    script = machines.file("replica.sh", (DEPLOY / "postgresql/replica.sh").read_text(), 0o755)
    run(script, machines.address(21), "pg2", copy, PGPASSFILE=str(passwords))
    start(machines, "pg2", 22)
    with connect(machines, "pg1", 21, "postgres") as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (pg2, pg3)'")
        connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: "sync" in states(connection), 20, "a synchronous replica")

    with connect(machines, "pg1", 21) as connection:
        connection.execute("CREATE TABLE told (number bigint)")
        connection.execute("INSERT INTO told VALUES (1)")
    primary.kill()
    run("pg_ctl", "promote", "-D", copy)
    with connect(machines, "pg2", 22) as connection:
        assert connection.execute("SELECT number FROM told").fetchall() == [(1,)]
    with connect(machines, "pg2", 22, "postgres") as connection:
        # Its own list names itself; until it has a replica of its own it would wait for nobody.
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
        connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.5)
    with connect(machines, "pg2", 22) as connection:
        connection.execute("INSERT INTO told VALUES (2)")


def answers(machines, name, number):
    try:
        with connect(machines, name, number, "postgres"):
            return True
    except psycopg.Error:
        return False


def states(connection):
    rows = connection.execute("SELECT sync_state FROM pg_stat_replication").fetchall()
    return [state for (state,) in rows]
