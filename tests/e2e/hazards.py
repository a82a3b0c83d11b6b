"""How hardening takes a control-plane node down, by the numbers of the hazards it is known for, and what
Belay must make of each on a real node.  H7, H16, H17 are about several nodes, H12 and H13 are scenarios
(S6) and crash tests, H28 is tests/crash.

A case is name: (edits, verdict of the first node, words that its reason holds[, its gate])."""

COMMITTED, ROLLED_BACK = "VERDICT_COMMITTED", "VERDICT_ROLLED_BACK"
REFUSED = "VERDICT_UNSPECIFIED"  # of a step that was never begun

_API, _FOLDER = "kube-apiserver", "/etc/kubernetes/hazard"
_AUDIT_LOG = "/var/log/kubernetes/hazard"


def flag(manifest, name, value):
    return [{"setFlag": {"manifest": manifest, "flag": name, "value": value}}]


def _api(name, value):
    return flag(_API, name, value)


def _with_file(name, content, flag_name):
    """A file in a folder of its own, mounted, and the flag that names it."""
    path = f"{_FOLDER}-{flag_name}/{name}"
    return [{"putFile": {"path": path, "content": content, "mode": "0600"}},
            {"mountPath": {"manifest": _API, "hostPath": f"{_FOLDER}-{flag_name}", "readOnly": True}},
            *_api(flag_name, path)]


def _mounted(path, **more):
    return {"mountPath": {"manifest": _API, "hostPath": path, **more}}


_POLICY_WITHOUT_RULES = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: []\n"
_POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n"


def _encryption(providers):
    return ("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n"
            f"- resources: [secrets]\n  providers:\n{providers}")


_SHORT_KEY = "  - aescbc: {keys: [{name: k, secret: c2hvcnQ=}]}\n  - identity: {}\n"
# 32 bytes, of zeros; what is stored already is plain, and nothing here reads plain.
_NO_IDENTITY = f"  - aescbc: {{keys: [{{name: k, secret: {'A' * 43}=}}]}}\n"
# HTTP/2 demands a suite that is not among them: it runs for 20 s and exits.
_WITHOUT_AES_128 = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"

HAZARDS = {
    "H1-anonymous-off": (_api("anonymous-auth", "false"), REFUSED, "401"),
    "H2-event-rate-limit": ([{"mergeListFlag": {"manifest": _API, "flag": "enable-admission-plugins",
                                                "add": ["EventRateLimit"]}}], ROLLED_BACK, "crash loop"),
    "H3-unknown-plugin": (_api("enable-admission-plugins", "NodeRestriction, AlwaysPullImages"),
                          ROLLED_BACK, "crash loop"),
    "H4-lower-case-mode": (_api("authorization-mode", "node,rbac"), ROLLED_BACK, "crash loop"),
    "H5a-policy-not-mounted": (_api("audit-policy-file", "/etc/kubernetes/nowhere/x"), REFUSED,
                               "by no mount"),
    "H5a-policy-without-rules": (_with_file("policy.yaml", _POLICY_WITHOUT_RULES, "audit-policy-file"),
                                 ROLLED_BACK, "crash loop"),
    "H5b-log-without-policy": ([_mounted(_AUDIT_LOG), *_api("audit-log-path", f"{_AUDIT_LOG}/a.log")],
                               REFUSED, "never writes"),
    "H5c-log-not-mounted": ([*_with_file("policy.yaml", _POLICY, "audit-policy-file"),
                             *_api("audit-log-path", f"{_AUDIT_LOG}/a.log")], REFUSED, "no mount"),
    "H5f-mount-of-no-file": ([_mounted(f"{_FOLDER}-absent", type="File")], REFUSED, "is no file"),
    "H5-age-is-no-number": (_api("audit-log-maxage", "30d"), REFUSED, "invalid argument"),
    "H6-key-too-short": (_with_file("e.yaml", _encryption(_SHORT_KEY), "encryption-provider-config"),
                         ROLLED_BACK, "crash loop"),
    "H6-plain-secrets-unread": (_with_file("e.yaml", _encryption(_NO_IDENTITY),
                                           "encryption-provider-config"), ROLLED_BACK, "500",
                                {"deadline": "60s"}),
    "H9-unknown-cipher": (_api("tls-cipher-suites", "TLS_NO_SUCH"), ROLLED_BACK, "crash loop"),
    "H9-no-suite-for-http2": (_api("tls-cipher-suites", _WITHOUT_AES_128), ROLLED_BACK, "",
                              {"stable": "25s", "deadline": "40s"}),
    # The running program is asked whether it takes its new arguments; nothing is restarted.
    "H10-no-duration": (_api("request-timeout", "300"), REFUSED, "invalid argument"),
    "H10-unknown-gate": (_api("feature-gates", "NoSuchGate=true"), REFUSED, "NoSuchGate"),
    "H10-unknown-flag": (flag("kube-controller-manager", "no-such-flag", "x"), REFUSED,
                         "unknown flag: --no-such-flag"),
    "H10-etcd-unknown-flag": (flag("etcd", "no-such-flag", "x"), REFUSED,
                              "flag provided but not defined"),
    # Parsed well; only the server that starts knows that it cannot be.
    "H10-no-timeout": (_api("request-timeout", "0"), ROLLED_BACK, ""),
    "H14-etcd-data-owner": ([{"setOwner": {"path": "/var/lib/etcd", "owner": "1000:1000"}}], REFUSED,
                            "/var/lib/etcd"),
    "H15-etcd-other-ca": (flag("etcd", "trusted-ca-file", "/etc/kubernetes/pki/etcd/server.crt"),
                          ROLLED_BACK, "apiserver-readyz is", {"deadline": "60s"}),
    "H23-other-client-ca": (_api("client-ca-file", "/etc/kubernetes/pki/front-proxy-ca.crt"),
                            ROLLED_BACK, "401", {"deadline": "60s"}),
    "H23-key-of-another": (_api("tls-private-key-file",
                                "/etc/kubernetes/pki/apiserver-kubelet-client.key"), ROLLED_BACK,
                           "crash loop"),
    # Well on its new address, and killed by kubelet, which asks the old one.
    "H24-scheduler-elsewhere": (flag("kube-scheduler", "bind-address", "10.77.0.11"), ROLLED_BACK,
                                "kubelet would kill it"),
    "H24-only-loopback": (_api("bind-address", "127.0.0.1"), ROLLED_BACK, "kubelet would kill it"),
    "kcm-unknown-controller": (flag("kube-controller-manager", "controllers", "*,no-such"),
                               ROLLED_BACK, "crash loop"),
}
