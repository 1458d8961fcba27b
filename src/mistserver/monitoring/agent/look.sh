# Tells what the agent would find here; changes nothing. In the environment: URL, an address of the service.
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then echo root=yes; else echo root=no; fi
has() { command -v "$1" >/dev/null 2>&1; }
# the smallest Pythons lack a part of their library
for python in python3 python ''; do has "$python" && "$python" -c 'import urllib.request' 2>/dev/null && break; done
if has curl; then answer=$(curl -fsS -m 10 "$URL" 2>/dev/null)
elif has wget; then answer=$(wget -q -T 10 -O - "$URL" 2>/dev/null)
elif [ -n "$python" ]; then
  answer=$("$python" -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=10).read().decode())' "$URL" 2>/dev/null)
else
  echo reaches=unknown
  exit 0
fi
case $answer in *'"status":"ok"'*) echo reaches=yes ;; *) echo reaches=no ;; esac
