# Takes Mist's instance of collectd away, and the packages that came with it. May run again at any time.
# Needs root, and in the environment: DIR.
set -eu
[ "$(id -u)" = 0 ] || { printf 'mist: root is needed here\n' >&2; exit 1; }
if [ -e /etc/systemd/system/mist-collectd.service ]; then
  systemctl -q disable --now mist-collectd || true
  rm -f /etc/systemd/system/mist-collectd.service
  systemctl daemon-reload
fi
if [ -e /etc/init.d/mist-collectd ]; then
  rc-service -q mist-collectd stop || true
  rc-update -q del mist-collectd || true
  rm -f /etc/init.d/mist-collectd
fi
if [ -s "$DIR/pid" ]; then
  pid=$(cat "$DIR/pid")
  kill "$pid" 2>/dev/null || true
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 1; done
fi
# What came with the agent goes with it, but nothing else ever does: not even what has come to need it since.
if [ -s "$DIR/packages" ]; then
  set -- $(grep -E '^[A-Za-z0-9][A-Za-z0-9+._-]*$' "$DIR/packages")
  kept=""
  if command -v apt-get >/dev/null 2>&1; then
    others=$(apt-get purge -s "$@" | sed -n -e 's/^Purg \([^ ]*\).*/\1/p' -e 's/^Remv \([^ ]*\).*/\1/p' | grep -vxF "$(printf '%s\n' "$@")" || true)
    if [ -z "$others" ]; then DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq "$@" >/dev/null
    else kept=yes; fi
  elif command -v rpm >/dev/null 2>&1; then rpm -e "$@" >/dev/null 2>&1 || kept=yes
  elif command -v apk >/dev/null 2>&1; then apk del -q "$@" || kept=yes
  fi
  [ -z "$kept" ] || printf 'these packages stay, others need them now: %s\n' "$*"
fi
rm -rf "$DIR"
printf 'collectd for Mist is gone\n'
