"""How much longer Belay takes than the same work done by hand, by somebody who knows everything.

Good edit: from publishing to the verdict (without the stable period, which is waited for on purpose)
beside a bare rename of the same kind of edit and the first /readyz that is ok: kubelet's own reaction
and the API server's own start.

Bad edit: from publishing it to the old configuration ready again, beside an operator who puts the old
bytes back in the moment the bad process has ended.  Both are seen from outside, every 0.1 s.

Hand and Belay take turns, so that a noisy machine is noisy for both; the ratio is of medians."""
import os
import statistics
import time

from processes import wait_until
from basics import plan, set_flag
from watchers import ManifestWatcher, ReadyPoller

GOOD_AIM, BAD_AIM = 1.1, 1.3
_FLAG = "max-requests-inflight"
# kubelet meets bytes that it has ended less than half a minute ago with another path of its own.
_APART_SECONDS = 35


def measure(belay, runs, log):
    """Logs the table; AssertionError when an edit does not end as it must."""
    rows = {"good, by hand": [], "good, Belay": [], "bad, by hand": [], "bad, Belay": []}
    node = belay.nodes[0]
    for number in range(runs):
        rows["good, by hand"].append(_good_by_hand(node, 700 + number))
        _calm_down(belay)
        rows["good, Belay"] += _good_by_belay(belay, 800 + number)
        _calm_down(belay)
        rows["bad, by hand"].append(_bad_by_hand(node))
        _calm_down(belay)
        rows["bad, Belay"].append(_bad_by_belay(belay))
        _calm_down(belay)
    log(f"## Belay beside a hand that knows everything, {runs} turns, seconds: median (smallest to largest)")
    for what, values in rows.items():
        log(f"##   {what}: {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")
    for what, aim in ("good", GOOD_AIM), ("bad", BAD_AIM):
        ratio = statistics.median(rows[f"{what}, Belay"]) / statistics.median(rows[f"{what}, by hand"])
        log(f"##   {what}: ratio {ratio:.2f} (aim: at most {aim})")


def _calm_down(belay):
    time.sleep(_APART_SECONDS)
    belay.wait_nodes_ready()


class _Outage:
    """The last moment at which the node was not ready."""

    def __init__(self, node):
        self._poller = ReadyPoller(node)

    def __enter__(self):
        self._poller.start()
        return self

    def __exit__(self, *unused):
        self._poller.stop()

    def ended_after(self, began):
        """Seconds from `began` to the first answer after the last outage; None when none has ended."""
        ends = [end for _, end in list(self._poller.down)]
        return ends[-1] - began if ends else None


def _with_flag(content, value):
    lines = [line for line in content.decode().splitlines(keepends=True) if f"--{_FLAG}=" not in line]
    at = next(i for i, line in enumerate(lines) if "- --" in line)
    lines.insert(at, lines[at].split("--", 1)[0] + f"--{_FLAG}={value}\n")
    return "".join(lines).encode()


def _replace(node, content):
    began = time.monotonic()
    node.replace_manifest(content)
    return began


def _good_by_hand(node, value):
    with open(node.manifest(), "rb") as old:
        content = _with_flag(old.read(), value)
    with _Outage(node) as outage:
        began = _replace(node, content)
        return wait_until(lambda: outage.ended_after(began), 120, "ready after a good edit by hand")


def _good_by_belay(belay, value):
    rollout, code, text = belay.roll_out(plan("ratio-good", [set_flag(_FLAG, str(value))], stable="5s"))
    if code != 0:
        raise AssertionError(f"the good edit ended with {code}:\n{text}")
    reports = [node["steps"][0]["report"] for node in belay.report(rollout).values()]
    return [report["gateSeconds"] - report["stableSeconds"] for report in reports]


def _bad_by_hand(node):
    with open(node.manifest(), "rb") as old:
        content = old.read()
    before = set(node.processes())
    with _Outage(node) as outage:
        began = _replace(node, _with_flag(content, "nonsense"))
        bad = wait_until(lambda: set(node.processes()) - before, 30, "kubelet starts the bad edit", 0.02)
        wait_until(lambda: not bad & set(node.processes()), 30, "the bad process has ended", 0.02)
        _replace(node, content)
        restored = time.monotonic()
        # An outage that ends before the old bytes are back is not the one.
        wait_until(lambda: (outage.ended_after(restored) or -1) > 0, 120, "ready after putting it back")
        return outage.ended_after(began)


def _bad_by_belay(belay):
    node = belay.nodes[0]
    with ManifestWatcher([node]) as edits, _Outage(node) as outage:
        bad = plan("ratio-bad", [set_flag("audit-policy-file", "/etc/kubernetes/pki/ca.crt")], stable="5s")
        _, code, text = belay.roll_out(bad)
        if code != 3:
            raise AssertionError(f"the bad edit ended with {code}:\n{text}")
        return outage.ended_after(edits.of(node.name)[0])


def at_rest(belay, seconds, log):
    """What an agent costs that has nothing to do: resident memory, CPU an hour."""
    ticks = os.sysconf("SC_CLK_TCK")
    pids = [agent.pid() for agent in belay.agents.values()]
    before = [_cpu_ticks(pid) for pid in pids]
    time.sleep(seconds)
    used = [(_cpu_ticks(pid) - b) / ticks / seconds * 3600 for pid, b in zip(pids, before)]
    resident = [_resident_mib(pid) for pid in pids]
    log(f"## agents at rest on the {belay.environment.name}, {seconds} s: "
        f"{statistics.median(resident):.1f} MiB resident ({max(resident):.1f} at most), "
        f"{statistics.median(used):.0f} CPU seconds an hour ({statistics.median(used) / 36:.2f} % of one core)")


def _cpu_ticks(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def _resident_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
