"""S10 to S15: what a rollout waits for, who goes last, what an operator may ask while it runs, and a
coordinator that is killed again and again.  After S1 to S9, on the same nodes."""
import contextlib
import itertools
import json
import os
import time

from basics import expect, expect_equal, plan, set_flag
from etcd_writer import EtcdWriter
from processes import Background, run, wait_until
from scenarios_back import BackScenarios
from watchers import Availability, ManifestWatcher

_ETCD = "/etc/kubernetes/manifests/etcd.yaml"
_KILLS = 10


class _LeaderWatcher(Background):
    """Who led etcd, as the coordinator knew it: (time.monotonic(), name or None), every half second."""

    def __init__(self, belay):
        super().__init__(0.5)
        self._belay, self.told = belay, []

    def tick(self):
        leader = leader_of(self._belay)
        self.told.append((time.monotonic(), leader))

    def before(self, moment):
        return [name for when, name in self.told if when < moment and name][-1]


def leader_of(belay):
    leaders = [n["name"] for n in belay.belayctl_json("node", "list")["nodes"]
               if n.get("status", {}).get("etcd") == "LEADER"]
    return leaders[0] if len(leaders) == 1 else None


class RolloutScenarios(BackScenarios):
    def start_without_order(self, document, *more):
        return self.belay.belayctl_json("rollout", "start", self.belay.sign(document), "--cluster",
                                        self.belay.cluster, *more)["rolloutId"]

    def _inflight(self, value):
        return plan("inflight", [set_flag("max-requests-inflight", value)], stable="5s")

    def _held(self, rollout, name):
        """Waits until `rollout status` says that it waits for the node."""
        def says():
            waits = self._status(rollout).get("waitingFor", "")
            return waits if f"{name}: " in waits else None
        self.log(f"  waits for {wait_until(says, 60, f'it waits for {name}', interval=0.3)}")

    def _status(self, rollout):
        return json.loads(self.belay.belayctl("-o", "json", "rollout", "status", rollout, check=False).stdout)

    def _verdicts(self, rollout):
        return {name: [s["verdict"] for s in node["steps"]]
                for name, node in self.belay.report(rollout).items()}

    # --- S10

    def s10_etcd_leader_goes_last_although_it_is_first_by_name(self):
        if not self.lab:
            return  # the stand-ins share one etcd
        first, second, third = self.nodes
        self._lead(first)
        with self._virtual_address(second):
            order = self._rolled_out_by_itself(first)
        expect(order.index(third.name) < order.index(second.name) or order[-1] == third.name,
               f"{second.name} holds the virtual address and went before {third.name}: {order}")

    @contextlib.contextmanager
    def _virtual_address(self, node):
        change = ["ip", "address", "{}", f"{self.belay.environment.virtual_address}/32", "dev", "eth0"]
        def holder():
            return [n["name"] for n in self._listed() if n["status"].get("holdsVirtualAddress")]
        def ip(verb, wanted):
            run(node.wrap([verb if word == "{}" else word for word in change]))
            wait_until(lambda: holder() == wanted, 30, f"the virtual address is held by {wanted}", interval=0.5)
        ip("add", [node.name])
        try:
            yield
        finally:
            ip("del", [])

    def _rolled_out_by_itself(self, first):
        edit = [{"setFlag": {"manifest": "etcd", "flag": "snapshot-count", "value": "9876"}}]
        with Availability(self.nodes) as seen, ManifestWatcher(self.nodes, _ETCD) as edits, \
                EtcdWriter(self.nodes) as writer:
            leaders = _LeaderWatcher(self.belay)
            leaders.start()
            try:
                rollout = self.start_without_order(plan("etcd", edit, stable="10s", deadline="90s"))
                code, text = self.belay.watch(rollout)
            finally:
                leaders.stop()
        expect_equal(code, 0, f"exit code of watch\n{text}")
        expect_equal(seen.overlaps(), [], "API servers down together")
        order = [name for _, name in edits.changes]
        expect_equal(sorted(order), [n.name for n in self.nodes], "manifests changed, each once")
        # A machine under load may move it meanwhile; whoever led when its turn came was the last.
        expect_equal(order[-1], leaders.before(edits.changes[-1][0]), "the last is who led etcd")
        expect(order[0] != first.name, f"{first.name} led etcd when the first node was chosen: {order}")
        expect_equal(writer.lost(), [], "writes that were acknowledged and are lost")
        expect(len(writer.acknowledged) > 50, "hardly anything was written")
        self.log(f"  order {', '.join(order)}; {len(writer.acknowledged)} writes kept, {writer.refused} refused")
        return order

    def _lead(self, node):
        pki = "/etc/kubernetes/pki/etcd"
        etcdctl = ["env", "ETCDCTL_API=3", "etcdctl", "--cacert", f"{pki}/ca.crt", "--cert",
                   f"{pki}/server.crt", "--key", f"{pki}/server.key", "--endpoints"]
        everybody = ",".join(f"https://{n.address[0]}:2379" for n in self.nodes)
        members = run(node.wrap([*etcdctl, everybody, "member", "list"])).stdout
        wanted = next(line.split(",")[0] for line in members.splitlines() if f" {node.name}," in line)
        # Only the leader moves it; for the others, and where it leads already, the answer is an error.
        for one in self.nodes:
            run(one.wrap([*etcdctl, "https://127.0.0.1:2379", "move-leader", wanted]), check=False)
        wait_until(lambda: leader_of(self.belay) == node.name, 60, f"{node.name} leads etcd", interval=0.5)

    # --- S11

    def s11_a_stopped_etcd_member_holds_the_rollout(self):
        if not self.lab:
            return  # the stand-ins share one etcd
        *others, last = self.nodes
        manifest, away = last.path(_ETCD), last.path("/etc/kubernetes/etcd.yaml.away")
        os.rename(manifest, away)
        try:
            wait_until(lambda: not self._ready_nodes()[last.name], 120,
                       f"the coordinator knows that {last.name} is not ready", interval=0.5)
            calm = self.untouched(self.nodes[:2])
            rollout = self.belay.start_rollout(self.belay.sign(self._inflight("610")))
            self._held(rollout, last.name)
            time.sleep(10)  # two heartbeats of everybody
            expect_equal(self.untouched(others), calm, "files and processes while it is held")
        finally:
            os.rename(away, manifest)
        code, text = self.belay.watch(rollout)
        expect_equal(code, 0, f"exit code of watch\n{text}")
        self.belay.wait_nodes_ready()

    def _listed(self):
        return self.belay.belayctl_json("node", "list", "--cluster", self.belay.cluster)["nodes"]

    def _ready_nodes(self):
        return {n["name"]: bool(n["connected"] and n.get("status", {}).get("ready"))
                for n in self._listed()}

    # --- S12

    def s12_a_followers_agent_stops_in_the_middle(self):
        first, second, last = self.nodes
        with ManifestWatcher(self.nodes) as edits:
            rollout = self.belay.start_rollout(self.belay.sign(self._inflight("620")))
            wait_until(lambda: edits.of(first.name), 60, f"the manifest of {first.name} is changed")
            self.belay.stop_agent(last)
            wait_until(lambda: self.belay.phases(rollout)[first.name] == "NODE_PHASE_COMMITTED", 120,
                       f"{first.name} has committed", interval=0.3)
            self._held(rollout, last.name)
            expect_equal(edits.of(second.name), [], f"{second.name} is changed without {last.name}")
            self.belay.start_agent(last)
            code, text = self.belay.watch(rollout)
        expect_equal(code, 0, f"exit code of watch\n{text}")
        expect_equal([name for _, name in edits.changes], [n.name for n in self.nodes],
                     "manifests changed, each once")

    # --- S13

    def s13_approve_pause_resume_abort(self):
        first, second, last = self.nodes
        bob = self.belay.add_operator("bob", "approver")
        calm = self.untouched([last])
        with Availability(self.nodes) as seen, ManifestWatcher(self.nodes) as edits:
            rollout = self.start_without_order(
                self._inflight("630"), "--approval", "--order", ",".join(n.name for n in self.nodes))
            mine = self.belay.belayctl("rollout", "approve", rollout, check=False)
            expect_equal(mine.returncode, 1, f"approving one's own\n{mine.stdout}{mine.stderr}")
            expect_equal(edits.changes, [], "changes before an approval")
            self.belay.belayctl("rollout", "approve", rollout, "--reason", "looked at", config=bob)

            wait_until(lambda: edits.of(first.name), 60, f"the manifest of {first.name} is changed")
            self.belay.belayctl("rollout", "pause", rollout)
            wait_until(lambda: self.belay.phases(rollout)[first.name] == "NODE_PHASE_COMMITTED", 120,
                       f"{first.name} has committed, paused", interval=0.3)
            time.sleep(8)  # a heartbeat of everybody, and more
            expect_equal(edits.of(second.name), [], f"{second.name} is changed while it is paused")

            self.belay.belayctl("rollout", "resume", rollout)
            wait_until(lambda: edits.of(second.name), 60, f"the manifest of {second.name} is changed")
            self.belay.belayctl("rollout", "abort", rollout, "--reason", "enough seen")
            code, text = self.belay.watch(rollout)
        expect_equal(code, 3, f"exit code of watch\n{text}")
        expect("enough seen" in text, f"the reason is not shown:\n{text}")
        expect_equal(seen.overlaps(), [], "API servers down together")
        expect_equal([name for _, name in edits.changes], [first.name, second.name],
                     "what was in flight has ended, the last was never begun")
        expect_equal(self.untouched([last]), calm, f"{last.name}: file and process")
        verdicts = self._verdicts(rollout)
        expect_equal([verdicts[n.name] for n in (first, second)], [["VERDICT_COMMITTED"]] * 2, "verdicts")
        self.belay.wait_nodes_ready()

    # --- S14

    def s14_coordinator_killed_again_and_again(self):
        """At other moments of the rollout each time; the end is the one without."""
        kills, pauses = 0, itertools.cycle((0.1, 0.5, 1.0, 2.0, 0.3, 3.0))
        with Availability(self.nodes) as seen, ManifestWatcher(self.nodes) as edits:
            rollout = self.belay.start_rollout(self.belay.sign(
                plan("inflight", [set_flag("max-requests-inflight", "640")], stable="8s")))
            while kills < 40:
                time.sleep(next(pauses))
                if self._status(rollout)["phase"] == "ROLLOUT_PHASE_COMPLETED":
                    break
                self.belay.kill_server()
                kills += 1
                self.belay.start_server()
                if kills % 2:
                    continue  # the next comes while agents are still dialling
                wait_until(lambda: all(n["connected"] for n in self._listed()), 60,
                           "all agents are connected again", interval=0.1)
            code, text = self.belay.watch(rollout)
        expect(kills >= _KILLS, f"killed only {kills} times")
        expect_equal(code, 0, f"exit code of watch\n{text}")
        expect_equal([name for _, name in edits.changes], [n.name for n in self.nodes],
                     "manifests changed, each once")
        expect_equal(seen.overlaps(), [], "API servers down together")
        expect_equal(list(self._verdicts(rollout).values()), [["VERDICT_COMMITTED"]] * 3, "verdicts")
        self.log(f"  killed {kills} times")
        self.belay.wait_nodes_ready()

    # --- S15

    def s15_a_hold_file_holds(self):
        """An operator's word on one node, which the coordinator knows nothing of."""
        second = self.nodes[1]
        hold = second.agent_path(os.path.join(second.agent_directory, "hold"))
        with open(hold, "w", encoding="utf8") as note:
            note.write("storage migration, ask ana\n")
        try:
            wait_until(lambda: self._holds(second), 30, f"the coordinator knows what holds {second.name}",
                       interval=0.3)
            calm = self.untouched(self.nodes)
            rollout = self.belay.start_rollout(self.belay.sign(self._inflight("650")))
            self._held(rollout, second.name)
            expect("storage migration, ask ana" in self._status(rollout)["waitingFor"], "the reason is not shown")
            time.sleep(6)  # a heartbeat of everybody
            expect_equal(self.untouched(self.nodes), calm, "files and processes while it is held")
        finally:
            os.remove(hold)
        code, text = self.belay.watch(rollout)
        expect_equal(code, 0, f"exit code of watch\n{text}")

        if self.lab:
            self._cordoned(second)
            self._reboots(second)
            self._cut_off(second, self.nodes[0])

    def _cordoned(self, node):
        for verb, wanted in ("cordon", ["the node is cordoned"]), ("uncordon", []):
            run(node.wrap(["kubectl", verb, node.name]))
            wait_until(lambda w=wanted: self._holds(node) == w, 60, f"{verb}: {node.name} says {wanted}",
                       interval=0.5)

    def _reboots(self, node):
        """As kured marks a node while it reboots it."""
        for change, wanted in ("=2026-11-26T04:00:00Z", 1), ("-", 0):
            run(node.wrap(["kubectl", "annotate", "node", node.name, f"weave.works/kured-reboot-in-progress{change}"]))
            wait_until(lambda w=wanted: len(self._holds(node) or []) == w, 60, f"{change}: {wanted} hold of {node.name}",
                       interval=0.5)

    def _cut_off(self, node, peer):
        """Both API servers are well, and one node does not reach the other's."""
        route = ["blackhole", f"{peer.address[0]}/32"]
        run(node.wrap(["ip", "route", "add", *route]))
        try:
            wait_until(lambda: any(peer.address[0] in hold for hold in self._holds(node) or []), 90,
                       f"{node.name} says that it does not reach {peer.name}", interval=0.5)
            calm = self.untouched(self.nodes)
            rollout = self.belay.start_rollout(self.belay.sign(self._inflight("660")))
            self._held(rollout, node.name)
            expect("is not reached from here" in self._status(rollout)["waitingFor"], "the reason is not shown")
            expect_equal(self.untouched(self.nodes), calm, "files and processes while it is held")
        finally:
            run(node.wrap(["ip", "route", "del", *route]))
        code, text = self.belay.watch(rollout)
        expect_equal(code, 0, f"exit code of watch\n{text}")

    def _holds(self, node):
        return next(n["status"].get("holds") for n in self._listed() if n["name"] == node.name)
