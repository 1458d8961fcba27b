# Adding packages to this machine. Each way names in packages.new what it adds, and only that: what was there is never
# taken away again.
unpackaged() {
  rm -f "$DIR/collectd.conf.new" "$DIR/before" "$DIR/packages.new"
  rmdir "$DIR/data" "$DIR" 2>/dev/null || true
  printf 'mist: %s\n' "$*" >&2
  exit 65
}
find_manager() {
  for manager in apt-get dnf yum zypper apk; do
    ! command -v "$manager" >/dev/null 2>&1 || return 0
  done
  return 1
}
added() { # a way, and its words
  : > "$DIR/packages.new"
  problem=
  "$@" || problem=$?
  cat "$DIR/packages.new" >> "$DIR/packages"
  rm -f "$DIR/before" "$DIR/packages.new"
  [ -z "$problem" ]
}

has_candidate() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [0-9]'; }
apt_add() {
  export DEBIAN_FRONTEND=noninteractive
  set -- -y -qq --no-upgrade --no-remove --no-install-recommends "$@"
  # a line with the old version in brackets is of a package that is there already
  apt-get install -s "$@" | sed -n 's/^Inst \([^ ]*\) (.*/\1/p' > "$DIR/packages.new"
  apt-get install "$@" >/dev/null
}
with_apt() {
  has_candidate collectd-core || apt-get update -qq || fail "apt-get cannot read its package sources"
  has_candidate collectd-core || unpackaged "this machine's package sources have no collectd-core"
  curl=libcurl3-gnutls
  ! has_candidate libcurl3t64-gnutls || curl=libcurl3t64-gnutls
  apt_add collectd-core "$curl" libmnl0 libyajl2
}
either() { # which of two names is a package
  for name in "$@"; do
    ! has_candidate "$name" || return 0
  done
  return 1
}
python_apt() { # the very library that the plugin was built with
  library=$(missing python | sed -n 's/^\(libpython[0-9.]*\)\.so.*/\1/p')
  [ -n "$library" ] || return 1
  either "$library" "${library}t64" || apt-get update -qq || fail "apt-get cannot read its package sources"
  either "$library" "${library}t64" && apt_add "$name"
}

with_rpm() { # the words of the package manager; the packages to install are its last ones
  rpm -qa --qf '%{NAME}\n' | sort -u > "$DIR/before"
  failed=0
  "$@" >/dev/null || failed=$?
  rpm -qa --qf '%{NAME}\n' | sort -u | comm -13 "$DIR/before" - >> "$DIR/packages.new"
  return "$failed"
}
with_dnf() {
  "$manager" -q makecache >/dev/null || fail "$manager cannot read its package sources"
  if [ ! -e "$ROOT/etc/fedora-release" ] && ! "$manager" -q list collectd >/dev/null 2>&1; then
    say "adding the package source EPEL"
    with_rpm "$manager" -y -q install epel-release || true
  fi
  "$manager" -q list collectd >/dev/null 2>&1 || unpackaged "this machine's package sources have no collectd"
  with_rpm "$manager" -y -q install collectd collectd-write_http
  with_rpm "$manager" -y -q install collectd-disk || true
}
python_dnf() { with_rpm "$manager" -y -q install collectd-python; }

with_zypper() {
  found=0
  zypper -n -q search -x -t package collectd >/dev/null 2>&1 || found=$?
  [ "$found" != 104 ] || unpackaged "this machine's package sources have no collectd"
  with_rpm zypper -n -q install --no-recommends collectd
}
python_zypper() { with_rpm zypper -n -q install --no-recommends collectd-plugin-python3; }

apk_add() {
  apk info -q | sort -u > "$DIR/before"
  apk add -q "$@" || return 1
  # what these need goes with them
  apk info -q | sort -u | comm -13 "$DIR/before" - | grep '^collectd' > "$DIR/packages.new"
}
with_apk() {
  apk update -q || fail "apk cannot read its package sources"
  [ -n "$(apk search -q -x collectd-write_http)" ] || unpackaged "this machine's package sources have no collectd-write_http"
  apk_add collectd collectd-write_http collectd-disk
}
python_apk() { apk_add collectd-python; }
