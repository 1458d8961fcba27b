# Puts collectd on this machine as an instance of Mist's own. May run again at any time.
# Needs root, and in the environment: DIR.  Reads collectd.conf from standard input.
set -eu
umask 077
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

daemon() { PATH="$PATH:/usr/sbin:/usr/local/sbin:/sbin" command -v collectd; }

# name the packages that this adds, so that taking the agent away takes them away
with_apt() {
  export DEBIAN_FRONTEND=noninteractive
  wanted="collectd-core libcurl3-gnutls libyajl2"
  apt-cache policy collectd-core 2>/dev/null | grep -q 'Candidate: [0-9]' || apt-get update -qq
  apt-cache show libcurl3t64-gnutls >/dev/null 2>&1 && wanted="collectd-core libcurl3t64-gnutls libyajl2"
  # new ones only: a line with the old version in brackets is of a package that others use
  # shellcheck disable=SC2086
  apt-get install -s --no-upgrade --no-install-recommends $wanted |
    sed -n 's/^Inst \([^ ]*\) (.*/\1/p' > "$DIR/packages.new"
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-upgrade --no-install-recommends $wanted >/dev/null
}
with_dnf() {
  rpm -qa --qf '%{NAME}\n' | sort > "$DIR/before"
  [ -e /etc/fedora-release ] || dnf -y -q install epel-release >/dev/null 2>&1 || true
  dnf -y -q install collectd collectd-write_http >/dev/null
  rpm -qa --qf '%{NAME}\n' | sort | comm -13 "$DIR/before" - > "$DIR/packages.new"
}
with_zypper() {
  rpm -qa --qf '%{NAME}\n' | sort > "$DIR/before"
  zypper -n -q install --no-recommends collectd >/dev/null
  rpm -qa --qf '%{NAME}\n' | sort | comm -13 "$DIR/before" - > "$DIR/packages.new"
}
with_apk() {
  apk add -q collectd collectd-write_http collectd-disk
  printf '%s\n' collectd collectd-write_http collectd-disk > "$DIR/packages.new"
}

if ! daemon >/dev/null; then
  for manager in apt-get dnf zypper apk none; do
    case $manager in none) unpackaged "no collectd here, and no package manager that is known" ;; esac
    command -v "$manager" >/dev/null 2>&1 && break
  done
  say "installing collectd with $manager"
  case $manager in apt-get) with_apt ;; *) "with_$manager" ;; esac
  rm -f "$DIR/before"
  cat "$DIR/packages.new" >> "$DIR/packages"
  rm -f "$DIR/packages.new"
fi
bin=$(daemon) || fail "collectd was installed, but is not to be found"

"$bin" -t -C "$DIR/collectd.conf.new" || { rm -f "$DIR/collectd.conf.new"; fail "collectd does not accept its configuration"; }
mv "$DIR/collectd.conf.new" "$DIR/collectd.conf"

stop_plain() {
  [ -s "$DIR/pid" ] || return 0
  pid=$(cat "$DIR/pid")
  kill "$pid" 2>/dev/null || return 0
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || return 0; sleep 1; done
  kill -9 "$pid" 2>/dev/null || true
}

if [ -d /run/systemd/system ]; then
  cat > /etc/systemd/system/mist-collectd.service <<UNIT
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
  chmod 644 /etc/systemd/system/mist-collectd.service
  systemctl daemon-reload
  systemctl -q enable mist-collectd
  systemctl restart mist-collectd
  say "collectd runs as the systemd service mist-collectd"
elif command -v openrc-run >/dev/null 2>&1 && [ -d /run/openrc ]; then
  cat > /etc/init.d/mist-collectd <<INIT
#!/sbin/openrc-run
description="collectd for Mist"
command="$bin"
command_args="-C $DIR/collectd.conf"
pidfile="$DIR/pid"
depend() { need net; }
INIT
  chmod 755 /etc/init.d/mist-collectd
  rc-update -q add mist-collectd default
  rc-service -q mist-collectd restart
  say "collectd runs as the OpenRC service mist-collectd"
else
  stop_plain
  "$bin" -C "$DIR/collectd.conf"
  say "collectd runs; nothing here would start it again after a reboot"
fi
