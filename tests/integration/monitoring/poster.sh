#!/bin/sh
# Stands for collectd where none can be installed: reads the address and the password from the configuration that was
# put there, and posts what collectd's plugin `load` does, every second.
[ "$1" != -t ] || exit 0
conf=$2
value() { sed -n "s/^ *$1 \"\(.*\)\"\$/\1/p" "$conf" | head -n 1; }
url=$(value URL) user=$(value User) password=$(value Password)
rest=${url#http://} place=${rest%%/*} path=/${rest#*/}
secret=$(printf %s "$user:$password" | base64 | tr -d '\n')
measured='"values":[0.5],"dstypes":["gauge"],"dsnames":["value"],"interval":1,"host":"x"'
named='"plugin":"load","plugin_instance":"","type":"load","type_instance":"shortterm"'
(
  while sleep 1; do
    body="[{$measured,$named,\"time\":$(date +%s)}]"
    {
      printf 'POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\n' "$path" "$secret"
      printf 'Content-Length: %s\r\nConnection: close\r\n\r\n%s' "${#body}" "$body"
    } | nc -w 2 "${place%:*}" "${place#*:}"
  done
) >/dev/null 2>&1 </dev/null &
echo $! > "$(dirname "$conf")/pid"
