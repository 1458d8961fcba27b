# Takes Mist's instance of collectd away, and the packages that came with it. May run again at any time.
if [ -e "$ROOT/etc/systemd/system/mist-collectd.service" ]; then
  systemctl -q disable --now mist-collectd || true
  rm -f "$ROOT/etc/systemd/system/mist-collectd.service"
  systemctl daemon-reload
fi
if [ -e "$ROOT/etc/init.d/mist-collectd" ]; then
  rc-service -q mist-collectd stop || true
  rc-update -q del mist-collectd || true
  rm -f "$ROOT/etc/init.d/mist-collectd"
fi
stop_plain
# What came with the agent goes with it, but nothing else ever does: not even what has come to need it since.
# A rehearsal has to say so first; where there is none, the package manager itself refuses what others need.
purge_apt() {
  simulated=$(apt-get purge -s -o APT::Get::AutomaticRemove=false "$@") || return 1
  going=$(printf '%s\n' "$simulated" | sed -n -e 's/^Purg \([^ ]*\).*/\1/p' -e 's/^Remv \([^ ]*\).*/\1/p')
  [ -n "$going" ] || return 0
  ! printf '%s\n' "$going" | grep -qvxF "$(printf '%s\n' "$@")" || return 1
  DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq -o APT::Get::AutomaticRemove=false "$@" >/dev/null
}
purge_rpm() {
  present=
  for name in "$@"; do ! rpm -q "$name" >/dev/null 2>&1 || present="$present $name"; done
  # shellcheck disable=SC2086
  [ -z "$present" ] || rpm -e $present >/dev/null 2>&1
}
purge_apk() {
  # others may go in a simulation only when they need what is asked to go
  others=$(apk del -s "$@" | sed -n 's/^([0-9/]*) Purging \([^ ]*\) .*/\1/p' | grep -vxF "$(printf '%s\n' "$@")" || true)
  kept_by_others=$(apk del -s "$@" | grep -c 'not removed due to' || true)
  [ "$kept_by_others" = 0 ] || return 1
  [ -z "$others" ] || printf 'with them goes what only they needed: %s\n' "$(printf '%s ' $others)"
  apk del -q "$@"
}
names=$(grep -E '^[A-Za-z0-9][A-Za-z0-9+._-]*$' "$DIR/packages" 2>/dev/null || true)
if [ -n "$names" ]; then
  # shellcheck disable=SC2086
  set -- $(printf '%s\n' "$names" | sort -u)
  if [ -d "$ROOT/run/systemd/system" ] && systemctl -q is-enabled collectd 2>/dev/null; then kept=yes
  elif command -v apt-get >/dev/null 2>&1; then purge_apt "$@" || kept=yes
  elif command -v rpm >/dev/null 2>&1; then purge_rpm "$@" || kept=yes
  elif command -v apk >/dev/null 2>&1; then purge_apk "$@" || kept=yes
  fi
  [ -z "${kept-}" ] || printf 'these packages stay, others use them now: %s\n' "$*"
fi
rm -rf "$DIR"
printf 'collectd for Mist is gone\n'
