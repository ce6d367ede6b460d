#!/bin/sh
# Install the Debian packages that the tests drive, as far as they are missing.
set -eu

missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v redis-server >/dev/null || missing="$missing redis-server"
command -v xmllint >/dev/null || missing="$missing libxml2-utils"
command -v curl >/dev/null || missing="$missing curl"
command -v msgfmt >/dev/null || missing="$missing gettext"
command -v npm >/dev/null || missing="$missing nodejs npm"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo"; fi
$sudo apt-get update -qq
# A server that is installed for the tests must not start by itself.
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
