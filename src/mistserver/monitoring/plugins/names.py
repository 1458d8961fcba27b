"""What the parts of a custom metric are called."""

from __future__ import annotations

import re

from mistserver.domain.errors import InvalidInput

_LONGEST = 100


def plugin_id(name: str) -> str:
    """From the name that a user gave: `My Custom-Metric` is `my_custom_metric`. InvalidInput when nothing is left."""
    id = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]", "_", name.lower())).strip("_")
    if not id or len(id) > _LONGEST:
        raise InvalidInput(
            f"The name of a custom metric has letters or digits from a to z, and at most {_LONGEST} characters.",
            field="name",
        )
    return id


# what an agent's collectd names the plugin of all custom metrics; the instance is the metric's own id
COLLECTD = "mist.python"


def metric_of(plugin_id: str) -> str:
    return f"mist.python.{plugin_id}"
