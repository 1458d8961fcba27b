# SPDX-License-Identifier: Apache-2.0
"""The options that say which Mist service, and who."""

from __future__ import annotations

import json

import yaml


def with_variables(text: str) -> str:
    """The same options, each of which a host variable of its name may set too."""
    documented = yaml.safe_load(text)
    for name, option in documented["options"].items():
        option["vars"] = [{"name": name}]
    return json.dumps(documented)


class ModuleDocFragment:
    """`mist.mist.service` for all, `.connection` with host variables, `.module` with what modules have in common.

    `.waiting` is for the modules that have an action plugin.
    """

    DOCUMENTATION = """
options:
  mist_uri:
    description:
      - Address of the Mist service.
      - Without it E(MIST_URI), else C(mist_uri) in C(~/.mist), else C(http://127.0.0.1:8000).
    type: str
  mist_email:
    description:
      - Who signs in. Without it E(MIST_EMAIL), else C(email) in C(~/.mist).
    type: str
  mist_password:
    description:
      - The password. Without it E(MIST_PASSWORD), else C(password) in C(~/.mist).
    type: str
  mist_token:
    description:
      - A token, instead of email and password.
      - Without any of them E(MIST_TOKEN), else the token that C(mist login) keeps.
    type: str
  mist_ca_file:
    description:
      - File of CA certificates to trust instead of the system's.
      - Without it E(MIST_CA_FILE), else C(ca_file) in C(~/.mist).
    type: path
  mist_timeout:
    description:
      - Seconds to wait for an answer of the service.
    type: float
    default: 60.0
"""

    CONNECTION: str

    MODULE = """
requirements:
  - Python 3.11 or newer where the module runs
  - the Python package mist
attributes:
  check_mode:
    support: full
    description: Says what would change, and changes nothing.
  diff_mode:
    support: full
    description: Shows what changes.
notes:
  - The module runs where its play does, so a play for it usually has C(hosts=localhost).
"""

    WAITING = """
attributes:
  async:
    support: full
    description: Can be begun and looked after later, with C(async).
notes:
  - With C(-v) what is waited for is printed while the module runs, where it runs on the controller. With C(no_log)
    nothing is printed, and with C(async) what Ansible itself prints.
"""


ModuleDocFragment.CONNECTION = with_variables(ModuleDocFragment.DOCUMENTATION)
