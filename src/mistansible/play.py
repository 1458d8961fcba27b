"""`mistplay`: `ansible-playbook` that finds Mist's modules, by their names in `mist.mist` and by short ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from mistansible.paths import ACTIONS, MODULES, ROOT

_LACKING = "Error: mistplay needs ansible-core beside Mist: pip install 'mist[ansible]'\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Everything is passed on; the exit code is that of `ansible-playbook`, which ends the process."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        from ansible import constants
        from ansible.cli.playbook import main as ansible_playbook
        from ansible.plugins.loader import action_loader
    except ImportError:
        sys.stderr.write(_LACKING)
        return 1
    # beside what the user's environment and ansible.cfg name; the variable is for programs that a play starts
    constants.COLLECTIONS_PATHS.insert(0, str(ROOT))
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = os.pathsep.join(map(str, constants.COLLECTIONS_PATHS))
    os.environ["MIST_PYTHON"] = sys.executable
    action_loader.add_directory(str(ACTIONS))  # for short names, as -M is for modules
    ansible_playbook(["mistplay", "-M", str(MODULES), *arguments])
    return 0


if __name__ == "__main__":
    sys.exit(main())
