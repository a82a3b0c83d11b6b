#!/usr/bin/env python3
"""Every component's gate on the lab's real control plane: good edits are committed, bad ones end as
cis/hazards would have them end, and what was proved is printed as one table.

  run_components.py --programs BUILD/bin [--only kcm,etcd]

Exits with 77 (skipped, for ctest) where the lab cannot run, and with 1 there when BELAY_REQUIRE_LAB=1."""
import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback

# pylint: disable=wrong-import-position
from environments import Lab, visible_in_nodes
from harness import Belay
from run_e2e import SKIPPED, log
from scenarios import expect, expect_equal, plan

COMMITTED, ROLLED_BACK = "VERDICT_COMMITTED", "VERDICT_ROLLED_BACK"
REFUSED = "VERDICT_UNSPECIFIED"  # of a step that was never begun


def flag(manifest, name, value):
    return [{"setFlag": {"manifest": manifest, "flag": name, "value": value}}]


KUBELET_CONFIG = "/var/lib/kubelet/config.yaml"
RESTART = "/etc/belay-agent/restart-kubelet"
# The lab has a restart loop where other nodes have systemd.
RESTART_SCRIPT = """#!/bin/sh
set -e
old=$(cat /run/lab/kubelet.pid 2>/dev/null || :)
[ -z "$old" ] || kill "$old" 2>/dev/null || :
for i in $(seq 300); do
  new=$(cat /run/lab/kubelet.pid 2>/dev/null || :)
  if [ -n "$new" ] && [ "$new" != "$old" ]; then exit 0; fi
  sleep 0.1
done
echo "kubelet was not started again" >&2
exit 1
"""


def kubelet(key, value):
    return [{"setConfigKey": {"file": KUBELET_CONFIG, "kind": "KubeletConfiguration", "path": key,
                              "value": value}}, {"restartService": "kubelet"}]


# A lab that is kept remembers: each run sets another value.
NUMBER = str(int(time.time()) % 10_000 + 1_000)

# name: (edits, verdict of the first node, words that its reason holds)
CASES = {
    "kcm": (flag("kube-controller-manager", "terminated-pod-gc-threshold", NUMBER), COMMITTED, ""),
    "scheduler": (flag("kube-scheduler", "kube-api-burst", NUMBER), COMMITTED, ""),
    "etcd": (flag("etcd", "snapshot-count", NUMBER), COMMITTED, ""),
    "mount": ([{"mountPath": {"manifest": "kube-apiserver", "hostPath": "/etc/kubernetes/mounted"}}],
              COMMITTED, ""),
    # Its own rules, which only the running program knows: it is parsed well and ends.
    "kcm-unknown-controller": (flag("kube-controller-manager", "controllers", "*,no-such"),
                               ROLLED_BACK, "crash loop"),
    # H10: the running program is asked, nothing is restarted.
    "kcm-unknown-flag": (flag("kube-controller-manager", "no-such-flag", "x"), REFUSED,
                         "unknown flag: --no-such-flag"),
    "apiserver-bad-value": (flag("kube-apiserver", "event-ttl", "30d"), REFUSED,
                            "invalid argument"),
    "etcd-unknown-flag": (flag("etcd", "no-such-flag", "x"), REFUSED,
                          "flag provided but not defined"),
    "kubelet": (kubelet("eventBurst", int(NUMBER)), COMMITTED, ""),
    # H18: exits 255 at once.
    "kubelet-other-ca": (kubelet("authentication.x509.clientCAFile", "/etc/kubernetes/kubelet.conf"),
                         ROLLED_BACK, "has started with the new configuration and ended"),
    "kubelet-missing-ca": (kubelet("authentication.x509.clientCAFile", "/etc/kubernetes/none.crt"),
                           REFUSED, "is not on this node"),
    # H24: well on its new address, and killed by kubelet, which asks the old one.
    "scheduler-other-address": (flag("kube-scheduler", "bind-address", "10.77.0.11"), ROLLED_BACK,
                                "kubelet would kill it"),
    # H15: the API server's certificate is of another CA.
    "etcd-other-ca": (flag("etcd", "trusted-ca-file", "/etc/kubernetes/pki/etcd/server.crt"),
                      ROLLED_BACK, "apiserver-readyz is"),
    # H24: only this node's loopback would answer.
    "apiserver-loopback": (flag("kube-apiserver", "bind-address", "127.0.0.1"), ROLLED_BACK,
                           "kubelet would kill it"),
    # H1, H5.
    "anonymous": (flag("kube-apiserver", "anonymous-auth", "false"), REFUSED, "401"),
    "unmounted": (flag("kube-apiserver", "audit-policy-file", "/etc/kubernetes/nowhere/x"), REFUSED,
                  "by no mount"),
}


