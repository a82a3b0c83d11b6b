#!/usr/bin/env python3
"""The end-to-end scenarios on the lab (real kubelets) or on stand-ins.

  run_e2e.py --environment lab|standin --programs BUILD/bin [--standins BUILD/standin] [--only s1,s4]

Exits with 77 (skipped, for ctest) where the lab cannot run, and with 1 there when BELAY_REQUIRE_LAB=1.
BELAY_LAB_KEEP=1 leaves the lab up for the next run."""
import argparse
import os
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench"))

# pylint: disable=wrong-import-position
import rollout_times
import verdict_ratios
from frame import lab_missing, log, run_on
from local_scenarios import LocalScenarios
from scenarios import all_of
from scenarios_phases import PhaseScenarios

AT_REST_SECONDS = 30


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", choices=("lab", "standin"), required=True)
    parser.add_argument("--programs", required=True, help="where belay-server and the others are")
    parser.add_argument("--standins", help="where static_pod_runner and the stand-in API server are")
    parser.add_argument("--only", default="", help="s1,s2,...")
    parser.add_argument("--measure", type=int, default=0, metavar="RUNS",
                        help="afterwards run the rollout benchmark this often")
    parser.add_argument("--budget", type=int, default=1500, help="seconds until it gives up")
    options = parser.parse_args()
    if options.environment == "lab":
        missing = lab_missing("e2e on the lab")
        if missing is not None:
            return missing
    only = [word for word in options.only.split(",") if word]

    def work(belay):
        run_scenarios(belay, only)
        if options.measure:
            rollout_times.measure(belay, options.measure, log)
            verdict_ratios.at_rest(belay, AT_REST_SECONDS, log)
    return run_on(options.environment, options.programs, options.standins, options.budget, work)


def run_scenarios(belay, only):
    """In order; what comes after a failure would stand on an unknown ground."""
    place = belay.environment.name
    scenarios = all_of(PhaseScenarios(belay, log))
    if place == "standin":  # they signal the agent itself, which the lab starts behind a wrapper
        scenarios += all_of(LocalScenarios(belay, log))
    for scenario in scenarios:
        name = scenario.__name__
        if only and not any(name.startswith(word + "_") for word in only):
            continue
        start = time.monotonic()
        log(f"## {place}: {name}")
        try:
            scenario()
        except Exception:
            log(f"## {place}: {name}: FAILED after {time.monotonic() - start:.0f} s")
            raise
        log(f"## {place}: {name}: ok, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
