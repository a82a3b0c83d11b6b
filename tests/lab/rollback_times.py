#!/usr/bin/env python3
"""How long a rollback to byte-identical content takes kubelet, by what is done with the old API
server that still drains.  Runs inside a node of the lab, on nothing else:

  node-exec.sh cp1 python3 .../rollback_times.py [--runs 5] [--bad-for 4.5] [--flips 0] WAY ...

WAY: none; before (SIGKILL, then the old bytes); after (the old bytes, then SIGKILL); cri (crictl
stop, then the old bytes).  With --flips N the same content is broken and put back N times in a row
instead of a fresh one each time, to see kubelet's back-off.  Times are seconds after the rename
that put the old bytes back, but `total`, which begins with what is done about the old server."""
import argparse
import http.client
import os
import re
import signal
import ssl
import subprocess
import time

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
CONTEXT = ssl._create_unverified_context()  # pylint: disable=protected-access


def ready():
    connection = http.client.HTTPSConnection("127.0.0.1", 6443, context=CONTEXT, timeout=3)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def processes():
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as text:
                argv = text.read().split(b"\0")
            with open(f"/proc/{name}/stat", encoding="utf8") as text:
                fields = text.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if os.path.basename(argv[0]) == b"kube-apiserver" and fields[0] != "Z":
            found[int(name)] = int(fields[19])
    return found


def publish(text):
    temporary = os.path.join(os.path.dirname(MANIFEST), ".kube-apiserver.yaml.measure")
    with open(temporary, "w", encoding="utf8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    os.chmod(temporary, 0o600)
    os.rename(temporary, MANIFEST)


def wait(condition, seconds=200):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError("did not come")
        time.sleep(0.05)


def end(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    wait(lambda: not set(pids) & set(processes()))


def settle(text):
    """Fresh content, served by one process alone."""
    wait(ready)
    time.sleep(3)  # what a run before has left behind has begun by now
    wait(ready)
    before = processes()
    fresh = re.sub(r" +- --event-ttl=.*\n", "", text).replace(
        "    - --allow-privileged=true\n",
        f"    - --allow-privileged=true\n    - --event-ttl=1h0m{int(time.time()) % 100000}ms\n")
    publish(fresh)
    wait(lambda: set(processes()) - set(before))
    wait(ready)
    end(set(before))
    wait(ready)
    time.sleep(3)
    return fresh


def stop_by_cri():
    listed = subprocess.run(["crictl", "ps"], check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        if "kube-apiserver" in line:
            subprocess.run(["crictl", "stop", line.split()[0]], check=False, capture_output=True)


def watch():
    """A client that keeps the server it has, as controllers do."""
    client = subprocess.Popen(  # pylint: disable=consider-using-with
        ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "--server=https://127.0.0.1:6443",
         "--tls-server-name=kubernetes", "get", "configmaps", "-A", "--watch"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    client.stdout.readline()
    return client


def measure(way, good, bad_for):
    client = watch()
    try:
        return measure_watched(way, good, bad_for)
    finally:
        client.kill()
        client.wait()


def measure_watched(way, good, bad_for):
    old = set(processes())
    publish(good.replace("    - --allow-privileged=true\n",
                         "    - --allow-privileged=true\n    - --no-such-flag=x\n"))
    time.sleep(bad_for)
    drained = old & set(processes())
    began = time.monotonic()
    if way == "before":
        end(drained)
    if way == "cri":
        stop_by_cri()
    known = set(processes())
    publish(good)
    back = time.monotonic()
    if way == "after":
        end(drained)
    wait(lambda: any(pid not in known for pid in processes()))
    started = time.monotonic()
    wait(ready)
    done = time.monotonic()
    print(f"{way:7} drained={len(drained)} process {started - back:6.2f}  ready {done - back:6.2f}  "
          f"total {done - began:6.2f}", flush=True)
    return done - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ways", nargs="+", choices=["none", "before", "after", "cri"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--bad-for", type=float, default=4.5)
    parser.add_argument("--flips", type=int, default=0)
    options = parser.parse_args()
    with open(MANIFEST, encoding="utf8") as content:
        pristine = content.read()
    try:
        for way in options.ways:
            totals = []
            good = None
            for run in range(options.flips or options.runs):
                if run == 0 or not options.flips:
                    good = settle(pristine)
                else:
                    time.sleep(3)
                totals.append(measure(way, good, options.bad_for))
            totals.sort()
            print(f"{way}: total min {totals[0]:.1f} median {totals[len(totals) // 2]:.1f} "
                  f"max {totals[-1]:.1f} (n={len(totals)})", flush=True)
    finally:
        publish(pristine)


if __name__ == "__main__":
    main()
