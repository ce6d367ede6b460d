#!/bin/sh
# Make this machine a replica of a primary without Patroni: run as postgres, with the server stopped.
#
#   replica.sh 10.0.0.21 pg2 /var/lib/postgresql/15/main
#
# `pg2` is what the primary calls it: in synchronous_standby_names, and the name of its slot, which keeps
# the write-ahead log that the replica has not read yet. The password of replicator is in ~/.pgpass.
set -eu
primary=$1 name=$2 data=$3
[ ! -e "$data/PG_VERSION" ] || { echo "$data holds a database: move it away first." >&2; exit 1; }
pg_basebackup --pgdata="$data" --wal-method=stream --checkpoint=fast --create-slot --slot="$name" \
    --write-recovery-conf \
    --dbname="host=$primary user=replicator application_name=$name"
