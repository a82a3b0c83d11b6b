#!/usr/bin/env python3
"""One rollout over five clusters of one stand-in node each: a canary, then three waves.

  run_fleet.py --programs BUILD/bin --standins BUILD/standin [--only s1,s2]

What must be seen: a fall in the canary keeps every other cluster as it was (inode, times, process);
a fall in wave 2 keeps wave 3 as it was and lets what is in flight end properly; a retry goes on from
there, and waits where somebody has locked a cluster."""
import argparse
import json
import sys
import time

from basics import expect, expect_equal, plan, set_flag
from frame import log, run_on
from harness import Belay
from processes import wait_until
from scenarios import AUDIT_POLICY, all_of
from watchers import file_snapshot

CLUSTERS = ("canary", "blue", "green", "red", "white")
POLICY = "/etc/kubernetes/pki/policy.yaml"  # below what the API server's pod has mounted
NO_POLICY = "this is no audit policy\n"


class FleetOfOnes(Belay):
    """Each node is a cluster of its own."""

    def cluster_of(self, node):
        return CLUSTERS[self.nodes.index(node)]


class FleetScenarios:
    def __init__(self, belay):
        self.belay = belay
        self.node = dict(zip(CLUSTERS, belay.nodes))
        self.plans = 0

    def write_policy(self, cluster, content):
        with open(self.node[cluster].path(POLICY), "w") as out:
            out.write(content)

    def untouched(self, clusters):
        """What no rollout may change: the file with inode and times, and the process."""
        return {c: (file_snapshot(self.node[c].manifest()), self.node[c].processes()[-1])
                for c in clusters}

    def manifest(self, cluster):
        with open(self.node[cluster].manifest(), "rb") as content:
            return content.read()

    def signed(self):
        self.plans += 1
        return self.belay.sign(plan(f"audit-policy-{self.plans}", [
            set_flag("audit-policy-file", POLICY),
            set_flag("max-requests-inflight", str(500 + self.plans))], stable="3s"))

    def ctl(self, *arguments, code=0, config=None):
        done = self.belay.belayctl(*arguments, check=False, config=config)
        expect_equal(done.returncode, code,
                     f"exit code of {' '.join(arguments)}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def start(self, *options):
        return self.belay.belayctl_json("fleet", "start", self.signed(), *options)["id"]

    def fleet(self, fleet):
        done = self.belay.belayctl("-o", "json", "fleet", "status", fleet, check=False)
        return json.loads(done.stdout)

    def clusters(self, fleet):
        return {c["name"]: c for c in self.fleet(fleet)["clusters"]}

    def phases(self, fleet):
        return {name: c["phase"].removeprefix("CLUSTER_PHASE_")
                for name, c in self.clusters(fleet).items()}

    def wait_for(self, fleet, phase, seconds=120):
        wait_until(lambda: self.fleet(fleet)["phase"] == f"ROLLOUT_PHASE_{phase}", seconds,
                   f"{fleet} is {phase}", interval=0.2)

    # --- S1

    def s1_a_fall_in_the_canary_keeps_every_other_cluster_as_it_was(self):
        for cluster in CLUSTERS:
            self.write_policy(cluster, NO_POLICY if cluster == "canary" else AUDIT_POLICY)
            self.ctl("cluster", "label", cluster,
                     f"role={'canary' if cluster == 'canary' else 'production'}")
        listed = self.ctl("cluster", "list", "--selector", "role in (production),role!=canary")
        expect("canary" not in listed.replace("role=", "") and "white" in listed, listed)
        before, canary = self.untouched(CLUSTERS[1:]), self.manifest("canary")
        chosen = ("--selector", "role=production", "--canary-selector", "role=canary")

        preview = self.ctl("fleet", "start", self.signed(), *chosen, "--wave", "1,2", "--dry-run")
        expect("nothing was started" in preview and "wave 3" in preview, preview)
        expect_equal(self.belay.belayctl_json("fleet", "list")["fleets"], [], "fleets after a dry run")
        would = self.ctl("rollout", "start", self.signed(), "--cluster", "blue", "--dry-run",
                         "--detailed-exitcode", code=2)
        expect("kube-apiserver.yaml" in would and "ready" in would, would)
        expect_equal(self.belay.belayctl_json("rollout", "list")["rollouts"], [],
                     "rollouts after a dry run")

        fleet = self.start(*chosen, "--wave", "1,2")
        self.wait_for(fleet, "STOPPED")
        text = self.ctl("fleet", "watch", fleet, code=3)
        expect_equal(self.untouched(CLUSTERS[1:]), before, f"the other clusters\n{text}")
        expect_equal(self.manifest("canary"), canary, "the manifest of the canary")
        expect_equal(set(self.phases(fleet).values()), {"FALLEN", "WAITING"}, "the clusters")
        expect_equal(self.fleet(fleet)["stopCluster"], "canary", "where it stopped")
        self.node["canary"].wait_ready(30)
        self.write_policy("canary", AUDIT_POLICY)

    # --- S2

    def s2_a_fall_in_a_wave_keeps_the_next_and_lets_what_is_in_flight_end(self):
        self.write_policy("green", NO_POLICY)
        self.belay.wait_nodes_ready()
        before = self.untouched(("red", "white"))
        green = self.manifest("green")
        self.node["red"].hold_kubelet()  # so that it is in flight for as long as this needs
        try:
            fleet = self.start("--every-cluster", "--canary", "canary", "--wave", "1,2,1",
                               "--parallel", "2")
            wait_until(lambda: self.phases(fleet)["green"] == "FALLEN", 120, "green has fallen",
                       interval=0.2)
            standing = self.clusters(fleet)
            expect_equal(self.fleet(fleet)["phase"], "ROLLOUT_PHASE_STOPPING", "the fleet")
            expect_equal(self.belay.phases(standing["red"]["rolloutId"]),
                         {self.node["red"].name: "NODE_PHASE_IN_PROGRESS"}, "red")
            expect_equal(self.untouched(("white",)), {"white": before["white"]}, "wave 3")
        finally:
            self.node["red"].release_kubelet()
        self.wait_for(fleet, "STOPPED")
        self.ctl("fleet", "watch", fleet, code=3)
        # Red's rollout was ended for the fleet's sake; its node was let finish, and well.
        expect_equal(self.phases(fleet), {"canary": "COMPLETED", "blue": "COMPLETED",
                                          "green": "FALLEN", "red": "HELD_BACK",
                                          "white": "WAITING"}, "how the clusters ended")
        expect_equal(self.belay.phases(standing["red"]["rolloutId"]),
                     {self.node["red"].name: "NODE_PHASE_COMMITTED"}, "red")
        expect_equal(self.untouched(("white",)), {"white": before["white"]}, "wave 3")
        expect(self.node["red"].processes()[-1] != before["red"][1], "red runs its old process")
        expect(POLICY.encode() in self.manifest("red"), "red has not changed")
        expect_equal(self.manifest("green"), green, "the manifest of green")
        self.stopped = fleet

    # --- S3, from where S2 has ended

    def s3_a_retry_goes_on_and_waits_for_a_lock(self):
        fleet = self.stopped
        self.write_policy("green", AUDIT_POLICY)
        self.belay.wait_nodes_ready()
        done = self.untouched(("canary", "blue", "red"))
        bob = self.belay.add_operator("bob", "operator", "approver")
        self.ctl("lock", "take", "white", "--reason", "disk is replaced", "--for", "1h", config=bob)
        refused = self.ctl("rollout", "start", self.signed(), "--cluster", "white", code=1)
        expect("white" in refused and "next: " in refused, refused)
        before = self.untouched(("white",))
        self.ctl("fleet", "retry", fleet)
        wait_until(lambda: self.phases(fleet)["white"] == "RUNNING", 120, "white is reached",
                   interval=0.2)
        waits = self.clusters(fleet)["white"]["waitingFor"]
        expect("held by bob" in waits, f"what white waits for: {waits}")
        expect_equal(self.phases(fleet)["green"], "COMPLETED", "green, which was mended")
        expect_equal(self.untouched(("white",)), before, "white, which bob has locked")
        self.ctl("lock", "break", "white", "--reason", "bob is on leave")
        expect("BROKEN, was bob's" in self.ctl("lock", "list", "--history"), "no record of it")
        self.wait_for(fleet, "COMPLETED")
        self.ctl("fleet", "watch", fleet)
        expect(POLICY.encode() in self.manifest("white"), "white has not changed")
        expect_equal(self.untouched(("canary", "blue", "red")), done, "what was done before")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", required=True)
    parser.add_argument("--standins", required=True)
    parser.add_argument("--only", default="", help="s1,s2,...")
    parser.add_argument("--budget", type=int, default=400, help="seconds until it gives up")
    options = parser.parse_args()
    only = [word for word in options.only.split(",") if word]

    def work(belay):
        for scenario in all_of(FleetScenarios(belay)):
            if only and not scenario.__name__.startswith(tuple(f"{word}_" for word in only)):
                continue
            began = time.monotonic()
            log(f"## fleet: {scenario.__name__}")
            scenario()
            log(f"## fleet: {scenario.__name__}: ok, {time.monotonic() - began:.0f} s")
    return run_on("standin", options.programs, options.standins, options.budget, work,
                  nodes=len(CLUSTERS), make_belay=FleetOfOnes)


if __name__ == "__main__":
    sys.exit(main())
