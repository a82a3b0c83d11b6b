#!/usr/bin/env python3
"""What scripts/demo shows, after the build: a good plan, then a bad one, on three nodes.

  demo.py --programs BUILD/bin --standins BUILD/standin [--real]"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import yaml

from environments import REPOSITORY, Lab, Standins
from harness import Belay

# Stand-ins start in a second; the lab keeps the plan's own 25 s, which outlast kubelet's listing.
STANDIN_STABLE = "8s"


def say(text):
    print(f"\n\033[1m# {text}\033[0m" if sys.stdout.isatty() else f"\n# {text}", flush=True)


class Show:
    def __init__(self, belay, real):
        self._belay, self._real = belay, real

    def command(self, *arguments, expect=(0,)):
        """Runs belayctl in the open, on this terminal."""
        argv = self._belay.belayctl_command(*arguments)
        print("$ belayctl " + " ".join(arguments), flush=True)
        code = subprocess.run(argv, stdin=subprocess.DEVNULL, check=False).returncode
        if code not in expect:
            raise AssertionError(f"belayctl {' '.join(arguments)} exited {code}, not {expect}")
        print(f"(exit code {code})", flush=True)

    def plan(self, name):
        """An example, signed; its file."""
        with open(os.path.join(REPOSITORY, "deploy", "examples", name)) as source:
            document = yaml.safe_load(source)
        if not self._real:
            for step in document["spec"]["steps"]:
                step.setdefault("gate", {})["stable"] = STANDIN_STABLE
        path = self._belay.file(name)
        with open(path, "w") as out:
            yaml.safe_dump(document, out, sort_keys=False)
        signed = self._belay.file(name.replace(".yaml", ".signed"))
        self.command("plan", "sign", path, "--key", self._belay.file("ops.key"), "--out", signed)
        return signed

    def roll_out(self, signed, expect):
        self.command("rollout", "start", signed, "--cluster", self._belay.cluster, "--watch",
                     expect=(expect,))
        newest = self._belay.belayctl_json("rollout", "list")["rollouts"][0]["id"]
        self.command("report", newest)

    def run(self):
        say("Three nodes have enrolled with one-time tokens; each speaks mutual TLS")
        self.command("node", "list")
        say("A good plan: profiling off, audit logging on, one restart a node, one node at a time")
        self.roll_out(self.plan("audit-logging.yaml"), expect=0)
        say("A bad plan: an audit policy without rules, which only the API server itself refuses")
        self.roll_out(self.plan("broken-policy.yaml"), expect=3)
        say("The first node put itself back, the others were never touched")
        self.command("node", "list")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", required=True)
    parser.add_argument("--standins", required=True)
    parser.add_argument("--real", action="store_true", help="on the lab: real kubelets")
    options = parser.parse_args()
    reason = Lab.why_not() if options.real else None
    if reason:
        print(reason, file=sys.stderr)
        return 1

    def interrupted(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, interrupted)
    base = tempfile.mkdtemp(prefix="belay-demo-")
    environment = Lab() if options.real else Standins(base, os.path.abspath(options.standins))
    belay = Belay(environment, os.path.abspath(options.programs), base)
    try:
        say("Bringing up three control-plane nodes: " + (
            "the lab, with real kubelets" if options.real else
            "stand-ins for kubelet and API server (--real takes real ones)"))
        environment.up(print)
        belay.up()
        Show(belay, options.real).run()
        say("That was all; cleaning up")
        return 0
    except KeyboardInterrupt:
        say("Interrupted; cleaning up")
        return 130
    except AssertionError as error:
        print(f"{error}\n{belay.logs()}", file=sys.stderr)
        return 1
    finally:
        belay.down()
        environment.down()
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
