#!/usr/bin/env python3
"""Every component's gate on the lab's real control plane: good edits are committed, and every way in
which hardening is known to take a node down (hazards.py) ends as it must; what was proved is printed
as one table.

  run_components.py --programs BUILD/bin [--only kcm,etcd]

Exits with 77 (skipped, for ctest) where the lab cannot run, and with 1 there when BELAY_REQUIRE_LAB=1."""
import argparse
import os
import sys
import time

from basics import expect, expect_equal, plan
from frame import lab_missing, log, run_on
from hazards import COMMITTED, HAZARDS, REFUSED, ROLLED_BACK, flag
from kubelet_cases import (AGENT_SETTINGS, CONFIG, ENROL_OPTIONS, kubelet_cases,
                           put_restart_program)
from processes import wait_until
from watchers import Availability

# A lab that is kept remembers: each run sets another value.
NUMBER = str(int(time.time()) % 10_000 + 1_000)

# As in hazards.py.
GOOD = {
    "kcm": (flag("kube-controller-manager", "terminated-pod-gc-threshold", NUMBER), COMMITTED, ""),
    "scheduler": (flag("kube-scheduler", "kube-api-burst", NUMBER), COMMITTED, ""),
    "etcd": (flag("etcd", "snapshot-count", NUMBER), COMMITTED, ""),
    "mount": ([{"mountPath": {"manifest": "kube-apiserver", "hostPath": "/etc/kubernetes/mounted"}}],
              COMMITTED, ""),
}
CASES = {**GOOD, **kubelet_cases(int(NUMBER)), **HAZARDS}


class FalsePass(AssertionError):
    """What must never be seen, not once: a bad edit that counts as good, or files that are not put back."""


def managed_files(node):
    """Path -> content of everything a case may change."""
    directory = os.path.dirname(node.manifest())
    found = {}
    for path in [*(os.path.join(directory, entry) for entry in os.listdir(directory)),
                 node.path(CONFIG)]:
        with open(path, "rb") as content:
            found[path] = content.read()
    return found


def forget_falls(node, name):
    """Kubelet waits longer each time before it starts a content again that it has ended: another
    annotation is another content, and what one case has cost is not added to the next."""
    with open(node.manifest()) as now:
        lines = [line for line in now if "belay.test/case" not in line]
    lines.insert(lines.index("  annotations:\n") + 1, f"    belay.test/case: {name.lower()}\n")
    before = node.processes()
    node.replace_manifest("".join(lines).encode())
    wait_until(lambda: set(node.processes()) - set(before), 60, f"{node.name} runs what was written", 0.2)
    node.wait_ready()


def run_case(belay, name):
    """The case's line of the table: name, verdict, seconds of outage, what decided."""
    edits, wanted, words, *gate = CASES[name]
    if wanted == ROLLED_BACK:
        forget_falls(belay.nodes[0], name)
        belay.wait_nodes_ready()
    files = {node.name: managed_files(node) for node in belay.nodes}
    began = time.monotonic()
    gate = {"stable": "10s", "deadline": "90s", **(gate[0] if gate else {})}
    with Availability(belay.nodes) as seen:
        rollout, _, text = belay.roll_out(plan(name.lower(), edits, **gate))
    took = time.monotonic() - began
    report = belay.report(rollout)
    rows = []
    for node in belay.nodes:
        found = report.get(node.name, {})
        steps = found.get("steps", [])
        measured = steps[0].get("report", {}) if steps else {}
        rows.append((name, node.name, found.get("verdict", steps[0]["verdict"] if steps else "-"),
                     f"{sum(seen.outages()[node.name]):.1f}", f"{measured.get('gateSeconds', 0):.1f}",
                     str(measured.get("notes", "")) + " " + str(found.get("reason", ""))))
        log("  " + " | ".join(rows[-1]))
    first = rows[0]
    if wanted != COMMITTED:
        if first[2] == COMMITTED:
            raise FalsePass(f"{name} is committed\n{text}")
        for node in belay.nodes:
            if managed_files(node) != files[node.name]:
                raise FalsePass(f"{name}: the files of {node.name} are not what they were\n{text}")
    expect_equal(first[2], wanted, f"{name}: verdict of the first node\n{text}")
    expect(words in text + first[5], f"{name}: {words!r} is not in\n{text}\n{first[5]}")
    if wanted == COMMITTED:
        expect_equal([row[2] for row in rows], [COMMITTED] * len(rows), f"{name}: all nodes")
    log(f"## {name}: {wanted}, {took:.0f} s")
    return first


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--budget", type=int, default=2400)
    options = parser.parse_args()
    missing = lab_missing("the components' gates on the lab")
    if missing is not None:
        return missing
    only = options.only.split(",") if options.only else CASES

    def work(belay):
        rows, failed, again = [], [], []
        for name in (name for name in CASES if name in only):
            try:
                rows.append(run_case(belay, name))
            except FalsePass as reason:
                log(f"## {name}: FAILED: {reason}")
                failed.append(name)
            except AssertionError as reason:
                # Another word than the one looked for, a wait that ran out: a machine that is busy does that.
                log(f"## {name}: once more, because: {reason}")
                again.append(name)
                belay.wait_nodes_ready(300)
                try:
                    rows.append(run_case(belay, name))
                except AssertionError as second:
                    log(f"## {name}: FAILED twice: {second}")
                    failed.append(name)
            belay.wait_nodes_ready(300)  # one fall says nothing about the next, if all stand again
        log("## case | verdict of the first node | outage of its API server (polled from outside) and gate, seconds")
        for name, _, verdict, outage, gate, _ in rows:
            log(f"## {name} | {'refused' if verdict == REFUSED else verdict} | {outage} | {gate}")
        log(f"## {len(rows)} of {len(rows) + len(failed)} as they must be; once more: {', '.join(again) or 'none'}")
        expect(not failed, f"not as they must be: {', '.join(failed)}")
    return run_on("lab", options.programs, None, options.budget, work, prepare=put_restart_program,
                  enrol_options=ENROL_OPTIONS, agent_settings=AGENT_SETTINGS)


if __name__ == "__main__":
    sys.exit(main())
