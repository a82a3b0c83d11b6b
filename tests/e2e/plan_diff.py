"""S0: `belayctl plan diff PLAN --cluster C` asks the real agents, and changes nothing on any node."""
import os
import stat

from basics import expect, expect_equal, plan, set_flag
from processes import wait_until

SECRET = "aesgcm-key-that-nobody-may-see"


def tree(root):
    """Everything below it: what an untouched file keeps, but for its access time."""
    seen = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            seen[path] = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_mode,
                          status.st_uid, status.st_gid, status.st_size,
                          os.readlink(path) if stat.S_ISLNK(status.st_mode) else None)
    return seen


class PlanDiff:
    """Of Scenarios, which knows belay, nodes and log."""

    def s0_plan_diff_asks_every_node_and_changes_nothing(self):
        before = {n.name: tree(n.path("/etc/kubernetes")) for n in self.nodes}
        serving = {n.name: self.serving(n) for n in self.nodes}
        self._each_node_shows_its_own_diff()
        self._what_is_so_already_changes_nothing()
        self._a_node_refuses_what_it_would_not_carry_out()
        self._a_node_without_its_agent_is_named()
        for node in self.nodes:
            now = tree(node.path("/etc/kubernetes"))
            changed = sorted(p for p in now.keys() | before[node.name].keys()
                             if now.get(p) != before[node.name].get(p))
            expect_equal(changed, [], f"{node.name}: files whose inode, times or modes changed")
            expect_equal(self.serving(node), serving[node.name], f"{node.name}: its API server")
        self.log(f"  {sum(map(len, before.values()))} files and folders of {len(self.nodes)} nodes "
                 "kept inode, times and modes")

    def _diff(self, signed, *arguments, code):
        done = self.belay.belayctl("plan", "diff", signed, "--cluster", self.belay.cluster,
                                   *arguments, check=False, timeout=60)
        text = done.stdout + done.stderr
        expect_equal(done.returncode, code, f"exit code of plan diff\n{text}")
        return text

    def _each_node_shows_its_own_diff(self):
        signed = self.belay.sign(plan("diff", [
            {"putFile": {"path": "/etc/kubernetes/enc/keys.yaml", "content": SECRET + "\n",
                         "mode": "0600"}},
            {"mountPath": {"manifest": "kube-apiserver", "hostPath": "/etc/kubernetes/enc",
                           "readOnly": True}},
            set_flag("profiling", "false")]))
        text = self._diff(signed, code=1)
        for node in self.nodes:
            expect(f"# node {node.name}\n" in text, f"{node.name} is not in\n{text}")
        for line, what in (("+    - --profiling=false", "the flag"),
                           ("+    - mountPath: /etc/kubernetes/enc", "the mount"),
                           ("1 lines come (not shown", "how much of the hidden file comes")):
            expect_equal(text.count(line), len(self.nodes), f"nodes that show {what} in\n{text}")
        expect(SECRET not in text, f"the content of a file with mode 0600 is in\n{text}")
        one = self._diff(signed, "--node", self.nodes[1].name, code=1)
        expect_equal([n.name for n in self.nodes if f"# node {n.name}\n" in one],
                     [self.nodes[1].name], f"nodes in\n{one}")

    def _what_is_so_already_changes_nothing(self):
        signed = self.belay.sign(plan("diff", [set_flag("allow-privileged", "true")]))
        text = self._diff(signed, code=0)
        expect_equal(text.count("# nothing would change"), len(self.nodes), f"nodes in\n{text}")

    def _a_node_refuses_what_it_would_not_carry_out(self):
        edit = [set_flag("profiling", "false")]
        for what, signed, words in (
                ("stranger", self.belay.sign(plan("diff", edit), key="stranger"), "trust"),
                ("path", self.belay.sign(plan("diff", edit + [{"putFile": {
                    "path": "/etc/cron.d/diff", "content": "x\n"}}])), "allowed")):
            text = self._diff(signed, code=11)
            expect_equal(text.count("# refused: "), len(self.nodes), f"{what}: refusals in\n{text}")
            expect(words in text and "--profiling" not in text,
                   f"{what}: no reason, or a diff beside it, in\n{text}")
        unsigned = self.belay.file("unsigned.yaml")
        with open(unsigned, "w") as out:
            out.write(plan("diff", edit))
        expect("plan sign" in self._diff(unsigned, code=2), "an unsigned plan: no next command")

    def _a_node_without_its_agent_is_named(self):
        last = self.nodes[-1]
        signed = self.belay.sign(plan("diff", [set_flag("profiling", "false")]))
        self.belay.kill_agent(last)
        wait_until(lambda: "not connected" in self.belay.belayctl(
            "plan", "diff", signed, "--cluster", self.belay.cluster, check=False).stdout, 30,
                   f"the coordinator sees that {last.name} is gone")
        text = self._diff(signed, code=2)
        expect(f"# node {last.name}\n# no answer: not connected" in text, f"{last.name} in\n{text}")
        expect_equal(text.count("+    - --profiling=false"), len(self.nodes) - 1, f"nodes in\n{text}")
        self.belay.start_agent(last)
        self.belay.wait_nodes_ready()
