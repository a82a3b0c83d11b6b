#!/usr/bin/env python3
"""How long a rollout takes a component away, and what the gate costs beyond what it waits for.

Repeats a one-flag rollout over three nodes of the lab (each run another value, so that kubelet never
meets a content it has just ended) and prints medians over all nodes of all runs; then the same work by
hand beside it (verdict_ratios.py), and what an agent costs at rest.

  rollout_times.py --programs BUILD/bin [--runs 5]"""
import argparse
import os
import statistics
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

# pylint: disable=wrong-import-position
import verdict_ratios
from basics import plan, set_flag
from frame import lab_missing, log, run_on
from watchers import Availability

_FIRST_VALUE = 501


def measure(belay, runs, say):
    """Runs the rollouts and logs the table; AssertionError when one is not committed everywhere."""
    rows = {"outage (by the agent)": [], "outage (polled from outside every 0.1 s)": [],
            "gate, publishing to verdict": [], "the API server's own start": [],
            "stable period": [], "beyond: gate - start - stable": []}
    for number in range(runs):
        with Availability(belay.nodes) as seen:
            rollout, code, text = belay.roll_out(plan("rollout-times", [
                set_flag("max-requests-inflight", str(_FIRST_VALUE + number))], stable="5s"))
        if code != 0:
            raise AssertionError(f"run {number + 1} ended with {code}:\n{text}")
        for name, node in belay.report(rollout).items():
            report = node["steps"][0]["report"]
            rows["outage (by the agent)"].append(report["outage"]["seconds"])
            rows["outage (polled from outside every 0.1 s)"].append(sum(seen.outages()[name]))
            rows["gate, publishing to verdict"].append(report["gateSeconds"])
            rows["the API server's own start"].append(report["componentStartSeconds"])
            rows["stable period"].append(report["stableSeconds"])
            rows["beyond: gate - start - stable"].append(
                report["gateSeconds"] - report["componentStartSeconds"] - report["stableSeconds"])
    say(f"## seconds on the {belay.environment.name}, {runs} rollouts x {len(belay.nodes)} nodes: "
        "median (smallest to largest)")
    for what, values in rows.items():
        say(f"##   {what}: {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--budget", type=int, default=3600, help="seconds until it gives up")
    options = parser.parse_args()
    missing = lab_missing("the rollout benchmark")
    if missing is not None:
        return missing

    def work(belay):
        measure(belay, options.runs, log)
        verdict_ratios.at_rest(belay, 60, log)
        verdict_ratios.measure(belay, options.runs, log)
    return run_on("lab", options.programs, None, options.budget, work)


if __name__ == "__main__":
    sys.exit(main())
