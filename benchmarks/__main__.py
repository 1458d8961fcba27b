"""`python -m benchmarks [--full] [NAME ...]`: run them, print a line each, keep dated figures with --full."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    agentless,
    ansible_inventory,
    cli_start,
    console,
    console_live,
    intake,
    inventory,
    listing,
    memory,
    metrics,
    metrics_bytes,
    metrics_live,
    metrics_queries,
    rules,
    run_fleet,
    run_service,
    serve_start,
)
from benchmarks.measure import Figure, conditions

ALL = {
    module.__name__.rsplit(".", 1)[-1]: module
    for module in (
        cli_start,
        serve_start,
        listing,
        ansible_inventory,
        memory,
        inventory,
        run_fleet,
        run_service,
        rules,
        metrics,
        metrics_bytes,
        metrics_queries,
        metrics_live,
        intake,
        agentless,
        console,
        console_live,
    )
}
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *ALL], help="which; all of them unless named")
    parser.add_argument("--full", action="store_true", help="full size, and write the figures under results/")
    options = parser.parse_args()
    told = conditions()
    print(json.dumps({"conditions": told}))
    figures: list[Figure] = []
    for name in options.names or ALL:
        for figure in ALL[name].figures(full=options.full):
            print(figure.line(), flush=True)
            figures.append(figure)
    if options.full:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{datetime.now(UTC).date().isoformat()}.jsonl"
        with path.open("a") as day:
            day.write("\n".join([json.dumps({"conditions": told}), *(figure.line() for figure in figures)]) + "\n")
        print(f"added to {path.relative_to(Path.cwd())}")
    return 0 if all(figure.kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
