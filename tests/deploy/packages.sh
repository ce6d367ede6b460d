#!/bin/sh
# Install the Debian packages that deploy/ configures, as far as they are missing.
set -eu

missing=""
command -v haproxy >/dev/null || missing="$missing haproxy"
command -v nginx >/dev/null || missing="$missing nginx-light"
command -v pgbouncer >/dev/null || missing="$missing pgbouncer"
command -v patroni >/dev/null || missing="$missing patroni python3-etcd"
command -v etcd >/dev/null || missing="$missing etcd-server"
command -v redis-server >/dev/null || missing="$missing redis-server"
command -v openssl >/dev/null || missing="$missing openssl"
command -v systemd-analyze >/dev/null || missing="$missing systemd"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo"; fi
$sudo apt-get update -qq
# A server that is installed for the tests must not start by itself.
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
