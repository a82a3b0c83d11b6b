// The names, values and paths that made pods and edits of them are put together from.
#pragma once
#include <array>
#include <string>
#include <string_view>

namespace belay::fuzz {

inline constexpr std::array<std::string_view, 16> kFlags = {"profiling",
                                                            "v",
                                                            "etcd-servers",
                                                            "etcd-servers-overrides",
                                                            "audit-log-path",
                                                            "audit-log-maxage",
                                                            "enable-admission-plugins",
                                                            "feature-gates",
                                                            "authorization-mode",
                                                            "tls-cert-file",
                                                            "data-dir",
                                                            "name",
                                                            "anonymous-auth",
                                                            "service-account-issuer",
                                                            "tls-cipher-suites",
                                                            "vmodule"};

inline constexpr std::array<std::string_view, 31> kValues = {"false",
                                                             "true",
                                                             "/etc/kubernetes/pki/ca.crt",
                                                             "https://127.0.0.1:2379",
                                                             "4",
                                                             "NodeRestriction",
                                                             "Node,RBAC",
                                                             "A=true,B=false",
                                                             "",
                                                             "a: b",
                                                             "x #y",
                                                             "$(HOST_IP)",
                                                             "https://[::1]:2379,https://b",
                                                             "{{ x }}",
                                                             "it's",
                                                             "say \"hi\"",
                                                             "back\\slash",
                                                             "/events#http://127.0.0.1:4002",
                                                             "*,x",
                                                             "\xC3\xBC\xE4\xB8\xAD",
                                                             "010",
                                                             "~",
                                                             "yes",
                                                             "1e3",
                                                             "k=v",
                                                             "a, b,,c",
                                                             "False",
                                                             "two words",
                                                             "-1",
                                                             "ends:",
                                                             "-rf"};

inline constexpr std::array<std::string_view, 4> kPaths = {
    "/etc/kubernetes/pki", "/var/lib/etcd", "/etc/ssl/certs", "/etc/kubernetes/audit"};

inline constexpr std::array<std::string_view, 4> kVolumes = {"k8s-certs", "etcd-data", "ca-certs",
                                                             "audit"};

inline std::string Text(std::string_view text) { return std::string(text); }

}  // namespace belay::fuzz
