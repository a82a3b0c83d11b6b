"""Certificates and a kube-apiserver manifest like kubeadm's, for nodes made of stand-ins."""
import os
import shutil

from processes import run

# name: (subject, signing CA, extended key usage, subject alternative names)
_LEAVES = {
    "apiserver": ("/CN=kube-apiserver", "ca", "serverAuth",
                  # As kubeadm: no loopback address.
                  "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:10.96.0.1"),
    "apiserver-kubelet-client": ("/O=system:masters/CN=kube-apiserver-kubelet-client", "ca",
                                 "clientAuth", None),
    "front-proxy-client": ("/CN=front-proxy-client", "front-proxy-ca", "clientAuth", None),
    "apiserver-etcd-client": ("/O=system:masters/CN=kube-apiserver-etcd-client", "etcd/ca",
                              "clientAuth", None),
    "etcd/server": ("/CN=standin", "etcd/ca", "serverAuth,clientAuth",
                    "DNS:localhost,IP:127.0.0.1"),
}


class ClusterPki:
    """One cluster's keys and certificates in `directory`, laid out as /etc/kubernetes/pki."""

    def __init__(self, directory):
        self._directory = directory
        os.makedirs(os.path.join(directory, "etcd"))
        for name, subject in (("ca", "kubernetes"), ("front-proxy-ca", "front-proxy-ca"),
                              ("etcd/ca", "etcd-ca")):
            run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650", "-subj",
                 f"/CN={subject}", "-addext", "keyUsage=critical,digitalSignature,keyCertSign",
                 "-keyout", self._file(name, "key"), "-out", self._file(name, "crt")])
        for name, (subject, ca, usage, names) in _LEAVES.items():
            self._leaf(name, subject, ca, usage, names)
        run(["openssl", "genrsa", "-out", self._file("sa", "key"), "2048"])
        run(["openssl", "rsa", "-in", self._file("sa", "key"), "-pubout", "-out",
             self._file("sa", "pub")])

    def _file(self, name, ending):
        return os.path.join(self._directory, f"{name}.{ending}")

    def _leaf(self, name, subject, ca, usage, names):
        request, extensions = self._file(name, "csr"), self._file(name, "ext")
        with open(extensions, "w") as out:
            out.write(f"extendedKeyUsage={usage}\nkeyUsage=critical,digitalSignature\n")
            if names:
                out.write(f"subjectAltName={names}\n")
        run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-subj", subject, "-keyout", self._file(name, "key"), "-out", request])
        run(["openssl", "x509", "-req", "-in", request, "-days", "365", "-CA",
             self._file(ca, "crt"), "-CAkey", self._file(ca, "key"), "-CAcreateserial",
             "-extfile", extensions, "-out", self._file(name, "crt")])
        os.remove(request)
        os.remove(extensions)

    def etcd_flags(self):
        server = [f"cert-file={self._file('etcd/server', 'crt')}",
                  f"key-file={self._file('etcd/server', 'key')}",
                  f"trusted-ca-file={self._file('etcd/ca', 'crt')}"]
        return [f"--{prefix}{flag}" for prefix in ("", "peer-") for flag in server]

    def install(self, directory):
        shutil.copytree(self._directory, directory)


_FLAGS = """\
advertise-address={ip}
allow-privileged=true
authorization-mode=Node,RBAC
client-ca-file=/etc/kubernetes/pki/ca.crt
enable-admission-plugins=NodeRestriction
enable-bootstrap-token-auth=true
etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt
etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt
etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key
etcd-servers={etcd}
insecure-port=0
kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt
kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key
kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname
proxy-client-cert-file=/etc/kubernetes/pki/front-proxy-client.crt
proxy-client-key-file=/etc/kubernetes/pki/front-proxy-client.key
requestheader-allowed-names=front-proxy-client
requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt
requestheader-extra-headers-prefix=X-Remote-Extra-
requestheader-group-headers=X-Remote-Group
requestheader-username-headers=X-Remote-User
secure-port={port}
service-account-issuer=https://kubernetes.default.svc.cluster.local
service-account-key-file=/etc/kubernetes/pki/sa.pub
service-account-signing-key-file=/etc/kubernetes/pki/sa.key
service-cluster-ip-range=10.96.0.0/12
tls-cert-file=/etc/kubernetes/pki/apiserver.crt
tls-private-key-file=/etc/kubernetes/pki/apiserver.key
"""

_MANIFEST = """\
apiVersion: v1
kind: Pod
metadata:
  annotations:
    kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint: {ip}:{port}
  creationTimestamp: null
  labels:
    component: kube-apiserver
    tier: control-plane
  name: kube-apiserver
  namespace: kube-system
spec:
  containers:
  - command:
    - kube-apiserver
{flags}\
    image: k8s.gcr.io/kube-apiserver:v1.20.2
    imagePullPolicy: IfNotPresent
{probes}\
    name: kube-apiserver
    resources:
      requests:
        cpu: 250m
    volumeMounts:
    - mountPath: /etc/ssl/certs
      name: ca-certs
      readOnly: true
    - mountPath: /etc/kubernetes/pki
      name: k8s-certs
      readOnly: true
  hostNetwork: true
  priorityClassName: system-node-critical
  volumes:
  - hostPath:
      path: /etc/ssl/certs
      type: DirectoryOrCreate
    name: ca-certs
  - hostPath:
      path: /etc/kubernetes/pki
      type: DirectoryOrCreate
    name: k8s-certs
status: {{}}
"""

_PROBE = """\
    {kind}:
      failureThreshold: {failures}
      httpGet:
        host: {ip}
        path: {path}
        port: {port}
        scheme: HTTPS
      periodSeconds: {period}
      timeoutSeconds: 15
"""


def api_server_manifest(ip, port, etcd):
    flags = "".join(f"    - --{flag}\n" for flag in
                    _FLAGS.format(ip=ip, port=port, etcd=etcd).splitlines())
    probes = "".join(_PROBE.format(kind=kind, path=path, failures=failures, period=period, ip=ip,
                                   port=port)
                     for kind, path, failures, period in (
                         ("livenessProbe", "/livez", 8, 10), ("readinessProbe", "/readyz", 3, 1),
                         ("startupProbe", "/livez", 24, 10)))
    return _MANIFEST.format(ip=ip, port=port, flags=flags, probes=probes)
