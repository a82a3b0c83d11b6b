"""What an operator does at a node without a coordinator: belay-agent apply and clear-emergency.

They run after those of scenarios.py, on the first node, and end with all nodes ready."""
import os
import signal
import subprocess

from processes import die_with_parent, run, wait_until
from scenarios import expect, expect_equal, plan, set_flag
from scenarios_phases import phased_plan


class LocalScenarios:
    def __init__(self, belay, log):
        self.belay, self.node, self.log = belay, belay.nodes[0], log

    def agent(self, *arguments):
        done = run(self.node.wrap(self.belay.agent_command(self.node, *arguments)), check=False)
        return done.returncode, done.stdout + done.stderr

    def apply(self, signed, *options):
        return self.agent("apply", signed, *options)

    def bytes(self):
        with open(self.node.manifest(), "rb") as content:
            return content.read()

    def inflight(self, value, **gate):
        gate = {"stable": "3s", **gate}
        return self.belay.sign(plan("by-hand", [set_flag("max-requests-inflight", value)], **gate))

    # --- S7

    def s7_a_plan_is_applied_at_the_node(self):
        before, signed = self.bytes(), self.inflight("510")
        code, text = self.apply(signed)
        expect_equal(code, 1, f"exit code beside a running agent\n{text}")
        expect("stop the agent" in text, f"what to do about it:\n{text}")
        code, text = self.apply(signed, "--dry-run")
        expect_equal(code, 0, f"exit code of --dry-run\n{text}")
        expect("+    - --max-requests-inflight=510" in text, f"no diff:\n{text}")
        expect_equal(self.bytes(), before, "the manifest")

        self.belay.stop_agent(self.node)
        serving = self.node.processes()[-1]
        code, text = self.apply(signed)
        expect_equal(code, 0, f"exit code\n{text}")
        expect("+    - --max-requests-inflight=510" in text and "committed" in text,
               f"neither diff nor verdict:\n{text}")
        expect(self.node.processes()[-1] != serving, "no new process")
        serving, after = self.node.processes()[-1], self.bytes()
        code, text = self.apply(signed)
        expect_equal((code, self.node.processes()[-1], self.bytes()), (0, serving, after),
                     f"the same plan again\n{text}")

        bad = self.belay.sign(plan("bad", [set_flag("audit-policy-file",
                                                    "/etc/kubernetes/pki/ca.crt")], stable="3s"))
        code, text = self.apply(bad)
        expect_equal(code, 3, f"exit code of a fall\n{text}")
        expect_equal(self.bytes(), after, "the manifest after a fall")
        self._killed_in_the_gate(self.inflight("520"), b"inflight=520")
        self._one_phase_after_the_other(self.belay.sign(phased_plan("524", "525", "3s")))
        self.belay.start_agent(self.node)
        self.belay.wait_nodes_ready()

    def _killed_in_the_gate(self, signed, published):
        applying = subprocess.Popen(self.node.wrap(self.belay.agent_command(
            self.node, "apply", signed)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            preexec_fn=die_with_parent)
        wait_until(lambda: published in self.bytes(), 30, "it is published", interval=0.01)
        applying.send_signal(signal.SIGKILL)
        applying.wait(timeout=10)
        code, text = self.apply(signed)
        expect_equal(code, 0, f"exit code after SIGKILL in the gate\n{text}")
        expect("was cut off" in text, f"nothing is said of the cut:\n{text}")
        expect(published in self.bytes(), "the manifest")

    def _one_phase_after_the_other(self, signed):
        before = self.bytes()
        for options, word in ((), "--phase all"), (("--phase", "written"), "--phase readable"):
            code, text = self.apply(signed, *options)
            expect_equal((code, self.bytes()), (1, before), f"exit code and manifest\n{text}")
            expect(word in text, f"what to type:\n{text}")
        for phase, value in ("readable", b"inflight=524"), ("written", b"inflight=525"):
            code, text = self.apply(signed, "--phase", phase)
            expect_equal(code, 0, f"exit code of phase {phase}\n{text}")
            expect(value in self.bytes(), f"the manifest after phase {phase}")

    # --- S8

    def s8_an_emergency_is_cleared_at_the_node(self):
        self.belay.stop_agent(self.node)
        before = self.bytes()
        self.node.hold_kubelet()
        try:
            # Nobody starts the old configuration again: the rollback cannot be proved.
            signed = self.inflight("530", deadline="4s", rollbackDeadline="4s")
            applying = subprocess.Popen(self.node.wrap(self.belay.agent_command(
                self.node, "apply", signed)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, preexec_fn=die_with_parent)
            wait_until(lambda: self.bytes() != before, 30, "it is published", interval=0.01)
            os.kill(self.node.processes()[-1][1], signal.SIGKILL)
            text, _ = applying.communicate(timeout=120)
        finally:
            self.node.release_kubelet()
        expect_equal(applying.returncode, 4, f"exit code of an emergency\n{text}")
        expect("EMERGENCY STOP" in text and "clear-emergency" in text, f"what to do:\n{text}")
        expect_equal(self.bytes(), before, "the manifest")
        self.node.wait_ready(60)
        self.belay.start_agent(self.node)
        wait_until(self._emergency_is_known, 30, "the coordinator knows of the emergency")
        code, text = self.agent("clear-emergency", "--reason", "kubelet was held")
        expect_equal(code, 1, f"exit code beside a running agent\n{text}")
        self.belay.stop_agent(self.node)
        code, text = self.agent("clear-emergency", "--reason", "kubelet was held")
        expect_equal(code, 0, f"exit code of clear-emergency\n{text}")
        self.belay.start_agent(self.node)
        wait_until(lambda: not self._emergency_is_known(), 30, "the coordinator knows of its end")
        self.belay.wait_nodes_ready()
        _, _, text = self.belay.roll_out(plan("after-it", [set_flag("max-requests-inflight", "540")],
                                              stable="3s"))
        expect_equal(self.bytes().count(b"inflight=540"), 1, f"it takes plans again\n{text}")

    def _emergency_is_known(self):
        nodes = self.belay.belayctl_json("node", "list", "--cluster", self.belay.cluster)["nodes"]
        return any(n.get("emergency") for n in nodes if n["name"] == self.node.name)
