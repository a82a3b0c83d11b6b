"""S16: a plan in phases, which falls in the second one; and one phase put back, then the other."""
import yaml

from basics import expect, expect_equal, set_flag
from processes import wait_until
from scenarios_rollout import RolloutScenarios
from watchers import Availability, ManifestWatcher


def phased_plan(first, second, stable):
    def phase(name, value, **gate):
        return {"name": name, "steps": [{
            "name": f"{name}-step", "edits": [set_flag("max-requests-inflight", value)],
            "gate": {"stable": stable, **gate}}]}
    spec = {"phases": [phase("readable", first), phase("written", second, deadline="10s")]}
    return yaml.safe_dump({"apiVersion": "belay.dev/v1", "kind": "RemediationPlan",
                           "metadata": {"name": "in-phases"}, "spec": spec}, sort_keys=False)


class PhaseScenarios(RolloutScenarios):
    def _values(self):
        """Of the flag, by node."""
        values = {}
        for node in self.nodes:
            with open(node.manifest(), encoding="utf-8") as content:
                found = [line.split("=")[1].strip() for line in content
                         if "--max-requests-inflight=" in line]
            values[node.name] = found[0] if found else ""
        return values

    def s16_a_phase_is_everywhere_before_the_next_begins_anywhere(self):
        first, second, third = self.nodes
        names = [node.name for node in self.nodes]
        before = self._contents()
        signed = self.belay.sign(phased_plan("610", "620", "5s"))
        shown = self.belay.belayctl("rollout", "start", signed, "--cluster", self.belay.cluster,
                                    "--order", ",".join(names), "--dry-run").stdout
        expect('1 "readable"' in shown and '2 "written"' in shown, f"the phases in order:\n{shown}")
        with ManifestWatcher(self.nodes) as edits, Availability(self.nodes) as seen:
            rollout = self.belay.start_rollout(signed)
            wait_until(lambda: len(edits.of(first.name)) >= 2, 300,
                       f"the second phase begins on {first.name}", interval=0.02)
            expect_equal([self._values()[n.name] for n in (second, third)], ["610", "610"],
                         "what the others have when the second phase begins")
            second.hold_kubelet()  # its new configuration is never taken up there
            try:
                code, text = self.belay.watch(rollout)
            finally:
                second.release_kubelet()
        expect_equal(code, 3, f"exit code of watch\n{text}")
        expect_equal(seen.overlaps(), [], "API servers down together")
        # The last one is the rollback.
        expect_equal([name for _, name in edits.changes],
                     names + [first.name, second.name, second.name], "manifests changed, in order")
        expect_equal(self._values(), dict(zip(names, ["620", "610", "610"])), "what is where")
        status = self.belay.belayctl("rollout", "status", rollout, check=False).stdout
        expect('stopped in phase 2 of 2, "written"' in status, f"status:\n{status}")
        expect('phase "readable" is committed' in status, f"status:\n{status}")
        self.log("  " + [line for line in status.splitlines() if line.startswith("state")][0])
        for node in self.nodes:
            node.wait_ready(60)
        self.belay.wait_nodes_ready()

        self._put_back(rollout, ["--to-phase", "readable"], [first.name])
        expect_equal(self._values(), dict.fromkeys(names, "610"), "what is where")
        self._put_back(rollout, [], names[::-1])
        expect_equal(self._contents(), before, "the manifests, byte by byte")
        self.only_dot_files_were_added()

    def _put_back(self, rollout, options, changed):
        with ManifestWatcher(self.nodes) as edits, Availability(self.nodes) as seen:
            back = self.belay.belayctl("rollout", "revert", rollout, *options, "--watch",
                                       check=False)
        expect_equal(back.returncode, 0, f"exit code of revert\n{back.stdout}{back.stderr}")
        expect_equal([name for _, name in edits.changes], changed, "manifests changed, in order")
        expect_equal(seen.overlaps(), [], "API servers down together")
        for node in self.nodes:
            node.wait_ready(60)
        self.belay.wait_nodes_ready()
