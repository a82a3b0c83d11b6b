#include "node-agent/change/value_rules.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/csv_items.h"
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
// A flag that names the file which says it instead: of what kind the file is, and where it says it.
struct SaidInFile {
  std::string_view subject, flag, by_flag, kind, section;
};
constexpr std::array<SaidInFile, 2> kSaidInFile = {{
    {"kube-apiserver", "anonymous-auth", "authentication-config", "AuthenticationConfiguration",
     "anonymous"},
    {"kube-apiserver", "authorization-mode", "authorization-config", "AuthorizationConfiguration",
     "authorizers"},
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
  const std::optional<std::vector<std::string>> items = CsvItems(given);
  // Quotes that do not match: nobody knows what the component makes of it.
  if (!items) return absl::StrContains(given, wanted);
  return given == wanted || std::find(items->begin(), items->end(), wanted) != items->end();
}

using Values = std::vector<std::string>;

Values OpenDefaultOf(const ValueRule& rule) {
  Values values;
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

// Everything that a file says in documents of one kind.
struct FileReading {
  std::vector<ConfigValue> documents;
  bool is_riddle = false;  // it may be of that kind, and is written so that it cannot be told
};

FileReading Read(const FileVersion& file, std::string_view kind) {
  FileReading reading;
  if (!file.exists) return reading;
  absl::StatusOr<std::vector<ConfigValue>> documents =
      CheckBytes(file.bytes).ok() ? ReadAsKubelet(file.bytes)
                                  : absl::StatusOr<std::vector<ConfigValue>>(
                                        absl::FailedPreconditionError("not plain text"));
  if (!documents.ok()) {
    // Anchors, tags, UTF-16 and broken YAML: what is of any kind must say so with a key.
    constexpr std::array<std::string_view, 5> kHints = {"kind", "\\u", "\\x", "\\U", "!!binary"};
    const std::string_view bytes = file.bytes;
    reading.is_riddle = bytes.find('\0') != std::string_view::npos ||
                        std::any_of(kHints.begin(), kHints.end(), [bytes](std::string_view hint) {
                          return bytes.find(hint) != std::string_view::npos;
                        });
    return reading;
  }
  for (ConfigValue& document : *documents) {
    if (document.kind != ConfigValue::Kind::Map) continue;
    const bool is_it = std::any_of(document.map.begin(), document.map.end(), [kind](const auto& e) {
      return e.key == "kind" && e.value.text == kind;
    });
    if (is_it) reading.documents.push_back(std::move(document));
  }
  return reading;
}

// Anonymous access for some paths only (health checks) is nothing that opens the API server.
bool IsNarrowed(const ConfigValue& document, const ValueRule& rule) {
  if (rule.subject != "AuthenticationConfiguration" || rule.name != "anonymous.enabled")
    return false;
  ConfigValue copy = document;
  ConfigValue* const section = copy.Find("anonymous");
  ConfigValue* const conditions = section == nullptr || section->kind != ConfigValue::Kind::Map
                                      ? nullptr
                                      : section->Find("conditions");
  return copy.Count("anonymous") == 1 && conditions != nullptr && !conditions->list.empty();
}

Values ValuesInFile(const FileReading& reading, const ValueRule& rule) {
  Values values;
  for (const ConfigValue& document : reading.documents) {
    if (!IsNarrowed(document, rule)) CollectValues(document, rule.name, &values);
  }
  return values;
}

bool HasSection(const FileVersion& file, std::string_view kind, std::string_view section) {
  const FileReading reading = Read(file, kind);
  return std::any_of(
      reading.documents.begin(), reading.documents.end(),
      [section](const ConfigValue& document) { return document.Count(section) > 0; });
}

// The rule for it judges the file that the step brings; one that was named before is as it was.
bool IsSaidInFile(const std::vector<std::string>& argv, const std::vector<std::string>& argv_before,
                  const ValueRule& rule, const StepChanges& changes) {
  for (const SaidInFile& file : kSaidInFile) {
    if (file.subject != rule.subject || file.flag != rule.name) continue;
    if (!FlagValue(argv, file.by_flag)) return false;
    const bool brought =
        std::any_of(changes.begin(), changes.end(), [&file](const PathChange& change) {
          return change.manifest.empty() && HasSection(change.after, file.kind, file.section);
        });
    return brought || FlagValue(argv_before, file.by_flag).has_value();
  }
  return false;
}

// Of one flag or key before and after: is the rule broken now, and was it not?
bool IsBrokenAnew(const Values& before, const Values& after, const ValueRule& rule) {
  if (!rule.value) return !after.empty() && after != before;
  const auto breaks = [&rule](const std::string& value) { return IsOneOf(value, *rule.value); };
  return std::any_of(after.begin(), after.end(), breaks) &&
         std::none_of(before.begin(), before.end(), breaks);
}

bool BreaksInPod(const PathChange& change, const ValueRule& rule, const StepChanges& changes) {
  const absl::StatusOr<PodFacts> after = ReadPod(change.after.bytes);
  if (!after.ok()) return false;
  const absl::StatusOr<PodFacts> before = ReadPod(change.before.bytes);
  for (const ContainerFacts& container : after->containers) {
    const std::vector<std::string> argv = Argv(container);
    std::vector<std::string> old_argv;
    bool was_there = false;
    if (before.ok()) {
      for (const ContainerFacts& was : before->containers) {
        if (was.name != container.name) continue;
        old_argv = Argv(was);
        was_there = true;
      }
    }
    Values now = FlagValues(argv, rule.name);
    Values old = FlagValues(old_argv, rule.name);
    if (rule.value) {
      if (now.empty() && !IsSaidInFile(argv, old_argv, rule, changes)) now = OpenDefaultOf(rule);
      if (was_there && old.empty() && !IsSaidInFile(old_argv, old_argv, rule, {})) {
        old = OpenDefaultOf(rule);
      }
    }
    if (IsBrokenAnew(old, now, rule)) return true;
  }
  return false;
}

bool BreaksInFile(const PathChange& change, const ValueRule& rule) {
  if (!change.manifest.empty() || change.before.bytes == change.after.bytes) return false;
  const FileReading after = Read(change.after, rule.subject);
  return after.is_riddle || IsBrokenAnew(ValuesInFile(Read(change.before, rule.subject), rule),
                                         ValuesInFile(after, rule), rule);
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
      "etcd --config-file",
      "etcd --client-cert-auth=false",
      "etcd --peer-client-cert-auth=false",
      "etcd --auto-tls=true",
      "etcd --peer-auto-tls=true",
      "KubeletConfiguration authentication.anonymous.enabled=true",
      "KubeletConfiguration authorization.mode=AlwaysAllow",
      "AuthenticationConfiguration anonymous.enabled=true",
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
          rule.is_flag ? change.manifest == rule.subject && BreaksInPod(change, rule, changes)
                       : BreaksInFile(change, rule);
      if (!breaks) continue;
      broken.push_back(absl::StrCat(
          change.path, " would get \"", TextOf(rule),
          "\" (or is written with anchors, tags or the like, so that it cannot be told), which "
          "forbidden_values in this node's agent.yaml rules out whoever signs it; leave the edit "
          "out of the plan, write it plainly, or take the rule away on the node"));
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
