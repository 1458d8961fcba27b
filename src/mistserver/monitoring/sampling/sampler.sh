# Shows what the kernel counts, a frame a call: sections that begin with "==> name <==", the last one is "end".
files="/proc/stat /proc/meminfo /proc/loadavg /proc/uptime /proc/net/dev /proc/diskstats /proc/vmstat"
files="$files /proc/sys/kernel/random/entropy_avail"
inside=
if [ -e /.dockerenv ] || [ -e /run/.containerenv ]; then
  # /proc shows the host here; what the container itself uses is in its control group, of one version or the other
  inside=yes
  group=/sys/fs/cgroup
  files="$files /proc/1/stat"
  for file in cpu.stat cpu.max memory.current memory.max memory.stat io.stat \
    cpuacct/cpuacct.stat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us memory/memory.usage_in_bytes \
    memory/memory.limit_in_bytes memory/memory.stat blkio/blkio.throttle.io_service_bytes; do
    [ -r "$group/$file" ] && files="$files $group/$file"
  done
fi
sample() {
  # shellcheck disable=SC2086
  head -n 999 $files 2>/dev/null
  [ -z "$inside" ] || printf '\n==> inside <==\n'
  printf '\n==> processes <==\n'
  sed -n 's/^.*) \([A-Za-z]\) .*$/\1/p' /proc/[0-9]*/stat 2>/dev/null | tr -d '\n'
  if command -v who >/dev/null 2>&1; then
    printf '\n==> users <==\n'
    who 2>/dev/null | wc -l
  fi
  printf '\n==> filesystems <==\n'
  mounts=
  # network file systems can hang for ever, so that only local devices are asked
  [ -n "$inside" ] || mounts=$(while read -r device path _; do
    case $device in /dev/*) printf '%s\n' "$path" ;; esac
  done </proc/mounts)
  # shellcheck disable=SC2086
  df -P -k / $mounts 2>/dev/null
  printf '\n==> end <==\n'
}
