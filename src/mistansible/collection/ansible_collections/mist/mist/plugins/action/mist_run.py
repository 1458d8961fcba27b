# SPDX-License-Identifier: Apache-2.0
"""Runs M(mist.mist.mist_run), with `-v` telling its progress."""

from __future__ import annotations

from ansible_collections.mist.mist.plugins.plugin_utils._follow import FollowedModule


class ActionModule(FollowedModule):
    """Found by the module's name, short or in full."""
