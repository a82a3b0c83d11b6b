"""A coordinator, an agent on every node, and an operator: the real programs, on either environment."""
import json
import os
import re
import shutil
import signal
import subprocess
import time

from processes import Process, run, wait_until


def _limits_of_the_unit(*drop_ins):
    """The command that takes away what the agent's systemd unit does not leave it, so that every
    scenario proves that this is enough.  Its seccomp filters need systemd itself."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy/systemd")
    kept = []
    for name in ("belay-agent.service", *drop_ins):
        with open(os.path.join(folder, name), encoding="utf8") as lines:
            kept += next(line.split("=", 1)[1].split() for line in lines
                         if line.startswith("CapabilityBoundingSet="))
    names = ",".join("+" + name.removeprefix("CAP_").lower() for name in kept)
    return ["setpriv", f"--bounding-set=-all,{names}", "--no-new-privs", "--"]


class Belay:
    """Everything lies in `base`, but for what agents keep on their nodes."""

    cluster = "e2e"

    def __init__(self, environment, programs, base, enrol_options=(), agent_settings="", drop_ins=()):
        self.environment, self.nodes = environment, environment.nodes
        self._programs, self._base = programs, base
        self._server_directory = os.path.join(base, "server")
        self._enrol_options = list(enrol_options)  # more for `belay-agent enrol`
        self._agent_settings = agent_settings  # more for agent.yaml
        self._unit_limits = _limits_of_the_unit(*drop_ins)
        self.server, self.agents = None, {}
        self._operator = os.path.join(self._server_directory, "operators", "op", "config.yaml")
        self._plans = 0

    # --- bringing up

    def up(self):
        """init, run, one token and enrolment a node, agents; returns when all nodes are ready."""
        host, (port, enrol_port) = self.environment.coordinator_address, self.environment.ports
        initialised = run([self._program("belay-server"), "init", "--dir", self._server_directory,
                           "--operator", "op", "--advertise", host, "--listen", f"{host}:{port}",
                           "--enrol-listen", f"{host}:{enrol_port}"])
        self._ca_hash = re.search(r"sha256:[0-9a-f]{64}", initialised.stdout).group()
        self.start_server()
        self.belayctl("key", "generate", "--out", self.file("ops"))
        self.belayctl("key", "generate", "--out", self.file("stranger"))
        for node in self.nodes:
            self._enrol(node, f"{host}:{enrol_port}")
            self.start_agent(node)
        self.wait_nodes_ready()

    def cluster_of(self, _node):
        """All nodes are of one cluster; a subclass may know better."""
        return self.cluster

    def _enrol(self, node, address):
        created = self.belayctl_json("token", "create", "--cluster", self.cluster_of(node), "--node",
                                     node.name)
        trusted = os.path.join(node.agent_directory, "keys", "ops.pub")
        seen = node.agent_path(trusted)
        os.makedirs(os.path.dirname(seen), mode=0o755, exist_ok=True)
        shutil.copy(self.file("ops.pub"), seen)
        run(node.wrap([self._program("belay-agent"), "enrol", "--server", address, "--ca-hash",
                       self._ca_hash, "--token", created["token"], "--config",
                       self._agent_config(node), "--state-dir", node.state_directory,
                       "--host-root", node.host_root, "--trust-key", trusted,
                       *self._enrol_options]))
        with open(node.agent_path(self._agent_config(node)), "a") as config:
            config.write(self._agent_settings + self.environment.agent_settings)

    def _agent_config(self, node):
        return os.path.join(node.agent_directory, "agent.yaml")

    def start_server(self):
        self.server = Process([self._program("belay-server"), "run", "--dir", self._server_directory],
                              self.file("server.log"))
        wait_until(lambda: self.belayctl("node", "list", check=False).returncode == 0, 15,
                   "the coordinator answers")

    def start_agent(self, node):
        self.agents[node.name] = Process(
            node.wrap([*self._unit_limits, self._program("belay-agent"), "run", "--config",
                       self._agent_config(node)]),
            self.file(f"agent-{node.name}.log"), program="belay-agent")

    def stop_agent(self, node):
        self.agents.pop(node.name).stop()

    def agent_command(self, node, verb, *arguments):
        return [self._program("belay-agent"), verb, *arguments, "--config", self._agent_config(node)]

    def agent_status(self, node):
        return run(node.wrap(self.agent_command(node, "status"))).stdout

    def wait_nodes_ready(self, seconds=90):
        def ready():
            nodes = self.belayctl_json("node", "list")["nodes"]
            return len(nodes) == len(self.nodes) and all(
                n["connected"] and n.get("status", {}).get("ready") for n in nodes)
        wait_until(ready, seconds, "all nodes are connected and ready", interval=0.3)

    def down(self):
        for process in [*self.agents.values(), self.server]:
            if process:
                process.stop()

    # --- operating

    def file(self, name):
        return os.path.join(self._base, name)

    def _program(self, name):
        return os.path.join(self._programs, name)

    def add_operator(self, name, *roles):
        """Path of the config.yaml of one more operator; an operator where no role is named."""
        options = [word for role in roles for word in ("--role", role)]
        run([self._program("belay-server"), "operator", "add", name, "--dir", self._server_directory, *options])
        return os.path.join(self._server_directory, "operators", name, "config.yaml")

    def belayctl_command(self, *arguments, config=None):
        return [self._program("belayctl"), "--config", config or self._operator, *arguments]

    def belayctl(self, *arguments, check=True, timeout=600, config=None):
        return run(self.belayctl_command(*arguments, config=config), check=check, timeout=timeout)

    def belayctl_json(self, *arguments):
        return json.loads(self.belayctl("-o", "json", *arguments).stdout)

    def sign(self, plan, key="ops"):
        """Writes, lints and signs a plan given as YAML; returns the signed file."""
        self._plans += 1
        source, signed = (self.file(f"plan-{self._plans}.{end}") for end in ("yaml", "signed"))
        with open(source, "w") as out:
            out.write(plan)
        self.belayctl("plan", "sign", source, "--key", self.file(f"{key}.key"), "--out", signed)
        return signed

    def start_rollout(self, signed):
        order = ",".join(node.name for node in self.nodes)
        return self.belayctl_json("rollout", "start", signed, "--cluster", self.cluster, "--order",
                                  order)["rolloutId"]

    def watch_in_background(self, rollout):
        """belayctl rollout watch as it is used in a pipe."""
        return subprocess.Popen(self.belayctl_command("--timeout", "120s", "rollout", "watch",
                                                      rollout),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)

    def watch(self, rollout, seconds=600):
        """(exit code, text) of belayctl rollout watch."""
        watching = self.watch_in_background(rollout)
        end = time.monotonic() + seconds
        while True:
            try:
                text, _ = watching.communicate(timeout=1)
                return watching.returncode, text
            except subprocess.TimeoutExpired:
                problem = self._ended_by_itself()
                if not problem and time.monotonic() > end:
                    problem = f"rollout {rollout} did not end within {seconds} s"
            if problem:
                watching.kill()
                text, _ = watching.communicate()
                raise AssertionError(f"{problem}:\n{text}")

    def _ended_by_itself(self):
        """Names one of our programs that is not running although nobody ended it, or None."""
        for name, process in [("the coordinator", self.server),
                              *((f"the agent of {n}", a) for n, a in self.agents.items())]:
            if not process.running():
                return f"{name} has ended by itself"
        return None

    def roll_out(self, plan, **sign_options):
        """Signs, starts and watches; (rollout, exit code, text)."""
        rollout = self.start_rollout(self.sign(plan, **sign_options))
        code, text = self.watch(rollout)
        return rollout, code, text

    def report(self, rollout):
        """Node name -> its part of the report."""
        reported = self.belayctl_json("report", rollout)
        return {node["node"]: node for node in reported["nodes"]}

    def phases(self, rollout):
        status = json.loads(self.belayctl("-o", "json", "rollout", "status", rollout,
                                          check=False).stdout)
        return {node["name"]: node["phase"] for node in status["nodes"]}

    def kill_server(self):
        self.server.kill()

    def kill_agent(self, node):
        self.agents[node.name].signal(signal.SIGKILL)
        wait_until(lambda: not self.agents[node.name].running(), 10, f"the agent of {node.name} is gone")

    def logs(self):
        """The ends of all logs, for a failure."""
        parts = []
        for name, process in [("server", self.server), *self.agents.items()]:
            if process:
                parts.append(f"--- log of {name}\n{process.log_tail()}")
        return "\n".join(parts)
