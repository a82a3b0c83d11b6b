#!/usr/bin/env python3
"""The shadow boot on the lab's real control plane: what the real kube-apiserver refuses costs no restart, what it
takes passes and is told, and where a boot is required and cannot be made nothing begins.  Afterwards nothing
of a boot is left: no process, no mount, no connection of the real etcd's.

  run_shadow.py --programs BUILD/bin [--only policy,good]

Exits with 77 (skipped, for ctest) where the lab cannot run, and with 1 there when BELAY_REQUIRE_LAB=1."""
import argparse
import os
import sys
import time

from basics import expect, expect_equal, plan
from frame import lab_missing, log, run_on
from hazards import COMMITTED, HAZARDS, REFUSED, flag

_WRONG_KIND = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: policy}\nrules: []\n"
_POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n"
_FOLDER, _LOGS = "/etc/kubernetes/shadow-audit", "/var/log/kubernetes/shadow"
_API = "kube-apiserver"
_SETTINGS = "shadow_boot: {enabled: true, timeout: 40s%s}\n"


def _audited(content):
    return [{"putFile": {"path": f"{_FOLDER}/policy.yaml", "content": content, "mode": "0600"}},
            {"mountPath": {"manifest": _API, "hostPath": _FOLDER, "readOnly": True}},
            {"mountPath": {"manifest": _API, "hostPath": _LOGS, "type": "DirectoryOrCreate"}},
            *flag(_API, "audit-policy-file", f"{_FOLDER}/policy.yaml"),
            *flag(_API, "audit-log-path", f"{_LOGS}/audit.log")]


# name: (edits, verdict of the first node, words, more of shadow_boot)
CASES = {
    "policy": (_audited(_WRONG_KIND), REFUSED, "audit policy", ""),
    "required": (_audited(_POLICY), REFUSED, "shadow_boot.required",
                 ", required: true, etcd: /usr/bin/no-such-etcd"),
    "not-made": (flag(_API, "event-ttl", "2h"), COMMITTED, "the gate alone decides",
                 ", etcd: /usr/bin/no-such-etcd"),
    "good": (_audited(_POLICY), COMMITTED, "in a shadow boot", ""),
    **{name: (HAZARDS[name][0], REFUSED, words, "") for name, words in {
        "H2-event-rate-limit": "EventRateLimit", "H3-unknown-plugin": "AlwaysPullImages",
        "H4-lower-case-mode": "authorization", "H5a-policy-without-rules": "0 rules",
        "H6-key-too-short": "secret", "H9-unknown-cipher": "TLS_NO_SUCH", "H10-no-timeout": "",
        "H23-other-client-ca": "401", "H23-key-of-another": "private key"}.items()},
}


def configure(belay, more):
    for node in belay.nodes:
        path = node.agent_path(os.path.join(node.agent_directory, "agent.yaml"))
        with open(path) as config:
            lines = [line for line in config if not line.startswith("shadow_boot:")]
        belay.stop_agent(node)
        with open(path, "w") as config:
            config.writelines([*lines, _SETTINGS % more])
        belay.start_agent(node)
    belay.wait_nodes_ready()


def state(node):
    """What a refused step must leave exactly as it was."""
    manifest = os.stat(node.manifest())
    return {"inode": manifest.st_ino, "mtime": manifest.st_mtime_ns,
            "server": node.processes()[-1], "folder": os.path.exists(node.path(_FOLDER)),
            "logs": os.path.exists(node.path(_LOGS))}


def left_of_boots():
    """Processes and mounts that only a boot in the shadow has, wherever on the machine."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line:
                if b"shadow" in line.read() and int(pid) != os.getpid():
                    with open(f"/proc/{pid}/cmdline", "rb") as again:
                        words = again.read().split(b"\0")
                    if words[0] == b"belay-shadow" or b"--name=shadow" in words:
                        found.append(f"process {pid}")
            with open(f"/proc/{pid}/mounts") as mounts:
                if "belay-shadow" in mounts.read():
                    found.append(f"mounts of process {pid}")
        except (OSError, ValueError):
            continue
    return found


def run_case(belay, name):
    edits, wanted, words, more = CASES[name]
    configure(belay, more)
    before = {node.name: state(node) for node in belay.nodes}
    began = time.monotonic()
    rollout, _, text = belay.roll_out(plan(f"shadow-{name.lower()}", edits, stable="10s", deadline="90s"))
    took = time.monotonic() - began
    report = belay.report(rollout)
    steps = report.get(belay.nodes[0].name, {}).get("steps", [])
    verdict = steps[0]["verdict"] if steps else REFUSED
    said = text + str(report)
    log(f"  {name} | {verdict} | {took:.1f} s | {str(report.get(belay.nodes[0].name, {}))[:1500]}")
    expect_equal(left_of_boots(), [], f"{name}: left of the boot")
    expect_equal(verdict, wanted, f"{name}: verdict of the first node\n{text}\n{report}")
    expect(words in said, f"{name}: {words!r} is not in\n{said}")
    if wanted == REFUSED:
        expect_equal({node.name: state(node) for node in belay.nodes}, before,
                     f"{name}: changed by a step that was refused")
    log(f"## {name}: {wanted}, {took:.1f} s")
    return name, wanted, took


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--budget", type=int, default=1800)
    options = parser.parse_args()
    missing = lab_missing("the shadow boot on the lab")
    if missing is not None:
        return missing
    only = options.only.split(",") if options.only else list(CASES)

    def work(belay):
        rows, failed = [], []
        for name in (name for name in CASES if name in only):
            try:
                rows.append(run_case(belay, name))
            except AssertionError as reason:
                log(f"## {name}: FAILED: {reason}")
                failed.append(name)
            belay.wait_nodes_ready(300)
        log("## case | verdict of the first node | seconds from the start of the rollout to its end")
        for name, verdict, took in rows:
            log(f"## {name} | {'refused' if verdict == REFUSED else verdict} | {took:.1f}")
        expect(not failed, f"not as they must be: {', '.join(failed)}")
    return run_on("lab", options.programs, None, options.budget, work,
                  agent_settings=_SETTINGS % "", drop_ins=["belay-agent-shadow-boot.conf"])


if __name__ == "__main__":
    sys.exit(main())
