"""A client that writes through etcd all the time and remembers what it was promised."""
import base64
import http.client
import json
import ssl

from processes import Background

_PREFIX = "belay-e2e/"
_PKI = "/etc/kubernetes/pki/etcd"


def _b64(text):
    return base64.b64encode(text.encode()).decode()


class EtcdWriter(Background):
    """Puts a new key every 100 ms through any member of the nodes' etcd (its JSON gateway, verified TLS,
    as a client of its CA) for the time of a `with`."""

    def __init__(self, nodes, port=2379):
        super().__init__(0.1)
        self._nodes, self._port = nodes, port
        self._run = f"{_PREFIX}{id(self):x}/"
        self._number = 0
        self.acknowledged, self.refused = [], 0
        pki = nodes[0].path(_PKI)
        self._context = ssl.create_default_context(cafile=f"{pki}/ca.crt")
        self._context.load_cert_chain(f"{pki}/healthcheck-client.crt", f"{pki}/healthcheck-client.key")

    def _ask(self, node, what, body, timeout):
        connection = http.client.HTTPSConnection(node.address[0], self._port, timeout=timeout,
                                                 context=self._context)
        try:
            connection.request("POST", f"/v3/kv/{what}", json.dumps(body))
            answer = connection.getresponse()
            text = answer.read()
            return json.loads(text) if answer.status == 200 else None
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()

    def tick(self):
        self._number += 1
        key = f"{self._run}{self._number:06}"
        for node in self._nodes[self._number % len(self._nodes):] + self._nodes:
            if self._ask(node, "put", {"key": _b64(key), "value": _b64(key)}, 2.0) is not None:
                self.acknowledged.append(key)
                return
        self.refused += 1  # nobody took it: nothing was promised

    def lost(self):
        """Keys that were acknowledged and are not there, read through each member."""
        missing = []
        for node in self._nodes:
            answer = self._ask(node, "range", {"key": _b64(self._run), "range_end": _b64(self._run[:-1] + "0"),
                                               "keys_only": True}, 10.0)
            there = {kv["key"] for kv in (answer or {}).get("kvs", [])}
            missing += [(node.name, key) for key in self.acknowledged if _b64(key) not in there]
        return missing

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.stop()
