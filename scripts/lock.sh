#!/bin/sh
# Writes the lock files: versions and hashes, no download addresses.
set -eu
PATH="$PWD/.venv/bin:$PATH"
compile() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links "$@"
}
compile --all-extras --group pyproject.toml:dev pyproject.toml -o requirements-dev.lock
served="server postgres docker ec2 libcloud gce openstack hetzner softlayer notify proxmox vsphere"
# shellcheck disable=SC2046
compile $(printf -- '--extra %s ' $served) --group pyproject.toml:build \
  -c requirements-dev.lock pyproject.toml -o requirements.lock
compile --extra libvirt --group pyproject.toml:build -c requirements-dev.lock pyproject.toml -o requirements-libvirt.lock
echo "uv>=0.9" | compile -c requirements-dev.lock - -o requirements-uv.lock
compile --group pyproject.toml:node -o requirements-node.lock
