"""Where the collection is, for Ansible to find it there."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent / "collection"
COLLECTION = ROOT / "ansible_collections" / "mist" / "mist"
MODULES = COLLECTION / "plugins" / "modules"
ACTIONS = COLLECTION / "plugins" / "action"
