#include "node-agent/audit/judge_setting.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/catalog/describe_check.h"
#include "node-agent/audit/component_state.h"
#include "node-agent/audit/named_file.h"
#include "node-agent/audit/settings.h"

namespace belay {
namespace {

using Kind = EffectiveValue::Kind;

std::string OnNode(const ComponentState& state, const std::string& path) {
  if (state.container) return HostPathOf(*state.container, path).value_or("");
  return state.pod_uid.empty() ? path : "";
}

SettingCheck PathSetting(const std::string& component, const std::string& flag,
                         const std::string& key) {
  SettingCheck setting;
  setting.component = component;
  setting.flag = flag;
  setting.key = key;
  // etcd reads nothing but its file once it has one; kube-proxy takes its kubeconfig from there.
  setting.flag_ignored_with_file = component == "etcd" || component == "kube-proxy";
  return setting;
}

// What is missing from every judgement of a component's command lines: somebody must run, and a
// manifest that cannot be read may bring anything at the next start.
void AddGaps(const std::string& component, const ComponentState& state,
             std::vector<v1::Evidence>& evidence) {
  if (state.running.empty()) {
    evidence.push_back(EvidenceOf("processes", absl::StrCat(component, " runs"),
                                  absl::StrCat(component, " does not run here"), v1::ERROR));
  }
}

std::string ShownValue(const EffectiveValue& value, const std::string& name) {
  switch (value.kind) {
    case Kind::Given:
      return absl::StrCat(name, "=", value.value, " (", value.from, ")");
    case Kind::Default:
      return absl::StrCat(name, " not given; ", value.from, ": '", value.value, "'");
    case Kind::Unset:
      return absl::StrCat(name, " not given");
    case Kind::Unknown:
      break;
  }
  return value.from;
}

v1::AuditOutcome OutcomeOf(const SettingCheck& check, const CommandLine& line,
                           const EffectiveValue& value) {
  if (value.kind == Kind::Unknown) return v1::ERROR;
  // The manifest says $(NAME); what it stands for is judged by the process.
  if (value.is_variable && !line.running) return v1::NOT_APPLICABLE;
  const bool given = value.kind == Kind::Given;
  switch (check.test.kind) {
    case ValueTest::Kind::Present:
      return given && !value.value.empty() ? v1::PASS : v1::FAIL;
    case ValueTest::Kind::Absent:
      return given ? v1::FAIL : v1::PASS;
    default:
      break;
  }
  if (value.kind == Kind::Unset) return v1::ERROR;  // no default is known: no judgement
  return Passes(check.test, value.value) ? v1::PASS : v1::FAIL;
}

v1::Evidence JudgePath(const NamedFileCheck& check, const CommandLine& line,
                       const std::string& path, const Snapshot& snapshot) {
  using Rule = NamedFileCheck::Rule;
  const std::string expected = DescribeCheck([&check] {
    Check whole;
    whole.kind = Check::Kind::NamedFile;
    whole.named = check;
    return whole;
  }());
  const auto answer = [&](std::string found, v1::AuditOutcome outcome) {
    return EvidenceOf(absl::StrCat(line.where, " -> ", path), expected, std::move(found), outcome);
  };
  const auto look = snapshot.files.find(path);
  if (look == snapshot.files.end()) return answer("was not looked at", v1::ERROR);
  if (absl::IsNotFound(look->second.status())) return answer("there is no such file", v1::FAIL);
  if (!look->second.ok()) return answer(std::string(look->second.status().message()), v1::ERROR);
  if (check.rule == Rule::Exists) return answer("it is there", v1::PASS);
  const auto bytes = snapshot.contents.find(path);
  if (bytes == snapshot.contents.end()) return answer("was not read", v1::ERROR);
  if (!bytes->second.ok()) return answer(std::string(bytes->second.status().message()), v1::ERROR);
  if (check.rule == Rule::DiffersFrom) {
    const std::vector<NamedPath> others =
        PathsNamedBy(check.values.front(), check.values.back(), "", snapshot);
    if (others.empty()) return answer("there is nothing to compare it with", v1::ERROR);
    for (const NamedPath& other : others) {
      const auto content = snapshot.contents.find(other.on_node);
      if (content == snapshot.contents.end() || !content->second.ok()) {
        return answer("what it is compared with could not be read", v1::ERROR);
      }
      if (*content->second == *bytes->second)
        return answer("the same as " + other.on_node, v1::FAIL);
    }
    return answer("another file than " + others.front().on_node, v1::PASS);
  }
  const absl::StatusOr<ConfigValue> document = ReadComponentConfig(path, *bytes->second);
  // What this reader does not take (anchors, tags), the component may.
  if (!document.ok()) return answer(std::string(document.status().message()), v1::ERROR);
  FileVerdict verdict = JudgeDocument(check, *document);
  const v1::AuditOutcome outcome = verdict.kind == FileVerdict::Kind::Pass   ? v1::PASS
                                   : verdict.kind == FileVerdict::Kind::Fail ? v1::FAIL
                                                                             : v1::ERROR;
  return answer(std::move(verdict.found), outcome);
}

}  // namespace

std::vector<const CommandLine*> CommandLinesOf(const ComponentState& state) {
  std::vector<const CommandLine*> lines;
  if (state.manifest) lines.push_back(&*state.manifest);
  for (const CommandLine& line : state.running) lines.push_back(&line);
  return lines;
}

Judgement JudgeSetting(const SettingCheck& check, const Snapshot& snapshot) {
  const ComponentState& state = snapshot.Component(check.component);
  const std::string name = SettingName(check.flag, check.key);
  const std::string expected = absl::StrCat(
      name, check.entry.empty() ? "" : ", entry " + check.entry, " ", DescribeTest(check.test));
  std::vector<v1::Evidence> evidence;
  std::set<std::string> values;
  for (const CommandLine* line : CommandLinesOf(state)) {
    if (!line->status.ok()) {
      evidence.push_back(
          EvidenceOf(line->where, expected, std::string(line->status.message()), v1::ERROR));
      continue;
    }
    const EffectiveValue value = Effective(check, *line, state, snapshot.kubernetes);
    const v1::AuditOutcome outcome = OutcomeOf(check, *line, value);
    evidence.push_back(EvidenceOf(line->where, expected, ShownValue(value, name), outcome));
    const bool comparable = outcome == v1::PASS || outcome == v1::FAIL;
    if (comparable) values.insert(value.kind == Kind::Unset ? "(unset)" : "=" + value.value);
  }
  AddGaps(check.component, state, evidence);
  Judgement judgement = AllOf(std::move(evidence));
  judgement.differs_from_running = values.size() > 1 && state.manifest.has_value();
  return judgement;
}

Judgement JudgeNamedFile(const NamedFileCheck& check, const Snapshot& snapshot) {
  const ComponentState& state = snapshot.Component(check.component);
  const SettingCheck setting = PathSetting(check.component, check.flag, check.key);
  const std::string name = SettingName(check.flag, check.key);
  std::vector<v1::Evidence> evidence;
  for (const CommandLine* line : CommandLinesOf(state)) {
    const std::string expected = name + " names a file";
    if (!line->status.ok()) {
      evidence.push_back(
          EvidenceOf(line->where, expected, std::string(line->status.message()), v1::ERROR));
      continue;
    }
    const EffectiveValue value = Effective(setting, *line, state, snapshot.kubernetes);
    if (value.kind == Kind::Unknown) {
      evidence.push_back(EvidenceOf(line->where, expected, value.from, v1::ERROR));
    } else if (value.kind != Kind::Given || value.value.empty()) {
      evidence.push_back(EvidenceOf(line->where, expected, name + " not given", v1::FAIL));
    } else if (value.is_variable && !line->running) {
      evidence.push_back(EvidenceOf(line->where, expected, value.value, v1::NOT_APPLICABLE));
    } else if (const std::string path = OnNode(state, value.value); path.empty()) {
      evidence.push_back(EvidenceOf(line->where, expected,
                                    absl::StrCat(value.value,
                                                 " is inside of the container, no "
                                                 "mount shows it on the node"),
                                    v1::ERROR));
    } else {
      evidence.push_back(JudgePath(check, *line, path, snapshot));
    }
  }
  AddGaps(check.component, state, evidence);
  return AllOf(std::move(evidence));
}

std::vector<NamedPath> PathsNamedBy(const std::string& component, const std::string& flag,
                                    const std::string& key, const Snapshot& snapshot) {
  const ComponentState& state = snapshot.Component(component);
  const SettingCheck setting = PathSetting(component, flag, key);
  std::vector<NamedPath> paths;
  std::set<std::string> seen;
  for (const CommandLine* line : CommandLinesOf(state)) {
    if (!line->status.ok()) {
      paths.push_back({line->where, "", "", std::string(line->status.message())});
      continue;
    }
    const EffectiveValue value = Effective(setting, *line, state, snapshot.kubernetes);
    if (value.kind == Kind::Unknown) {
      paths.push_back({line->where, "", "", value.from});
    } else if (value.kind == Kind::Given && !value.value.empty() && !value.is_variable &&
               seen.insert(value.value).second) {
      paths.push_back({line->where, value.value, OnNode(state, value.value), ""});
    }
  }
  return paths;
}

std::vector<NamedPath> ConfigFilesOf(const std::string& component, const Snapshot& snapshot) {
  return PathsNamedBy(component, ConfigFlag(component), "", snapshot);
}

}  // namespace belay
