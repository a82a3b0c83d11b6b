#include "node-agent/audit/judge_files.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/catalog/describe_check.h"
#include "node-agent/audit/judge_setting.h"

namespace belay {
namespace {

// "*.crt" and plain names; nothing more is needed.
bool NameMatches(const std::string& pattern, const std::string& name) {
  if (!pattern.empty() && pattern.front() == '*') {
    return absl::EndsWith(name, pattern.substr(1));
  }
  return pattern == name;
}

class FileJudge {
 public:
  FileJudge(const FileCheck& check, const Snapshot& snapshot) : check_(check), snapshot_(snapshot) {
    if (check.mode_at_most) expected_ = "mode at most " + OctalMode(*check.mode_at_most);
    if (!check.owner.empty()) {
      absl::StrAppend(&expected_, expected_.empty() ? "" : ", ", "owner ", check.owner);
    }
  }

  Judgement Judge() {
    LookAtManifest();
    const bool named = LookAtNamed();
    if (!check_.first_only || !named) LookAtPaths();
    for (const std::string& directory : check_.below) LookBelow(directory);
    if (evidence_.empty()) return Missing();
    return AllOf(std::move(evidence_));
  }

 private:
  void LookAtManifest() {
    if (check_.manifest.empty()) return;
    const ComponentState& state = snapshot_.Component(check_.manifest);
    if (!state.manifest) {
      missing_.push_back("a manifest of " + check_.manifest);
      return;
    }
    LookAt(state.manifest_path, true);
  }

  // Whether a setting names a file, so that no other is meant.
  bool LookAtNamed() {
    if (check_.component.empty()) return false;
    bool named = false;
    for (const NamedPath& path :
         PathsNamedBy(check_.component, check_.flag, check_.key, snapshot_)) {
      named = true;
      if (!path.unknown.empty()) {
        Add(path.where, path.unknown, v1::ERROR);
      } else if (path.on_node.empty()) {
        missing_.push_back(absl::StrCat(path.given, " (", path.where,
                                        " has it inside of its container, not on the node)"));
      } else {
        LookAt(path.on_node, check_.missing == FileCheck::Missing::Error);
      }
    }
    if (!named) missing_.push_back(SettingName(check_.flag, check_.key) + " names none");
    return named;
  }

  void LookAtPaths() {
    for (const std::string& path : check_.paths) {
      const std::size_t before = evidence_.size();
      LookAt(path, false);
      if (check_.first_only && evidence_.size() != before) return;
    }
  }

  void LookBelow(const std::string& directory) {
    const auto tree = snapshot_.trees.find(directory);
    if (tree == snapshot_.trees.end()) return Add(directory, "was not looked at", v1::ERROR);
    if (absl::IsNotFound(tree->second.status)) {
      missing_.push_back(directory);
      return;
    }
    if (!tree->second.status.ok()) {
      Add(directory, std::string(tree->second.status.message()), v1::ERROR);
    }
    for (const TreeEntry& entry : tree->second.entries) {
      const bool directory_entry = entry.facts.type == EntryType::Directory;
      if (directory_entry && !check_.directories) continue;
      const std::string name = entry.path.substr(entry.path.rfind('/') + 1);
      const bool chosen =
          check_.names.empty() ||
          std::any_of(check_.names.begin(), check_.names.end(),
                      [&](const std::string& pattern) { return NameMatches(pattern, name); });
      if (chosen) JudgeFacts(entry.path, entry.facts);
    }
    if (evidence_.empty()) missing_.push_back(directory + " (nothing of the kind in it)");
  }

  void LookAt(const std::string& path, bool must_be_there) {
    const auto found = snapshot_.files.find(path);
    if (found == snapshot_.files.end()) return Add(path, "was not looked at", v1::ERROR);
    const absl::StatusOr<FileFacts>& facts = found->second;
    if (facts.ok()) return JudgeFacts(path, *facts);
    if (absl::IsNotFound(facts.status()) && !must_be_there) {
      missing_.push_back(path);
      return;
    }
    Add(path, std::string(facts.status().message()), v1::ERROR);
  }

  void JudgeFacts(const std::string& path, const FileFacts& facts) {
    std::string found =
        absl::StrCat("mode ", OctalMode(facts.mode), ", owner ", facts.uid, ":", facts.gid);
    v1::AuditOutcome outcome = v1::PASS;
    // Rights that nothing may have beyond the bound; set-id and sticky bits are among them.
    if (check_.mode_at_most && (facts.mode & ~*check_.mode_at_most) != 0) outcome = v1::FAIL;
    if (!check_.owner.empty()) outcome = Worse(outcome, OwnerOutcome(facts, found));
    Add(path, std::move(found), outcome);
  }

