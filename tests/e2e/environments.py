"""Where the nodes come from: the lab (real kubelets) or stand-ins (plain processes of this host)."""
import fcntl
import os
import shutil
import signal
import socket

import kubeadm_like
from processes import Process, api_servers, run, wait_until
from watchers import ReadyPoller

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAB_WORK = os.environ.get("LAB_WORK") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "belay-lab")


def visible_in_nodes(directory, name):
    """`directory`, or a copy of it: each lab node has a /tmp, /run, /etc and /var/log of its own."""
    hidden = ("/tmp/", "/run/", "/etc/", "/var/log/", "/var/tmp/")
    if not (os.path.realpath(directory) + "/").startswith(hidden):
        return directory
    copy = os.path.join(LAB_WORK, name)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(directory, copy)
    return copy


LAB = visible_in_nodes(os.path.join(REPOSITORY, "tests", "lab"), "scripts")
MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"


class Node:
    """One control-plane node.  path() is where this host sees a file of the node."""

    name: str
    address: tuple      # of its API server, as this host dials it
    marker: str         # an argument that only this node's API server has
    host_root: str      # as its agent sees the node
    agent_directory: str  # agent.yaml and keys, as the agent sees it
    state_directory: str

    def path(self, inside):
        raise NotImplementedError

    def agent_path(self, inside):
        """Where this host sees what the agent calls `inside` (not below host_root)."""
        raise NotImplementedError

    def wrap(self, argv):
        """The command that runs argv where the agent of this node runs."""
        raise NotImplementedError

    def hold_kubelet(self):
        raise NotImplementedError

    def release_kubelet(self):
        raise NotImplementedError

    def manifest(self):
        return self.path(MANIFEST)

    def processes(self):
        return api_servers(self.marker)

    def wait_ready(self, seconds=120):
        poller = ReadyPoller(self)
        wait_until(poller.ready, seconds, f"the API server of {self.name} is ready")

    def replace_manifest(self, content):
        """As an editor that does it right: dot-named temporary file, then rename."""
        path = self.manifest()
        temporary = os.path.join(os.path.dirname(path), ".kube-apiserver.yaml.test")
        with open(temporary, "wb") as out:
            out.write(content)
        shutil.copymode(path, temporary)
        os.rename(temporary, path)


class LabNode(Node):
    _OWN = {"/etc/": "etc/", "/var/log/": "var-log/", "/var/lib/etcd/": "var-lib-etcd/",
            "/var/lib/belay-agent/": "var-lib-belay-agent/", "/var/lib/kubelet/": "var-lib-kubelet/"}

    def __init__(self, work, number):
        self.name = f"cp{number}"
        self.directory = os.path.join(work, "nodes", self.name)
        ip = f"10.77.0.{10 + number}"
        self.address, self.marker = (ip, 6443), f"--advertise-address={ip}"
        self.host_root, self.agent_directory = "/", "/etc/belay-agent"
        self.state_directory = "/var/lib/belay-agent"

    def path(self, inside):
        for prefix, own in self._OWN.items():
            if (inside + "/").startswith(prefix):
                return os.path.join(self.directory, own + inside[len(prefix):])
        return inside

    agent_path = path

    def wrap(self, argv):
        return [os.path.join(LAB, "node-exec.sh"), self.name] + argv

    def _kubelet(self, sig):
        run(self.wrap(["sh", "-c", f"kill -{sig} $(cat /run/lab/kubelet.pid)"]))

    def hold_kubelet(self):
        self._kubelet("STOP")

    def release_kubelet(self):
        self._kubelet("CONT")


