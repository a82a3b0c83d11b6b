"""What must be seen, S0 to S6, each as a function of a running Belay.

They share one set of nodes and run in order; each uses flag values of its own, so that each edit is
one, and ends with all API servers ready."""
import os
import re
import time

import yaml

from basics import expect, expect_equal, plan, set_flag
from plan_diff import PlanDiff
from processes import wait_until
from watchers import Availability, ManifestWatcher, file_snapshot

AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: Metadata
"""


def hardening_plan(stable, value="20"):
    return plan("audit-logging", [
        {"putFile": {"path": "/etc/kubernetes/audit/policy.yaml", "content": AUDIT_POLICY,
                     "mode": "0600"}},
        {"mountPath": {"manifest": "kube-apiserver", "hostPath": "/etc/kubernetes/audit",
                       "readOnly": True}},
        {"mountPath": {"manifest": "kube-apiserver", "hostPath": "/var/log/kubernetes/audit"}},
        set_flag("profiling", "false"),
        set_flag("audit-policy-file", "/etc/kubernetes/audit/policy.yaml"),
        set_flag("audit-log-path", "/var/log/kubernetes/audit/audit.log"),
        set_flag("audit-log-maxage", value),
    ], stable=stable)


class Scenarios(PlanDiff):
    def __init__(self, belay, log):
        self.belay, self.nodes, self.log = belay, belay.nodes, log
        self.lab = belay.environment.name == "lab"
        # Above kubelet's listing of 20 s by default; shorter where a scenario is not about that.
        self.stable = "25s" if self.lab else "5s"

    def serving(self, node):
        """(start, pid) of the process that serves: the youngest."""
        return node.processes()[-1]

    def untouched(self, nodes):
        return {n.name: (file_snapshot(n.manifest()), self.serving(n)) for n in nodes}

    # --- S1

    def s1_hardening_is_committed_one_node_at_a_time(self):
        before = {n.name: self.serving(n) for n in self.nodes}
        with Availability(self.nodes) as seen, ManifestWatcher(self.nodes) as edits:
            rollout, code, text = self.belay.roll_out(hardening_plan(self.stable))
        expect_equal(code, 0, f"exit code of watch\n{text}")
        expect_equal(seen.overlaps(), [], "API servers down together")
        expect_equal([name for _, name in edits.changes], [n.name for n in self.nodes],
                     "manifests changed, in order")
        report = self.belay.report(rollout)
        for node in self.nodes:
            after = self.serving(node)
            expect(after != before[node.name], f"{node.name} still runs its old process")
            steps = report[node.name]["steps"]
            expect_equal([s["verdict"] for s in steps], ["VERDICT_COMMITTED"], f"{node.name}: verdicts")
            measured = steps[0]["report"]
            outage = measured["outage"]
            expect(outage["measured"] and outage["seconds"] > 0, f"{node.name}: no outage in the report")
            expect_equal(measured["adoptions"][0]["pid"] not in (None, "0"), True, "an adopted pid")
            flags = {f["flag"]: f["ok"] for f in measured["flags"]}
            for flag in ("profiling", "audit-policy-file", "audit-log-path", "audit-log-maxage"):
                expect(flags.get(flag), f"{node.name}: --{flag} is not verified on the running process")
            expect("--profiling" in steps[0]["changes"][-1]["diff"] or
                   any("--profiling=false" in c["diff"] for c in steps[0]["changes"]),
                   f"{node.name}: the diff is not in the report")
            expect("level: Metadata" not in str(steps),
                   f"{node.name}: the report holds a file that not everybody may read")
            beyond = (measured["gateSeconds"] - measured["componentStartSeconds"]
                      - measured["stableSeconds"])
            self.log(f"  {node.name}: outage {outage['seconds']:.1f} s (seen from outside: "
                     f"{seen.outages()[node.name]}), gate {measured['gateSeconds']:.1f} s, of which "
                     f"{beyond:.1f} s beyond the API server's own start and the stable period")
            wait_until(lambda n=node: os.path.exists(n.path("/var/log/kubernetes/audit/audit.log")),
                       10, f"{node.name} writes its audit log")
        self.only_dot_files_were_added()

    def only_dot_files_were_added(self):
        for node in self.nodes:
            names = [n for n in os.listdir(os.path.dirname(node.manifest())) if not n.startswith(".")]
            strays = [n for n in names if n not in (
                "kube-apiserver.yaml", "kube-controller-manager.yaml", "kube-scheduler.yaml",
                "etcd.yaml")]
            expect_equal(strays, [], f"{node.name}: files left in the static-pod directory")

    # --- S2

    def s2_a_policy_that_is_none_rolls_the_first_node_back(self):
        first, others = self.nodes[0], self.nodes[1:]
        with open(first.manifest(), "rb") as content:
            bytes_before = content.read()
        calm = self.untouched(others)
        # It is there and mounted: only the server that reads it can tell.
        bad = plan("audit-policy-is-none",
                   [set_flag("audit-policy-file", "/etc/kubernetes/pki/ca.crt")],
                   stable="5s" if not self.lab else "10s")
        with Availability(self.nodes) as seen:
            rollout, code, text = self.belay.roll_out(bad)
        expect_equal(code, 3, f"exit code of watch\n{text}")
        with open(first.manifest(), "rb") as content:
            expect_equal(content.read(), bytes_before, f"{first.name}: bytes of the manifest")
        expect_equal(self.untouched(others), calm, "the other nodes' files and processes")
        expect_equal(seen.overlaps(), [], "API servers down together")
        report = self.belay.report(rollout)
        step = report[first.name]["steps"][0]
        expect_equal(step["verdict"], "VERDICT_ROLLED_BACK", "verdict of the first node")
        expect(step["rollbackReport"]["samples"], "the rollback was not gated")
        first.wait_ready(5)
        for node in others:
            expect_equal([(s["verdict"], s["changes"]) for s in report[node.name]["steps"]],
                         [("VERDICT_UNSPECIFIED", [])], f"{node.name}: what the report says")
        expect("next: " in text, f"no next command in the output:\n{text}")
        self.log(f"  reason: {step['reason']}")
        self.log(f"  outage seen from outside: {seen.outages()[first.name]}, rollback's notes: "
                 f"{step['rollbackReport'].get('notes', [])}")

    # --- S3

    def s3_coordinator_killed_in_the_second_nodes_gate(self):
        second = self.nodes[1]
        with ManifestWatcher(self.nodes) as edits, Availability(self.nodes) as seen:
            rollout = self.belay.start_rollout(self.belay.sign(
                plan("inflight", [set_flag("max-requests-inflight", "450")], stable="5s")))
            wait_until(lambda: edits.of(second.name), 180, f"the manifest of {second.name} is changed",
                       interval=0.02)
            self.belay.kill_server()
            self.belay.start_server()
            code, text = self.belay.watch(rollout)
            self.belay.wait_nodes_ready()
        expect_equal(code, 0, f"exit code of watch\n{text}")
        expect_equal([name for _, name in edits.changes], [n.name for n in self.nodes],
                     "manifests changed, each once")
        expect_equal(seen.overlaps(), [], "API servers down together")
        for name, node in self.belay.report(rollout).items():
            expect_equal([s["verdict"] for s in node["steps"]], ["VERDICT_COMMITTED"], f"{name}: verdicts")

    # --- S4

    def s4_agent_killed_in_the_gate(self):
        self._agent_killed("with a coordinator", "460", server_up=True)
        self._agent_killed("without a coordinator", "470", server_up=False)

    def _agent_killed(self, what, value, server_up):
        first = self.nodes[0]
        with ManifestWatcher(self.nodes) as edits:
            rollout = self.belay.start_rollout(self.belay.sign(
                plan("inflight", [set_flag("max-requests-inflight", value)], stable="5s")))
            wait_until(lambda: edits.of(first.name), 60, f"the manifest of {first.name} is changed")
            self.belay.kill_agent(first)
            if not server_up:
                self.belay.kill_server()
            began = time.monotonic()
            self.belay.start_agent(first)
            wait_until(lambda: self._finished(first, rollout), 120,
                       f"{first.name} has a verdict, {what}", interval=0.3)
            self.log(f"  {what}: verdict {time.monotonic() - began:.1f} s after the agent's restart")
            if not server_up:
                self.belay.start_server()
            code, text = self.belay.watch(rollout)
        self.belay.wait_nodes_ready()
        expect_equal(code, 0, f"{what}: exit code of watch\n{text}")
        expect_equal([name for _, name in edits.changes], [n.name for n in self.nodes],
                     f"{what}: manifests changed, each once")

    def _finished(self, node, rollout):
        """With one step, its verdict is in the journal; `status` reads it on the node alone."""
        status = self.belay.agent_status(node)
        run = re.escape(rollout)
        return bool(re.search(rf"^last run: {run}/.*, VERDICT_", status, re.MULTILINE) or
                    re.search(rf"^run: {run}/.* 1 of 1 steps committed", status, re.MULTILINE))

    # --- S5

    def s5_kubelet_held_still(self):
        first = self.nodes[0]
        with open(first.manifest(), "rb") as content:
            bytes_before = content.read()
        serving = self.serving(first)
        calm = self.untouched(self.nodes[1:])
        first.hold_kubelet()
        try:
            rollout, code, text = self.belay.roll_out(
                plan("trap", [set_flag("max-requests-inflight", "480")], deadline="10s", stable="5s"))
        finally:
            first.release_kubelet()
        expect_equal(code, 3, f"exit code of watch\n{text}")
        step = self.belay.report(rollout)[first.name]["steps"][0]
        expect_equal(step["verdict"], "VERDICT_ROLLED_BACK", "verdict")
        expect("not adopted" in step["reason"], f"the reason does not say 'not adopted': {step['reason']}")
        with open(first.manifest(), "rb") as content:
            expect_equal(content.read(), bytes_before, "bytes of the manifest")
        expect_equal(self.serving(first), serving, "the process that serves")
        expect_equal(self.untouched(self.nodes[1:]), calm, "the other nodes' files and processes")
        self.log(f"  reason: {step['reason']}")
        # What kubelet has queued is read now; it must find the pod it already runs.
        self.belay.wait_nodes_ready()

    # --- S6

    def s6_refusals_before_anything_changes(self):
        edit = [set_flag("max-requests-inflight", "490")]
        signed = self.belay.sign(plan("refused", edit))
        directory = os.path.dirname(self.nodes[0].manifest())

        stray = os.path.join(directory, "kube-apiserver.yaml.bak")
        self.nodes[0].hold_kubelet()  # it would take the stray file for the pod's manifest
        try:
            with open(self.nodes[0].manifest(), "rb") as content, open(stray, "wb") as out:
                out.write(content.read())
            self._refused("stray copy", signed, ["kube-apiserver.yaml.bak"])
        finally:
            os.remove(stray)
            self.nodes[0].release_kubelet()

        with self._as_symlink(self.nodes[0]):
            self._refused("symlink", signed, ["symlink", "symbolic link"])
        self._refused("unknown key", self.belay.sign(plan("refused", edit), key="stranger"),
                      ["trust", "key"])
        # Asked of the running program, with what the agent's systemd unit leaves it.
        self._refused("unknown flag", self.belay.sign(plan("refused", [set_flag("no-such-flag", "x")])),
                      ["unknown flag"])
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
        document = yaml.safe_load(plan("refused", edit))
        document["spec"]["notAfter"] = soon
        expired = self.belay.sign(yaml.safe_dump(document, sort_keys=False))
        wait_until(lambda: time.time() > time.mktime(time.strptime(soon, "%Y-%m-%dT%H:%M:%SZ"))
                   - time.timezone + 1, 10, "the plan has expired")
        # Already the coordinator will not start it; the node's own refusal is tested in runner_test.
        self._refused("expired", expired, ["expired", "until", "window"], code=1)
        outside = self.belay.sign(plan("refused", [{"putFile": {
            "path": "/etc/cron.d/refused", "content": "x\n", "mode": "0600"}}] + edit))
        self._refused("outside the allowed paths", outside, ["allowed_paths", "allowed"])
        self.belay.wait_nodes_ready()

    def _refused(self, what, signed, words, code=3):
        before = self.untouched(self.nodes)
        started = self.belay.belayctl("rollout", "start", signed, "--cluster", self.belay.cluster,
                                      "--order", ",".join(n.name for n in self.nodes), "--watch",
                                      check=False, timeout=120)
        text = started.stdout + started.stderr
        expect_equal(self.untouched(self.nodes), before, f"{what}: files and processes")
        expect(not os.path.exists(self.nodes[0].path("/etc/cron.d/refused")), "a file was written")
        expect(started.returncode == code, f"{what}: exit code {started.returncode}\n{text}")
        expect(any(word in text for word in words), f"{what}: the message does not say why:\n{text}")
        expect("next: " in text, f"{what}: no next command:\n{text}")
        refusal = [line for line in text.splitlines() if any(word in line for word in words)]
        self.log(f"  {what}: {refusal[-1].strip()[:200]}")

    def _as_symlink(self, node):
        return _Symlinked(node)


class _Symlinked:
    """The manifest is a symlink to a copy elsewhere; kubelet sees the same content all the time."""

    def __init__(self, node):
        self._path = node.manifest()
        self._elsewhere = node.path("/etc/kubernetes/kube-apiserver-elsewhere.yaml")

    def __enter__(self):
        os.link(self._path, self._elsewhere)
        self._swap(lambda temporary: os.symlink("../kube-apiserver-elsewhere.yaml", temporary))

    def __exit__(self, *unused):
        self._swap(lambda temporary: os.link(self._elsewhere, temporary))
        os.remove(self._elsewhere)

    def _swap(self, make):
        temporary = os.path.join(os.path.dirname(self._path), ".kube-apiserver.yaml.test")
        make(temporary)
        os.rename(temporary, self._path)


def all_of(scenarios):
    """In the order of their numbers: s1_..., s2_..."""
    names = [name for name in dir(scenarios) if re.match(r"s\d+_", name)]
    return [getattr(scenarios, name) for name in sorted(names, key=lambda n: int(re.match(r"s(\d+)", n)[1]))]
