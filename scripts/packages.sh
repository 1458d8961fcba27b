#!/bin/sh
# Installs Debian packages that are missing, where this user may; else says which and goes on.
set -u
missing=""
for package in "$@"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
  echo "No apt-get here; tests that need these packages will be skipped:$missing"
  exit 0
fi
as_root=""
if [ "$(id -u)" != 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "Not root; tests that need these packages will be skipped:$missing"
    exit 0
  fi
  as_root="sudo -n"
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null || {
  echo "apt-get could not install all of these; what needs them will be skipped:$missing"
  exit 0
}