def managed_files(node):
    directory = os.path.dirname(node.manifest())
    found = {}
    for path in [os.path.join(directory, entry) for entry in os.listdir(directory)] + [
            node.path(KUBELET_CONFIG)]:
        with open(path, "rb") as content:
            found[path] = content.read()
    return found


def run_case(belay, name):
    edits, wanted, words = CASES[name]
    files = {node.name: managed_files(node) for node in belay.nodes}
    began = time.monotonic()
    rollout, _, text = belay.roll_out(plan(name, edits, stable="10s", deadline="90s"))
    took = time.monotonic() - began
    report = belay.report(rollout)
    rows = []
    for node in belay.nodes:
        found = report.get(node.name, {})
        steps = found.get("steps", [])
        measured = steps[0].get("report", {}) if steps else {}
        outage = measured.get("outage", {})
        rows.append((name, node.name, found.get("verdict", steps[0]["verdict"] if steps else "-"),
                     f"{outage['seconds']:.1f}" if outage.get("measured") else "-",
                     f"{measured.get('gateSeconds', 0):.1f}",
                     str(measured.get("notes", "")) + " " + str(found.get("reason", ""))))
        log("  " + " | ".join(rows[-1]))
    first = rows[0]
    expect_equal(first[2], wanted, f"{name}: verdict of the first node\n{text}")
    expect(words in text + first[5], f"{name}: {words!r} is not in\n{text}\n{first[5]}")
    if wanted == COMMITTED:
        expect_equal([row[2] for row in rows], [COMMITTED] * len(rows), f"{name}: all nodes")
    else:
        for node in belay.nodes:
            expect_equal(managed_files(node), files[node.name], f"{node.name}: files")
    log(f"## {name}: {wanted}, {took:.0f} s")
    belay.wait_nodes_ready()


def put_restart_program(node):
    path = node.path(RESTART)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf8") as script:
        script.write(RESTART_SCRIPT)
    os.chmod(path, 0o700)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--budget", type=int, default=1500)
    options = parser.parse_args()
    reason = Lab.why_not()
    if reason:
        log(f"## the components' gates did NOT run on the lab: {reason}")
        return 1 if os.environ.get("BELAY_REQUIRE_LAB") == "1" else SKIPPED

    def give_up(*_):
        raise AssertionError(f"did not end within {options.budget} s, or was asked to stop")
    signal.signal(signal.SIGALRM, give_up)
    signal.signal(signal.SIGTERM, give_up)
    signal.alarm(options.budget)
    base = tempfile.mkdtemp(prefix="belay-components-")
    environment = Lab(keep=os.environ.get("BELAY_LAB_KEEP") == "1")
    belay = Belay(environment, visible_in_nodes(os.path.abspath(options.programs), "programs"), base,
                  ["--allow-path", "/etc/kubernetes/", "--allow-path", KUBELET_CONFIG],
                  f"kubelet_restart: {RESTART}\n")
    failed = False
    try:
        environment.up(log)
        for node in belay.nodes:
            put_restart_program(node)
        belay.up()
        for name in CASES:
            if not options.only or name in options.only.split(","):
                run_case(belay, name)
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


if __name__ == "__main__":
    sys.exit(main())
