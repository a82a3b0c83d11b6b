#include "node-agent/change/value_rules.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "node-agent/configfile/config_value.h"
#include "node-agent/configfile/kubelet_reading.h"
#include "node-agent/manifest/check_bytes.h"
#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

// What a flag that is not given means, where that is open (kube-apiserver and etcd --help).
struct OpenDefault {
  std::string_view subject, flag, value;
};
constexpr std::array<OpenDefault, 4> kOpenDefaults = {{
    {"kube-apiserver", "anonymous-auth", "true"},
    {"kube-apiserver", "authorization-mode", "AlwaysAllow"},
    {"etcd", "client-cert-auth", "false"},
    {"etcd", "peer-client-cert-auth", "false"},
}};
// A file that says it instead of the flag.
constexpr std::array<OpenDefault, 2> kInsteadOf = {{
    {"kube-apiserver", "anonymous-auth", "authentication-config"},
    {"kube-apiserver", "authorization-mode", "authorization-config"},
}};

bool IsWord(std::string_view text) {
  return !text.empty() && std::isalnum(static_cast<unsigned char>(text[0])) != 0 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' ||
                  c == '.';
         });
}

// The words that Go's strconv.ParseBool takes.
std::string_view Boolean(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "FALSE", "false", "False"};
  if (std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end()) return "true";
  if (std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end()) return "false";
  return text;
}

bool IsOneOf(const std::string& given, const std::string& wanted) {
  const bool boolean = wanted == "true" || wanted == "false";
  if (boolean) return Boolean(given) == wanted;
  for (const absl::string_view item : absl::StrSplit(given, ',')) {
    if (absl::StripAsciiWhitespace(item) == wanted) return true;
  }
  return given == wanted;
}

using Values = std::vector<std::string>;

Values ValuesOfFlag(const ContainerFacts& container, const ValueRule& rule) {
  const std::vector<std::string> argv = Argv(container);
  Values values = FlagValues(argv, rule.name);
  if (!values.empty() || !rule.value) return values;
  for (const OpenDefault& other : kInsteadOf) {
    if (other.subject == rule.subject && other.flag == rule.name &&
        FlagValue(argv, other.value).has_value()) {
      return {};
    }
  }
  for (const OpenDefault& open : kOpenDefaults) {
    if (open.subject == rule.subject && open.flag == rule.name) values.emplace_back(open.value);
  }
  return values;
}

// Every value at the path: through each item of a list, and under a key that is there twice.
void CollectValues(const ConfigValue& at, std::string_view path, Values* values) {
  if (at.kind == ConfigValue::Kind::List) {
    for (const ConfigValue& item : at.list) CollectValues(item, path, values);
    return;
  }
  if (path.empty()) {
    if (at.IsScalar()) values->push_back(at.kind == ConfigValue::Kind::Null ? "" : at.text);
    return;
  }
  const std::size_t dot = path.find('.');
  const std::string_view key = path.substr(0, dot);
  const std::string_view rest = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  for (const ConfigValue::Entry& entry : at.map) {
    if (entry.key == key) CollectValues(entry.value, rest, values);
  }
}

Values ValuesInFile(const FileVersion& file, const ValueRule& rule) {
  Values values;
  if (!file.exists || !CheckBytes(file.bytes).ok()) return values;
  absl::StatusOr<std::vector<ConfigValue>> documents = ReadAsKubelet(file.bytes);
  if (!documents.ok()) return values;
  for (ConfigValue& document : *documents) {
    const ConfigValue* const kind =
        document.kind == ConfigValue::Kind::Map ? document.Find("kind") : nullptr;
    if (kind != nullptr && kind->text == rule.subject) {
      CollectValues(document, rule.name, &values);
    }
  }
  return values;
}

// Of one flag or key before and after: is the rule broken now, and was it not?
bool IsBrokenAnew(const Values& before, const Values& after, const ValueRule& rule) {
  if (!rule.value) return !after.empty() && after != before;
  const auto breaks = [&rule](const std::string& value) { return IsOneOf(value, *rule.value); };
  return std::any_of(after.begin(), after.end(), breaks) &&
         std::none_of(before.begin(), before.end(), breaks);
}

