"""`python -m docs.openapi`: prints the OpenAPI document of this version, from which clients' types are made."""

from __future__ import annotations

import json
import sys

from docs.rest import document


def main() -> int:
    json.dump(document(), sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
