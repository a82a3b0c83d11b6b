"""Edits of kubelet's configuration on the lab, as hazards.py has those of pods; and the program that
restarts kubelet there, since the lab has a restart loop where other nodes have systemd."""
import os

from hazards import COMMITTED, REFUSED, ROLLED_BACK

CONFIG = "/var/lib/kubelet/config.yaml"
RESTART = "/etc/belay-agent/restart-kubelet"
AGENT_SETTINGS = f"kubelet_restart: {RESTART}\n"
ENROL_OPTIONS = ("--allow-path", "/etc/kubernetes/", "--allow-path", CONFIG)
_RESTART_SCRIPT = """#!/bin/sh
set -e
old=$(cat /run/lab/kubelet.pid 2>/dev/null || :)
[ -z "$old" ] || kill "$old" 2>/dev/null || :
for i in $(seq 300); do
  new=$(cat /run/lab/kubelet.pid 2>/dev/null || :)
  if [ -n "$new" ] && [ "$new" != "$old" ]; then exit 0; fi
  sleep 0.1
done
echo "kubelet was not started again" >&2
exit 1
"""


def _kubelet(key, value):
    return [{"setConfigKey": {"file": CONFIG, "kind": "KubeletConfiguration", "path": key,
                              "value": value}}, {"restartService": "kubelet"}]


def kubelet_cases(number):
    return {
        "kubelet": (_kubelet("eventBurst", number), COMMITTED, ""),
        # Exits 255 at once.
        "H18-kubelet-other-ca": (
            _kubelet("authentication.x509.clientCAFile", "/etc/kubernetes/kubelet.conf"),
            ROLLED_BACK, "has started with the new configuration and ended"),
        "H18-kubelet-missing-ca": (
            _kubelet("authentication.x509.clientCAFile", "/etc/kubernetes/none.crt"), REFUSED,
            "is not on this node"),
    }


def put_restart_program(node):
    path = node.path(RESTART)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf8") as script:
        script.write(_RESTART_SCRIPT)
    os.chmod(path, 0o700)
