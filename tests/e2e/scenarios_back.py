"""S9: going back.  After S1 to S6, on the same nodes."""
from scenarios import Scenarios, expect, expect_equal, hardening_plan, plan, set_flag
from watchers import Availability, ManifestWatcher


class BackScenarios(Scenarios):
    def _contents(self):
        contents = {}
        for node in self.nodes:
            with open(node.manifest(), "rb") as content:
                contents[node.name] = content.read()
        return contents

    def s9_what_was_changed_is_put_back_the_last_node_first(self):
        before = self._contents()
        first, code, text = self.belay.roll_out(
            plan("inflight", [set_flag("max-requests-inflight", "495")], stable=self.stable))
        expect_equal(code, 0, f"exit code of watch\n{text}")
        between = self._contents()
        second, code, text = self.belay.roll_out(hardening_plan(self.stable, "25"))
        expect_equal(code, 0, f"exit code of watch\n{text}")
        after = self._contents()

        started = self.belay.belayctl("rollout", "revert", first, "--watch", check=False)
        expect_equal(started.returncode, 3, f"latest first\n{started.stdout}{started.stderr}")
        expect("revert it first" in started.stdout + started.stderr, "it does not say what is above")
        expect_equal(self._contents(), after, "a refusal changes nothing")

        with Availability(self.nodes) as seen, ManifestWatcher(self.nodes) as edits:
            back = self.belay.belayctl("rollout", "revert", second, "--watch", check=False)
        expect_equal(back.returncode, 0, f"exit code of revert\n{back.stdout}{back.stderr}")
        expect_equal(seen.overlaps(), [], "API servers down together")
        expect_equal([name for _, name in edits.changes], [n.name for n in reversed(self.nodes)],
                     "manifests changed, in order")
        expect_equal(self._contents(), between, "the manifests, byte by byte")
        for node in self.nodes:
            node.wait_ready(10)
        self.belay.wait_nodes_ready()

        stopped = self.belay.belayctl_json("rollout", "list")["rollouts"]
        retried = [r["id"] for r in stopped if r["reverts"] == first]
        again = self.belay.belayctl("rollout", "retry", retried[0], check=False)
        expect_equal(again.returncode, 0, f"retry of the revert\n{again.stdout}{again.stderr}")
        code, text = self.belay.watch(retried[0])
        expect_equal(code, 0, f"exit code of watch\n{text}")
        expect_equal(self._contents(), before, "the manifests, byte by byte")
        self.only_dot_files_were_added()
        for name, node in self.belay.report(retried[0]).items():
            expect_equal([(s["name"], s["verdict"]) for s in node["steps"]],
                         [("inflight, backwards", "VERDICT_COMMITTED")], f"{name}: the report")
