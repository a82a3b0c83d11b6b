#!/usr/bin/env python3
"""The stand-ins keep the habits of kubelet and kube-apiserver that Belay's tests rely on.

What is expected here was measured on the lab.  standin_test.py STANDIN_PROGRAMS"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from environments import Standins
from processes import wait_until
from watchers import ReadyPoller

PROGRAMS = ""


class StandinTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.base = tempfile.mkdtemp(prefix="belay-standin-")
        cls.environment = Standins(cls.base, PROGRAMS, count=1)
        cls.environment.relist_seconds = 2
        cls.node = cls.environment.nodes[0]
        cls.environment.up(lambda text: None)
        with open(cls.node.manifest(), "rb") as content:
            cls.good = content.read()

    @classmethod
    def tearDownClass(cls):
        cls.environment.down()
        shutil.rmtree(cls.base)

    def tearDown(self):
        self.node.replace_manifest(self.good)
        self.node.wait_ready(40)

    def with_flag(self, flag):
        return self.good.replace(b"    - --secure-port", b"    - " + flag + b"\n    - --secure-port")

    def relisted(self):
        """Returns after the directory has been listed again: a file that is no pod is named then."""
        path = os.path.join(os.path.dirname(self.node.manifest()), "zz-not-a-pod")
        with open(path, "w") as out:
            out.write("x\n")
        count = self.runner_log().count("zz-not-a-pod")
        wait_until(lambda: self.runner_log().count("zz-not-a-pod") > count + 1, 10, "two listings")
        os.remove(path)

    def runner_log(self):
        with open(self.node.runner.log_path) as log:
            return log.read()

    def argv(self):
        with open(f"/proc/{self.node.processes()[-1][1]}/cmdline") as cmdline:
            return cmdline.read()

    def test_new_content_replaces_the_process(self):
        before = self.node.processes()[-1]
        self.node.replace_manifest(self.with_flag(b"--profiling=false"))
        wait_until(lambda: self.node.processes() and self.node.processes()[-1] != before, 5, "a new process")
        self.node.wait_ready(10)
        self.assertIn("--profiling=false", self.argv())

    def test_comments_order_and_attributes_restart_nothing(self):
        before = self.node.processes()
        self.node.replace_manifest(b"# a comment\n" + self.good)
        os.chmod(self.node.manifest(), 0o644)
        self.relisted()
        self.assertEqual(self.node.processes(), before)

    def test_dot_files_are_ignored(self):
        before = self.node.processes()
        path = os.path.join(os.path.dirname(self.node.manifest()), ".kube-apiserver.yaml.new")
        with open(path, "wb") as out:
            out.write(self.with_flag(b"--profiling=false"))
        self.relisted()
        os.remove(path)
        self.assertEqual(self.node.processes(), before)

    def test_a_backup_beside_the_manifest_wins_at_the_next_listing(self):
        path = self.node.manifest() + ".bak_20251218"
        with open(path, "wb") as out:
            out.write(self.good)
        self.node.replace_manifest(self.with_flag(b"--profiling=false"))
        wait_until(lambda: "--profiling=false" in self.runner_log(), 5, "the edit is seen")
        self.relisted()
        wait_until(lambda: self.node.processes() and "--profiling=false" not in self.argv(), 10,
                   "the backup has won")
        os.remove(path)

    def test_an_unreadable_file_removes_the_pod_at_the_next_listing(self):
        self.node.replace_manifest(b"{ this is no pod")
        wait_until(lambda: not self.node.processes(), 10, "the pod is removed")

    def test_a_crashing_server_is_retried_with_back_off(self):
        before = self.runner_log().count("back-off 10s")
        self.node.replace_manifest(self.with_flag(b"--no-such-flag"))
        wait_until(lambda: self.runner_log().count("back-off 10s") > before, 10, "the back-off")
        pattern = "var/log/pods/kube-system_kube-apiserver-standin_*/kube-apiserver/1.log"
        words = ""  # each pod of the tests before has left a folder, too
        for path in glob.glob(os.path.join(self.node.root, pattern)):
            with open(path) as log:
                words += log.read()
        self.assertIn("Error: unknown flag: --no-such-flag", words)

    def test_a_file_that_is_not_mounted_is_missing(self):
        inside = "/etc/kubernetes/audit/policy.yaml"
        os.makedirs(os.path.dirname(self.node.path(inside)))
        with open(self.node.path(inside), "w") as out:
            out.write("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n")
        left_before = self.runner_log().count("exit 1")  # by the tests before
        self.node.replace_manifest(self.with_flag(f"--audit-policy-file={inside}".encode()))
        wait_until(lambda: self.runner_log().count("exit 1") > left_before, 10, "it leaves")
        self.assertFalse(ReadyPoller(self.node).ready())

    def test_etcd_decides_about_readiness(self):
        self.environment.pause_etcd()
        try:
            self.assertFalse(ReadyPoller(self.node).ready(timeout=5))
        finally:
            self.environment.resume_etcd()

    def test_both_say_that_they_are_stand_ins(self):
        for program in "static_pod_runner", "kube-apiserver":
            text = subprocess.run([os.path.join(PROGRAMS, program), "--help"], check=True,
                                  stdout=subprocess.PIPE, text=True).stdout
            self.assertRegex(text, re.compile("stand-in"))


if __name__ == "__main__":
    PROGRAMS = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
