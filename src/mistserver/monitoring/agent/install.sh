# Puts collectd on this machine as an instance of Mist's own. May run again at any time.
# Reads collectd.conf from its input. Exit code 65: this machine has no collectd, and its distribution packages none.
mkdir -p "$DIR/data"
cat > "$DIR/collectd.conf.new"

if ! daemon >/dev/null || ! plugin write_http; then
  find_manager || unpackaged "no collectd here, and no package manager that is known"
  had_daemon=$(daemon) || true
  say "installing collectd with $manager"
  case $manager in
    apt-get) added with_apt ;;
    yum | dnf) added with_dnf ;;
    *) added "with_$manager" ;;
  esac || fail "$manager could not install collectd"
  # the distribution's own service came along where there was none
  if [ -z "$had_daemon" ] && [ -d "$ROOT/run/systemd/system" ]; then
    systemctl -q disable --now collectd 2>/dev/null || true
  fi
fi
bin=$(daemon) || fail "collectd was installed, but is not to be found"

[ ! -e "$DIR/collectd.conf" ] || sed -n "/^$ADDED/,\$p" "$DIR/collectd.conf" >> "$DIR/collectd.conf.new"
fit < "$DIR/collectd.conf.new" 3> "$DIR/collectd.conf.fit"
rm -f "$DIR/collectd.conf.new"
"$bin" -t -C "$DIR/collectd.conf.fit" || { rm -f "$DIR/collectd.conf.fit"; fail "collectd does not accept its configuration"; }
mv "$DIR/collectd.conf.fit" "$DIR/collectd.conf"

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
  restart
  say "collectd runs as the systemd service mist-collectd"
elif command -v openrc-run >/dev/null 2>&1 && [ -d "$ROOT/run/openrc" ]; then
  cat > "$ROOT/etc/init.d/mist-collectd" <<INIT
#!/sbin/openrc-run
description="collectd for Mist"
command="$bin"
command_args="-C $DIR/collectd.conf"
pidfile="$DIR/pid"
# what it is about to send may take its time
retry="TERM/20/KILL/5"
depend() { use net; }
INIT
  chmod 755 "$ROOT/etc/init.d/mist-collectd"
  rc-update -q add mist-collectd default
  restart
  say "collectd runs as the OpenRC service mist-collectd"
else
  restart
  say "collectd runs; nothing here would start it again after a reboot"
fi
