#!/bin/sh
# Brings PostgreSQL, Chromium, Firefox, nginx and Apache, which the tests use, from the system's packages where that is allowed
# (root, apt-get). Never fails: what is missing is named by the tests, which fail only with CI=true.
set -u

wanted=
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || wanted="$wanted postgresql"
command -v chromium >/dev/null 2>&1 || wanted="$wanted chromium fonts-dejavu-core"
command -v firefox-esr >/dev/null 2>&1 || command -v firefox >/dev/null 2>&1 || wanted="$wanted firefox-esr"
command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || wanted="$wanted nginx"
[ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] || wanted="$wanted apache2-bin libapache2-mod-auth-openidc"
[ -n "$wanted" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "  not installed:$wanted (what needs them is skipped; Debian and Ubuntu: apt install$wanted)"
    exit 0
fi
echo "  apt-get install$wanted"
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
# Package lists may be absent or stale on a fresh machine.
# shellcheck disable=SC2086
{ apt-get update -q && apt-get install -q -y --no-install-recommends $wanted; } </dev/null >"$log" 2>&1 \
    || { tail -n 5 "$log"; echo "  apt-get failed (above): the tests say what is missing"; }
rm -f "$log"
