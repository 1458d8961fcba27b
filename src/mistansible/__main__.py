"""`python -m mistansible`: the lines of an `ansible.cfg` with which plain `ansible-playbook` finds the collection."""

from __future__ import annotations

from mistansible.paths import ACTIONS, MODULES, ROOT

_OWN = "~/.ansible/plugins/{kind}:/usr/share/ansible/plugins/{kind}"  # where Ansible looks unless told otherwise

if __name__ == "__main__":
    print(f"[defaults]\ncollections_path = {ROOT}:~/.ansible/collections:/usr/share/ansible/collections")
    print(f"library = {MODULES}:{_OWN.format(kind='modules')}")
    print(f"action_plugins = {ACTIONS}:{_OWN.format(kind='action')}")
