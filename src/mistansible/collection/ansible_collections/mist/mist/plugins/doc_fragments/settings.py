# SPDX-License-Identifier: Apache-2.0
"""The options of M(mist.mist.mist_backends) that come from what the providers declare."""

from __future__ import annotations

import json

from ansible_collections.mist.mist.plugins.module_utils._settings import SETTINGS


def _documentation() -> str:
    options = {name: {"type": kind, "description": [told]} for name, (kind, _secret, told) in SETTINGS.items()}
    return json.dumps({"options": options})


class ModuleDocFragment:
    """`mist.mist.settings.providers`."""

    DOCUMENTATION = """
options: {}
"""

    PROVIDERS: str


ModuleDocFragment.PROVIDERS = _documentation()
