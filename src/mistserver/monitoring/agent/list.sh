# Tells which plugins collectd could load here, as the last line that is said.
set --
for folder in $(folders); do
  for file in "$folder"/*.so; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .so)
    ! plugin "$name" || set -- "$@" "$name"
  done
done
say "plugins: $*"