bool BreaksInPod(const PathChange& change, const ValueRule& rule) {
  const absl::StatusOr<PodFacts> after = ReadPod(change.after.bytes);
  if (!after.ok()) return false;
  const absl::StatusOr<PodFacts> before = ReadPod(change.before.bytes);
  for (const ContainerFacts& container : after->containers) {
    Values old;
    if (before.ok()) {
      for (const ContainerFacts& was : before->containers) {
        if (was.name == container.name) old = ValuesOfFlag(was, rule);
      }
    }
    if (IsBrokenAnew(old, ValuesOfFlag(container, rule), rule)) return true;
  }
  return false;
}

std::string TextOf(const ValueRule& rule) {
  return absl::StrCat(rule.subject, rule.is_flag ? " --" : " ", rule.name, rule.value ? "=" : "",
                      rule.value.value_or(""));
}

}  // namespace

absl::StatusOr<ValueRule> ParseValueRule(std::string_view text) {
  const auto bad = [] {
    return absl::InvalidArgumentError(
        "must be like \"kube-apiserver --authorization-mode=AlwaysAllow\", \"kube-apiserver "
        "--token-auth-file\" or \"KubeletConfiguration authentication.anonymous.enabled=true\"");
  };
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return bad();
  ValueRule rule;
  rule.subject = std::string(text.substr(0, space));
  std::string_view rest = text.substr(space + 1);
  rule.is_flag = rest.substr(0, 2) == "--";
  if (rule.is_flag) rest.remove_prefix(2);
  const std::size_t equals = rest.find('=');
  rule.name = std::string(rest.substr(0, equals));
  if (equals != std::string_view::npos) rule.value = std::string(rest.substr(equals + 1));
  if (!IsWord(rule.subject) || !IsWord(rule.name)) return bad();
  if (rule.value) rule.value = std::string(Boolean(*rule.value));
  return rule;
}

const std::vector<std::string>& DefaultForbiddenValues() {
  static const std::vector<std::string> kRules = {
      "kube-apiserver --anonymous-auth=true",
      "kube-apiserver --authorization-mode=AlwaysAllow",
      "kube-apiserver --enable-admission-plugins=AlwaysAdmit",
      "kube-apiserver --insecure-bind-address",
      "kube-apiserver --token-auth-file",
      "etcd --client-cert-auth=false",
      "etcd --peer-client-cert-auth=false",
      "etcd --auto-tls=true",
      "etcd --peer-auto-tls=true",
      "KubeletConfiguration authentication.anonymous.enabled=true",
      "KubeletConfiguration authorization.mode=AlwaysAllow",
      "AuthorizationConfiguration authorizers.type=AlwaysAllow"};
  return kRules;
}

std::vector<std::string> FindForbiddenValues(const StepChanges& changes,
                                             const std::vector<ValueRule>& rules) {
  std::vector<std::string> broken;
  for (const PathChange& change : changes) {
    if (!change.changed()) continue;
    for (const ValueRule& rule : rules) {
      const bool breaks =
          rule.is_flag
              ? change.manifest == rule.subject && BreaksInPod(change, rule)
              : change.manifest.empty() && IsBrokenAnew(ValuesInFile(change.before, rule),
                                                        ValuesInFile(change.after, rule), rule);
      if (!breaks) continue;
      broken.push_back(absl::StrCat(
          change.path, " would get \"", TextOf(rule),
          "\", which forbidden_values in this node's agent.yaml rules out whoever signs it; leave "
          "the edit out of the plan, or take the rule away on the node"));
    }
  }
  return broken;
}

absl::StatusOr<StepChanges> WithoutForbidden(StepChanges changes,
                                             const std::vector<ValueRule>& rules) {
  const std::vector<std::string> broken = FindForbiddenValues(changes, rules);
  if (broken.empty()) return changes;
  return absl::FailedPreconditionError(absl::StrJoin(broken, "; "));
}

}  // namespace belay