  v1::AuditOutcome OwnerOutcome(const FileFacts& facts, std::string& found) const {
    const std::size_t colon = check_.owner.find(':');
    const v1::AuditOutcome user =
        NumberOutcome(snapshot_.users, check_.owner.substr(0, colon), facts.uid, "user", found);
    const v1::AuditOutcome group =
        NumberOutcome(snapshot_.groups, check_.owner.substr(colon + 1), facts.gid, "group", found);
    return Worse(user, group);
  }

  static v1::AuditOutcome NumberOutcome(
      const absl::StatusOr<std::map<std::string, std::uint32_t>>& accounts, const std::string& name,
      std::uint32_t number, const char* what, std::string& found) {
    // Root is 0 to the kernel, whatever a file says.
    if (name == "root") return number == 0 ? v1::PASS : v1::FAIL;
    if (!accounts.ok()) {
      absl::StrAppend(&found, "; the node's ", what, "s could not be read");
      return v1::ERROR;
    }
    const auto account = accounts->find(name);
    if (account != accounts->end()) return account->second == number ? v1::PASS : v1::FAIL;
    absl::StrAppend(&found, "; the node has no ", what, " ", name);
    return v1::FAIL;
  }

  static v1::AuditOutcome Worse(v1::AuditOutcome a, v1::AuditOutcome b) {
    if (a == v1::FAIL || b == v1::FAIL) return v1::FAIL;
    return a == v1::ERROR || b == v1::ERROR ? v1::ERROR : v1::PASS;
  }

  Judgement Missing() {
    for (std::string& each : missing_) {
      evidence_.push_back(EvidenceOf(std::move(each), expected_, "not there", v1::NOT_APPLICABLE));
    }
    Judgement judgement;
    judgement.evidence = std::move(evidence_);
    judgement.reason = "none of the files is on this node";
    switch (check_.missing) {
      case FileCheck::Missing::Error:
        judgement.outcome = v1::ERROR;
        judgement.reason += ", and there must be one somewhere";
        break;
      case FileCheck::Missing::Fail:
        judgement.outcome = v1::FAIL;
        break;
      case FileCheck::Missing::NotApplicable:
        judgement.outcome = v1::NOT_APPLICABLE;
        break;
    }
    return judgement;
  }

  void Add(const std::string& where, std::string found, v1::AuditOutcome outcome) {
    evidence_.push_back(EvidenceOf(where, expected_, std::move(found), outcome));
  }

  const FileCheck& check_;
  const Snapshot& snapshot_;
  std::string expected_;
  std::vector<v1::Evidence> evidence_;
  std::vector<std::string> missing_;
};

struct WantedSets {
  std::set<std::string> files;
  std::set<std::string> contents;
  std::set<std::string> trees;
};

void AddNamed(const NamedFileCheck& check, const Snapshot& snapshot, WantedSets& wanted) {
  const bool content = check.rule != NamedFileCheck::Rule::Exists;
  for (const NamedPath& path : PathsNamedBy(check.component, check.flag, check.key, snapshot)) {
    if (path.on_node.empty()) continue;
    wanted.files.insert(path.on_node);
    if (content) wanted.contents.insert(path.on_node);
  }
  if (check.rule != NamedFileCheck::Rule::DiffersFrom) return;
  for (const NamedPath& path :
       PathsNamedBy(check.values.front(), check.values.back(), "", snapshot)) {
    if (!path.on_node.empty()) wanted.contents.insert(path.on_node);
  }
}

void AddFiles(const FileCheck& check, const Snapshot& snapshot, WantedSets& wanted) {
  if (!check.manifest.empty() && snapshot.Component(check.manifest).manifest) {
    wanted.files.insert(snapshot.Component(check.manifest).manifest_path);
  }
  if (!check.component.empty()) {
    for (const NamedPath& path : PathsNamedBy(check.component, check.flag, check.key, snapshot)) {
      if (!path.on_node.empty()) wanted.files.insert(path.on_node);
    }
  }
  wanted.files.insert(check.paths.begin(), check.paths.end());
  wanted.trees.insert(check.below.begin(), check.below.end());
}

void AddCheck(const Check& check, const Snapshot& snapshot, WantedSets& wanted) {
  if (check.kind == Check::Kind::File) AddFiles(check.file, snapshot, wanted);
  if (check.kind == Check::Kind::NamedFile) AddNamed(check.named, snapshot, wanted);
  for (const Check& child : check.children) AddCheck(child, snapshot, wanted);
}

}  // namespace

Judgement JudgeFiles(const FileCheck& check, const Snapshot& snapshot) {
  return FileJudge(check, snapshot).Judge();
}

Wanted WantedBy(const Catalog& catalog, const Snapshot& snapshot) {
  WantedSets wanted;
  for (const Control& control : catalog.controls) AddCheck(control.check, snapshot, wanted);
  return {{wanted.files.begin(), wanted.files.end()},
          {wanted.contents.begin(), wanted.contents.end()},
          {wanted.trees.begin(), wanted.trees.end()}};
}

}  // namespace belay
