#!/usr/bin/env python3
"""What one audit of this machine costs, beside the shell commands that a scanner made of scripts spawns for the
same controls (one pipeline of ps for a control about flags, one of stat for each file it names).  Prints wall
time, CPU seconds and system calls of both, and their ratios; judges nothing.

audit_cost.py --agent build/release/bin/belay-agent [--rounds 5]
"""
import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time

FLAG = "/bin/ps -ef | grep {0} | grep -v grep"
FILE = "/bin/sh -c 'if test -e {0}; then stat -c permissions=%a,%U:%G {0}; fi'"
TREE = "find {0} -type f 2>/dev/null | xargs --no-run-if-empty stat -c '%n permissions=%a,%U:%G'"
FILES = {"kube-apiserver": "/etc/kubernetes/manifests/kube-apiserver.yaml", "etcd": "/var/lib/etcd",
         "kube-scheduler": "/etc/kubernetes/scheduler.conf", "kubelet": "/var/lib/kubelet/config.yaml",
         "kube-controller-manager": "/etc/kubernetes/controller-manager.conf",
         "kube-proxy": "/etc/kubernetes/proxy.conf", "node": "/etc/kubernetes/admin.conf"}


def commands(results):
    """The shell text for each control that a script would have to look at."""
    for result in results:
        number, component = result["control"], result["component"]
        if re.match(r"1\.1\.(9|10|19|20|21)$", number):
            yield TREE.format("/etc/kubernetes/pki" if component != "node" else "/etc/cni/net.d")
        elif number.startswith(("1.1.", "4.1.")):
            yield FILE.format(FILES[component])
        elif component not in ("cluster", "node"):
            yield FLAG.format(component)
            if component == "kubelet":
                yield "/bin/cat /var/lib/kubelet/config.yaml"


def cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(rounds, run):
    began, cpu_before = time.monotonic(), cpu()
    for _ in range(rounds):
        run()
    return (time.monotonic() - began) / rounds, (cpu() - cpu_before) / rounds


def system_calls(lists):
    """Calls of all processes, by strace; None where it is not there."""
    if shutil.which("strace") is None:
        return None
    total = 0
    for arguments in lists:
        with tempfile.NamedTemporaryFile() as counts:
            subprocess.run(["strace", "-f", "-c", "-o", counts.name] + arguments,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            for line in open(counts.name, encoding="utf-8"):
                fields = line.split()
                if len(fields) >= 4 and fields[-1] != "total" and re.match(r"[\d.]+$", fields[0]):
                    total += int(fields[3])
    return total


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--agent", required=True)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    audit = [os.path.abspath(chosen.agent), "audit", "--benchmark", "cis-1.12", "-o", "json"]
    report = json.loads(subprocess.run(audit, capture_output=True, check=False).stdout)
    scripts = list(commands(report["results"]))

    def run(arguments):
        subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    ours = measured(chosen.rounds, lambda: run(audit)) + (system_calls([audit]),)
    theirs = measured(chosen.rounds, lambda: [run(["/bin/sh", "-c", each]) for each in scripts])
    theirs += (system_calls([["/bin/sh", "-c", each] for each in scripts]),)
    print(f"{len(report['results'])} controls; {len(scripts)} shell commands; mean of {chosen.rounds} rounds")
    print(f"{'':14}{'wall ms':>10}{'CPU ms':>10}{'system calls':>14}")
    for name, values in (("belay-agent", ours), ("shell", theirs)):
        calls = "-" if values[2] is None else str(values[2])
        print(f"{name:14}{values[0] * 1000:10.1f}{values[1] * 1000:10.1f}{calls:>14}")
    ratios = [theirs[i] / ours[i] if ours[i] and theirs[i] else float("nan") for i in range(3)]
    print(f"{'ratio':14}{ratios[0]:10.1f}{ratios[1]:10.1f}{ratios[2]:14.1f}")


if __name__ == "__main__":
    main()