class Lab:
    name = "lab"
    coordinator_address = "10.77.0.1"
    virtual_address = "10.77.0.200"  # nobody holds it until a scenario says so
    agent_settings = f"cluster_endpoint: {coordinator_address}:6443\nvirtual_address: {virtual_address}\n"

    def __init__(self, count=3, keep=False):
        self._keep, self._lock = keep, None
        self._work = LAB_WORK
        self.nodes = [LabNode(self._work, i + 1) for i in range(count)]
        self.ports = (7443, 7444)

    @staticmethod
    def why_not():
        done = run([os.path.join(LAB, "lab-can-run")], check=False)
        return done.stdout.strip() if done.returncode != 0 else None

    def _take(self, log):
        """There is one lab on a machine; its lock is held until this process ends."""
        os.makedirs(self._work, exist_ok=True)
        self._lock = open(os.path.join(self._work, "in-use"), "w")  # pylint: disable=consider-using-with
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log("the lab is in use by another run; waiting for it")
            waiting, self._lock = self._lock, None
            fcntl.flock(waiting, fcntl.LOCK_EX)
            self._lock = waiting

    def up(self, log):
        self._take(log)
        if self._is_up():
            self._reset()
            return
        run([os.path.join(LAB, "down.sh")], timeout=120)
        for script in ("build.sh",), ("up.sh", str(len(self.nodes))):
            log(f"tests/lab/{' '.join(script)}")
            run([os.path.join(LAB, script[0]), *script[1:]], timeout=2400,
                env={**os.environ, "LAB_WAIT_PODS": "0"})
        for node in self.nodes:
            shutil.copy(node.manifest(), self._pristine(node))

    def _pristine(self, node):
        return os.path.join(node.directory, "kube-apiserver.pristine.yaml")

    def _is_up(self):
        """Only a lab that was kept by an earlier run of ours is used again."""
        return self._keep and all(
            os.path.exists(self._pristine(node)) and
            run(node.wrap(["true"]), check=False).returncode == 0 for node in self.nodes)

    def _reset(self):
        for node in self.nodes:
            run(["rm", "-rf", node.path("/etc/belay-agent")])
            run(["find", node.path("/var/lib/belay-agent"), "-mindepth", "1", "-delete"])
            with open(self._pristine(node), "rb") as pristine, open(node.manifest(), "rb") as now:
                content = pristine.read()
                if content == now.read():
                    continue
            before = node.processes()
            node.replace_manifest(content)
            wait_until(lambda n=node, b=before: n.processes() and n.processes()[-1] not in b, 120,
                       f"{node.name} runs its pristine manifest")
        for node in self.nodes:
            node.wait_ready()

    def down(self):
        if not self._keep and self._lock:  # never a lab that another run holds
            run([os.path.join(LAB, "down.sh")], check=False, timeout=120)


class StandinNode(Node):
    def __init__(self, base, number, port):
        self.name = f"cp{number}"
        self.directory = os.path.join(base, self.name)
        self.root = self.host_root = os.path.join(self.directory, "root")
        self.address, self.marker = ("127.0.0.1", port), f"--secure-port={port}"
        self.agent_directory = os.path.join(self.directory, "agent")
        self.state_directory = os.path.join(self.directory, "agent-state")
        self.runner = None

    def path(self, inside):
        return self.root + inside

    def agent_path(self, inside):
        return inside

    def wrap(self, argv):
        return argv

    def hold_kubelet(self):
        self.runner.signal(signal.SIGSTOP)

    def release_kubelet(self):
        self.runner.signal(signal.SIGCONT)


class Standins:
    name = "standin"
    coordinator_address = "127.0.0.1"
    agent_settings = ""

    def __init__(self, base, programs, count=3):
        self._base, self._programs, self._etcd = base, programs, None
        self.relist_seconds = 20  # as kubelet
        ports = free_ports(count + 4)
        self.ports = tuple(ports[:2])
        self._etcd_ports = ports[2:4]
        self.nodes = [StandinNode(base, i + 1, ports[4 + i]) for i in range(count)]

    @staticmethod
    def why_not():
        return None

    def up(self, log):
        log("static_pod_runner and a TLS stand-in for the API server (stand-ins), real etcd")
        pki = kubeadm_like.ClusterPki(os.path.join(self._base, "pki"))
        client, peer = (f"https://127.0.0.1:{port}" for port in self._etcd_ports)
        self._etcd = Process(
            ["etcd", "--name=standin", f"--data-dir={self._base}/etcd", "--log-level=error",
             f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
             f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
             f"--initial-cluster=standin={peer}", "--client-cert-auth=true",
             "--unsafe-no-fsync" if "unsafe-no-fsync" in run(["etcd", "--help"]).stdout else
             "--snapshot-count=10000",
             *pki.etcd_flags()], os.path.join(self._base, "etcd.log"))
        for node in self.nodes:
            pki.install(node.path("/etc/kubernetes/pki"))
            os.makedirs(os.path.dirname(node.manifest()), mode=0o700)
            with open(node.manifest(), "w") as out:
                out.write(kubeadm_like.api_server_manifest(
                    "127.0.0.1", node.address[1], client))
            os.chmod(node.manifest(), 0o600)
            node.runner = Process(
                [os.path.join(self._programs, "static_pod_runner"), "--root", node.root,
                 "--programs", self._programs, "--relist", str(self.relist_seconds), "--grace", "5"],
                os.path.join(node.directory, "static_pod_runner.log"))
        for node in self.nodes:
            node.wait_ready(30)

    def pause_etcd(self):
        self._etcd.signal(signal.SIGSTOP)

    def resume_etcd(self):
        self._etcd.signal(signal.SIGCONT)

    def down(self):
        for node in self.nodes:
            if node.runner:
                try:
                    node.release_kubelet()
                except (ProcessLookupError, AssertionError):
                    pass
                node.runner.stop()
        if self._etcd:
            self._etcd.stop()


def free_ports(count):
    """Ports that were free just now; nothing else on the machine is expected to take them."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
