"""`python -m mistansible`: the lines of an `ansible.cfg` with which plain `ansible-playbook` finds the collection."""

from __future__ import annotations

from mistansible.paths import MODULES, ROOT

if __name__ == "__main__":
    print(f"[defaults]\ncollections_path = {ROOT}:~/.ansible/collections:/usr/share/ansible/collections")
    print(f"library = {MODULES}")
