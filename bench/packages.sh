#!/bin/sh
# Install the Debian packages that the benches drive, as far as they are missing.
set -eu

missing=""
command -v wrk >/dev/null || missing="$missing wrk"
command -v taskset >/dev/null || missing="$missing util-linux"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo"; fi
$sudo apt-get update -qq
# A server that is installed for the benches must not start by itself.
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
