# What the other scripts begin with: collectd on this machine, and Mist's instance of it.
# Needs root, and in the environment: DIR, and ROOT where the system is not at /.
set -eu
umask 077
ROOT=${ROOT-}
ADDED='# what was added on this machine alone'
say() { printf '%s\n' "$*"; }
fail() { printf 'mist: %s\n' "$*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "root is needed here; let the user use sudo without a password"

daemon() { PATH="$PATH:$ROOT/usr/sbin:$ROOT/usr/local/sbin" command -v collectd; }
folders() { printf '%s\n' "$ROOT"/usr/lib/collectd "$ROOT"/usr/lib64/collectd "$ROOT"/usr/lib/*/collectd "$ROOT"/usr/local/lib/collectd; }
# the libraries of a plugin that are missing; false when there is no such plugin
missing() {
  for folder in $(folders); do
    [ -e "$folder/$1.so" ] || continue
    ldd "$folder/$1.so" 2>/dev/null | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p'
    return
  done
  return 1
}
# whether collectd can load it
plugin() { lacks=$(missing "$1") && [ -z "$lacks" ]; }
# a configuration from the input to the descriptor 3, without what cannot be loaded here
fit() {
  while IFS= read -r line; do
    case $line in
      "LoadPlugin "*)
        plugin "${line#LoadPlugin }" || { say "without ${line#LoadPlugin }: it cannot be loaded here"; continue; } ;;
    esac
    printf '%s\n' "$line" >&3
  done
}

# whether a process runs; one that ended and whose first process looks after nobody does not
runs() { kill -0 "$1" 2>/dev/null && ! grep -q '^[0-9]* (.*) Z ' "/proc/$1/stat" 2>/dev/null; }
stop_plain() {
  [ -s "$DIR/pid" ] || return 0
  pid=$(cat "$DIR/pid")
  kill "$pid" 2>/dev/null || return 0
  for _ in 1 2 3 4 5 6 7 8 9 10; do runs "$pid" || return 0; sleep 1; done
  kill -9 "$pid" 2>/dev/null || true
}
restart() {
  if [ -e "$ROOT/etc/systemd/system/mist-collectd.service" ]; then systemctl restart mist-collectd
  elif [ -e "$ROOT/etc/init.d/mist-collectd" ]; then rc-service -q mist-collectd restart
  else
    stop_plain
    "$bin" -C "$DIR/collectd.conf"
  fi
}
# whether it runs, and still does a moment later
is_up() {
  sleep 2
  if [ -e "$ROOT/etc/systemd/system/mist-collectd.service" ]; then systemctl -q is-active mist-collectd
  else [ -s "$DIR/pid" ] && runs "$(cat "$DIR/pid")"; fi
}
