"""Watching from outside: are the API servers up, and what happens to the manifests."""
import http.client
import os
import ssl
import time

from processes import Background


class ReadyPoller(Background):
    """Asks one API server for /readyz over verified TLS every 100 ms, on a new connection each time."""

    def __init__(self, node):
        super().__init__(0.1)
        self.node = node
        self.down = []  # closed intervals (from, to) of time.monotonic()
        self._down_since = None
        self._context = ssl.create_default_context(cafile=node.path("/etc/kubernetes/pki/ca.crt"))
        self._context.check_hostname = False  # dialled by address; the name is checked below

    def ready(self, timeout=2.0):
        host, port = self.node.address
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=self._context)
        try:
            connection.connect()
            names = connection.sock.getpeercert().get("subjectAltName", ())
            if ("DNS", "kubernetes") not in names:
                return False
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def tick(self):
        asked = time.monotonic()
        if self.ready():
            if self._down_since is not None:
                self.down.append((self._down_since, time.monotonic()))
                self._down_since = None
        elif self._down_since is None:
            self._down_since = asked

    def intervals(self):
        still = [] if self._down_since is None else [(self._down_since, time.monotonic())]
        return self.down + still


class Availability:
    """All nodes' pollers for the time of a `with`; then tells when two were down together."""

    def __init__(self, nodes):
        self._pollers = [ReadyPoller(node) for node in nodes]

    def __enter__(self):
        for poller in self._pollers:
            poller.start()
        return self

    def __exit__(self, *unused):
        for poller in self._pollers:
            poller.stop()

    def outages(self):
        """Node name -> seconds of each outage."""
        return {p.node.name: [round(end - begin, 2) for begin, end in p.intervals()]
                for p in self._pollers}

    def overlaps(self):
        found = []
        for i, one in enumerate(self._pollers):
            for other in self._pollers[i + 1:]:
                for a in one.intervals():
                    for b in other.intervals():
                        common = min(a[1], b[1]) - max(a[0], b[0])
                        if common > 0:
                            found.append((one.node.name, other.node.name, round(common, 2)))
        return found


class ManifestWatcher(Background):
    """Records each change of one of the nodes' manifests, of the API server or of `path`, in order."""

    def __init__(self, nodes, path=None):
        super().__init__(0.02)
        self._nodes = nodes
        self._files = {node.name: node.path(path) if path else node.manifest() for node in nodes}
        self._last = {name: _file_id(file) for name, file in self._files.items()}
        self.changes = []  # (time.monotonic(), node name)

    def tick(self):
        for node in self._nodes:
            now = _file_id(self._files[node.name])
            if now != self._last[node.name]:
                self._last[node.name] = now
                self.changes.append((time.monotonic(), node.name))

    def of(self, name):
        return [when for when, node in self.changes if node == name]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.stop()


def _file_id(path):
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def file_snapshot(path):
    """What an untouched file keeps: everything but its access time."""
    status = os.lstat(path)
    with open(path, "rb") as content:
        return (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_mode,
                status.st_uid, status.st_gid, content.read())
