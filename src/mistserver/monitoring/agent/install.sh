# Puts collectd on this machine as an instance of Mist's own. May run again at any time.
# Needs root, and in the environment: DIR, and ROOT where the system is not at /.  Reads collectd.conf from its input.
# Exit code 65: this machine has no collectd, and its distribution packages none.
set -eu
umask 077
ROOT=${ROOT-}
say() { printf '%s\n' "$*"; }
fail() { printf 'mist: %s\n' "$*" >&2; exit 1; }
unpackaged() {
  rm -f "$DIR/collectd.conf.new" "$DIR/before" "$DIR/packages.new"
  rmdir "$DIR/data" "$DIR" 2>/dev/null || true
  printf 'mist: %s\n' "$*" >&2
  exit 65
}
[ "$(id -u)" = 0 ] || fail "root is needed here; let the user use sudo without a password"
mkdir -p "$DIR/data"
cat > "$DIR/collectd.conf.new"

daemon() { PATH="$PATH:$ROOT/usr/sbin:$ROOT/usr/local/sbin" command -v collectd; }
# whether collectd can load it: the file is there, and so are the libraries that it needs
plugin() {
  for folder in "$ROOT"/usr/lib/collectd "$ROOT"/usr/lib64/collectd "$ROOT"/usr/lib/*/collectd "$ROOT"/usr/local/lib/collectd; do
    [ -e "$folder/$1.so" ] || continue
    ! ldd "$folder/$1.so" 2>/dev/null | grep -q 'not found'
    return
  done
  return 1
}
is_complete() { daemon >/dev/null && plugin write_http; }

# Each names in packages.new what it adds to this machine, and only that: what was there is never taken away again.
with_apt() {
  export DEBIAN_FRONTEND=noninteractive
  has_candidate() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [0-9]'; }
  has_candidate collectd-core || apt-get update -qq || fail "apt-get cannot read its package sources"
  has_candidate collectd-core || unpackaged "this machine's package sources have no collectd-core"
  curl=libcurl3-gnutls
  ! has_candidate libcurl3t64-gnutls || curl=libcurl3t64-gnutls
  set -- -y -qq --no-upgrade --no-remove --no-install-recommends collectd-core "$curl" libmnl0 libyajl2
  # a line with the old version in brackets is of a package that is there already
  apt-get install -s "$@" | sed -n 's/^Inst \([^ ]*\) (.*/\1/p' > "$DIR/packages.new"
  apt-get install "$@" >/dev/null
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
with_zypper() {
  found=0
  zypper -n -q search -x -t package collectd >/dev/null 2>&1 || found=$?
  [ "$found" != 104 ] || unpackaged "this machine's package sources have no collectd"
  with_rpm zypper -n -q install --no-recommends collectd
}
with_apk() {
  apk update -q || fail "apk cannot read its package sources"
  [ -n "$(apk search -q -x collectd-write_http)" ] || unpackaged "this machine's package sources have no collectd-write_http"
  apk info -q | sort -u > "$DIR/before"
  apk add -q collectd collectd-write_http collectd-disk || return 1
  # what these three need goes with them
  apk info -q | sort -u | comm -13 "$DIR/before" - | grep '^collectd' > "$DIR/packages.new"
}

if ! is_complete; then
  for manager in apt-get dnf yum zypper apk none; do
    [ "$manager" != none ] || unpackaged "no collectd here, and no package manager that is known"
    ! command -v "$manager" >/dev/null 2>&1 || break
  done
  had_daemon=$(daemon) || true
  say "installing collectd with $manager"
  : > "$DIR/packages.new"
  problem=
  case $manager in
    apt-get) with_apt ;;
    yum | dnf) with_dnf ;;
    *) "with_$manager" ;;
  esac || problem=$?
  cat "$DIR/packages.new" >> "$DIR/packages"
  rm -f "$DIR/before" "$DIR/packages.new"
  [ -z "$problem" ] || fail "$manager could not install collectd"
  # the distribution's own service came along where there was none
  if [ -z "$had_daemon" ] && [ -d "$ROOT/run/systemd/system" ]; then
    systemctl -q disable --now collectd 2>/dev/null || true
  fi
fi
bin=$(daemon) || fail "collectd was installed, but is not to be found"

while IFS= read -r line; do
  case $line in
    "LoadPlugin "*)
      plugin "${line#LoadPlugin }" || { say "without ${line#LoadPlugin }: it cannot be loaded here"; continue; } ;;
  esac
  printf '%s\n' "$line" >&3
done < "$DIR/collectd.conf.new" 3> "$DIR/collectd.conf.fit"
rm -f "$DIR/collectd.conf.new"
"$bin" -t -C "$DIR/collectd.conf.fit" || { rm -f "$DIR/collectd.conf.fit"; fail "collectd does not accept its configuration"; }
mv "$DIR/collectd.conf.fit" "$DIR/collectd.conf"

stop_plain() {
  [ -s "$DIR/pid" ] || return 0
  pid=$(cat "$DIR/pid")
  kill "$pid" 2>/dev/null || return 0
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || return 0; sleep 1; done
  kill -9 "$pid" 2>/dev/null || true
}

if [ -d "$ROOT/run/systemd/system" ]; then
  cat > "$ROOT/etc/systemd/system/mist-collectd.service" <<UNIT
[Unit]
Description=collectd for Mist
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=$bin -f -C $DIR/collectd.conf
Restart=on-failure
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
  chmod 644 "$ROOT/etc/systemd/system/mist-collectd.service"
  systemctl daemon-reload
  systemctl -q enable mist-collectd
  systemctl restart mist-collectd
  say "collectd runs as the systemd service mist-collectd"
elif command -v openrc-run >/dev/null 2>&1 && [ -d "$ROOT/run/openrc" ]; then
  cat > "$ROOT/etc/init.d/mist-collectd" <<INIT
#!/sbin/openrc-run
description="collectd for Mist"
command="$bin"
command_args="-C $DIR/collectd.conf"
pidfile="$DIR/pid"
depend() { need net; }
INIT
  chmod 755 "$ROOT/etc/init.d/mist-collectd"
  rc-update -q add mist-collectd default
  rc-service -q mist-collectd restart
  say "collectd runs as the OpenRC service mist-collectd"
else
  stop_plain
  "$bin" -C "$DIR/collectd.conf"
  say "collectd runs; nothing here would start it again after a reboot"
fi
