"""The drill of docs/operators.md: a dump of a replica, restored beside, is whole."""

import subprocess

import pytest

from tests.deploy.site import NODES, PASSWORD

pytestmark = pytest.mark.deploy


def test_a_dump_of_a_replica_is_restored_and_found_whole(site):
    kept = site.machines.folder / "data" / "verify_audit.txt"
    kept.write_text(site.manage("verify_audit"), encoding="utf-8")
    dump = site.machines.folder / "data" / "workhub.dump"
    replicas, primary = site.machines.address(100), site.machines.address(NODES[site.primary()])
    run("pg_dump", "-Fc", "-h", replicas, "-p", "5001", "-f", dump, "workhub")
    with site.connect("postgres") as connection:
        connection.execute("CREATE DATABASE restored OWNER workhub")
    try:
        run("pg_restore", "--exit-on-error", "-h", primary, "-d", "restored", dump)
        url = f"postgres://postgres:{PASSWORD}@{primary}:5432/restored"
        assert "nothing to change" in site.manage("rebuild_compliance", "--check", database=url)
        found = site.manage("verify_audit", "--against", str(kept), database=url)
        assert "holds" in found
        assert "BROKEN" not in found
    finally:
        with site.connect("postgres") as connection:
            connection.execute("DROP DATABASE restored WITH (FORCE)")


def run(*command):
    subprocess.run(
        [command[0], "-U", "postgres", *command[1:]],
        env={"PATH": "/usr/bin:/bin", "PGPASSWORD": PASSWORD},
        check=True,
        timeout=120,
    )
