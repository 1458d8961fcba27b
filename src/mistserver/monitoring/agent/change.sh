# Changes what Mist's instance of collectd loads besides what it always does. May run again at any time.
# In the environment: EXTRA, the end of its configuration; MODULE, what runs in its plugin python, nothing without custom
# metrics. Reads from its input what belongs to the module. The new configuration is checked first, and what does not
# come up is undone.
[ -e "$DIR/collectd.conf" ] || fail "Mist's agent is not on this machine; enable monitoring again"
bin=$(daemon) || fail "collectd is not to be found any more; enable monitoring again"
undo() {
  if [ -e "$DIR/python.before" ]; then rm -rf "$DIR/python"; mv "$DIR/python.before" "$DIR/python"; fi
  if [ -e "$DIR/collectd.conf.before" ]; then mv "$DIR/collectd.conf.before" "$DIR/collectd.conf"; fi
}
undo # of a run that was broken off
rm -rf "$DIR/python.new" "$DIR/collectd.conf.new"
mkdir -p "$DIR/python" "$DIR/python.new"
cat > "$DIR/python.new/plugins.json"
printf '%s' "$MODULE" > "$DIR/python.new/mist_collectd.py"

if [ -n "$MODULE" ] && ! plugin python; then
  find_manager || fail "collectd cannot run Python on this machine, and no package manager is known that could bring that"
  say "installing what collectd's plugin python needs with $manager"
  case $manager in
    apt-get) added python_apt ;;
    yum | dnf) added python_dnf ;;
    *) added "python_$manager" ;;
  esac || true
  plugin python || fail "collectd cannot run Python on this machine: $manager could not bring what its plugin python needs"
fi

cp -p "$DIR/collectd.conf" "$DIR/collectd.conf.before"
mv "$DIR/python" "$DIR/python.before"
mv "$DIR/python.new" "$DIR/python"
{
  sed "/^$ADDED/,\$d" "$DIR/collectd.conf.before"
  [ -z "$EXTRA" ] || printf '%s\n%s\n' "$ADDED" "$EXTRA"
} > "$DIR/collectd.conf.new"
"$bin" -t -C "$DIR/collectd.conf.new" || { rm -f "$DIR/collectd.conf.new"; undo; fail "collectd does not accept it; nothing was changed"; }
mv "$DIR/collectd.conf.new" "$DIR/collectd.conf"
if ! restart || ! is_up; then
  tail -n 2 "$DIR/log" 2>/dev/null >&2 || true
  undo
  restart || fail "collectd does not come up, not even as it was before"
  fail "collectd did not come up with it; everything is as it was before"
fi
rm -rf "$DIR/python.before" "$DIR/collectd.conf.before"
[ -n "$MODULE" ] || rm -rf "$DIR/python"
