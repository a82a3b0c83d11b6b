"""What every end-to-end run does around its own work: find out whether the lab can run, bring nodes,
coordinator and agents up, give up in time, say what the logs say, and take everything down."""
import os
import shutil
import signal
import tempfile
import time
import traceback

from environments import Lab, Standins, visible_in_nodes
from harness import Belay

SKIPPED = 77  # for ctest


def log(text):
    print(text, flush=True)


def lab_missing(what):
    """The exit code of a run that needs the lab where there is none; None where it can run."""
    reason = Lab.why_not()
    if not reason:
        return None
    log(f"## {what} did NOT run: {reason}")
    return 1 if os.environ.get("BELAY_REQUIRE_LAB") == "1" else SKIPPED


def run_on(kind, programs, standins, budget, work, prepare=None, nodes=3, make_belay=Belay,
           **belay_options):
    """Calls work(belay) on running nodes ("lab", which has three, or "standin"); the exit code.  Whatever `work`
    raises is a failure.  Programs and stand-ins are folders; `budget` is in seconds; `prepare` is
    called with each node before it has an agent."""
    # Giving up is an exception, so that everything is taken down.
    def give_up(*_):
        raise AssertionError(f"did not end within {budget} s, or was asked to stop")
    signal.signal(signal.SIGALRM, give_up)
    signal.signal(signal.SIGTERM, give_up)
    signal.alarm(budget)
    base = tempfile.mkdtemp(prefix="belay-e2e-")
    programs = os.path.abspath(programs)
    if kind == "lab":
        environment = Lab(keep=os.environ.get("BELAY_LAB_KEEP") == "1")
        programs = visible_in_nodes(programs, "programs")
    else:
        environment = Standins(base, os.path.abspath(standins), count=nodes)
    belay = make_belay(environment, programs, base, **belay_options)
    failed = False
    began = time.monotonic()
    try:
        environment.up(log)
        log(f"{len(environment.nodes)} nodes up after {time.monotonic() - began:.0f} s")
        for node in environment.nodes if prepare else ():
            prepare(node)
        belay.up()
        log(f"coordinator and agents up after {time.monotonic() - began:.0f} s")
        work(belay)
    except Exception:  # pylint: disable=broad-except
        failed = True
        log(traceback.format_exc())
        log(belay.logs())
    finally:
        signal.alarm(0)
        belay.down()
        environment.down()
    if failed:
        log(f"FAILED; logs are in {base}")
        return 1
    shutil.rmtree(base)
    return 0
