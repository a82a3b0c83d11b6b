#!/usr/bin/env python3
"""The end-to-end scenarios on the lab (real kubelets) or on stand-ins.

  run_e2e.py --environment lab|standin --programs BUILD/bin [--standins BUILD/standin] [--only s1,s4]

Exits with 77 (skipped, for ctest) where the lab cannot run, and with 1 there when BELAY_REQUIRE_LAB=1.
BELAY_LAB_KEEP=1 leaves the lab up for the next run."""
import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench"))

# pylint: disable=wrong-import-position
import rollout_times
from environments import Lab, Standins, visible_in_nodes
from harness import Belay
from local_scenarios import LocalScenarios
from scenarios import all_of
from scenarios_back import BackScenarios

SKIPPED = 77


def log(text):
    print(text, flush=True)


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
        reason = Lab.why_not()
        if reason:
            log(f"## e2e on the lab did NOT run: {reason}")
            return 1 if os.environ.get("BELAY_REQUIRE_LAB") == "1" else SKIPPED

    # Giving up is an exception, so that everything is taken down.
    def give_up(*_):
        raise AssertionError(f"did not end within {options.budget} s, or was asked to stop")
    signal.signal(signal.SIGALRM, give_up)
    signal.signal(signal.SIGTERM, give_up)
    signal.alarm(options.budget)

    base = tempfile.mkdtemp(prefix="belay-e2e-")
    if options.environment == "lab":
        environment = Lab(keep=os.environ.get("BELAY_LAB_KEEP") == "1")
    else:
        environment = Standins(base, os.path.abspath(options.standins))
    programs = os.path.abspath(options.programs)
    if options.environment == "lab":
        programs = visible_in_nodes(programs, "programs")
    return run_on(environment, programs, base,
                  [word for word in options.only.split(",") if word], options.measure)


def run_on(environment, programs, base, only, measured_runs):
    belay = Belay(environment, programs, base)
    failed = []
    began = time.monotonic()
    try:
        environment.up(log)
        log(f"{len(environment.nodes)} nodes up after {time.monotonic() - began:.0f} s")
        belay.up()
        log(f"coordinator and agents up after {time.monotonic() - began:.0f} s")
        for scenario in all_of(BackScenarios(belay, log)) + all_of(LocalScenarios(belay, log)):
            name = scenario.__name__
            if only and not any(name.startswith(word + "_") for word in only):
                continue
            start = time.monotonic()
            log(f"## {environment.name}: {name}")
            try:
                scenario()
                log(f"## {environment.name}: {name}: ok, {time.monotonic() - start:.0f} s")
            except Exception:  # pylint: disable=broad-except
                failed.append(name)
                log(f"## {environment.name}: {name}: FAILED after {time.monotonic() - start:.0f} s")
                log(traceback.format_exc())
                log(belay.logs())
                break  # what comes after it would stand on an unknown ground
        if measured_runs and not failed:
            rollout_times.measure(belay, measured_runs, log)
    except Exception:  # pylint: disable=broad-except
        failed.append("bringing it up, or measuring")
        log(traceback.format_exc())
        log(belay.logs())
    finally:
        signal.alarm(0)
        belay.down()
        environment.down()
    if failed:
        log(f"FAILED: {', '.join(failed)}; logs are in {base}")
        return 1
    shutil.rmtree(base)
    return 0


if __name__ == "__main__":
    sys.exit(main())
