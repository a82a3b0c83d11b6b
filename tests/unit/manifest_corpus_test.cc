// A matrix of edits over every manifest of a folder of real files, judged by an oracle that shares
// no parser and no rule with the editor.  Wrong results: none.  Refusals: each is one that
// EDIT_CASES.md allows, and counted.  The corpus is what BELAY_CORPUS names, else a folder
// shared/corpus beside the checkout; our own golden files are always tried, and refuse nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "node-agent/manifest/edit.h"
#include "tests/support/oracle/command_line.h"
#include "tests/support/oracle/judge.h"
#include "tests/support/oracle/pod_place.h"
#include "tests/support/oracle/refusals.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

namespace fs = std::filesystem;
using oracle::PodPlace;
using oracle::Word;

// What is no valid operand of an edit in any file is not asked for.
bool IsOperand(const std::string& text) {
  return !text.empty() && text.find_first_of(" \t\n\"\\,=") == std::string::npos;
}

struct Case {
  std::string row;
  v1::Edit edit;
};

v1::Edit UnmountEdit(const std::string& path) {
  v1::Edit edit;
  edit.mutable_unmount_path()->set_mount_path(path);
  return edit;
}

std::string TextOf(const oracle::Value& map, const char* key) {
  const oracle::Value* const value = map.Find(key);
  return value == nullptr ? "" : oracle::AsString(*value);
}

// Edits of flags that stand in this very file: first, last, two items, bare, several times, a list.
void AddPresent(const oracle::CommandLine& line, std::vector<Case>& cases) {
  std::vector<const Word*> flags;
  for (size_t i = line.flags_begin; i < line.flags_end; ++i)
    if (IsOperand(line.words[i].flag) &&
        line.words[i].value.find_first_of("\n\t\r") == std::string::npos) {
      flags.push_back(&line.words[i]);
    }
  if (flags.empty()) return;
  const auto add = [&](const std::string& kind, const Word& word) {
    cases.push_back({"set " + kind, SetFlagEdit(word.flag, "belay:new,value=1")});
    cases.push_back({"set " + kind + " as it is", SetFlagEdit(word.flag, word.value)});
    cases.push_back({"unset " + kind, UnsetFlagEdit(word.flag)});
  };
  add("the first flag", *flags.front());
  add("the last flag", *flags.back());
  const auto add_first = [&](const std::string& kind, auto is) {
    const auto found = std::find_if(flags.begin(), flags.end(), is);
    if (found != flags.end()) add(kind, **found);
  };
  add_first("a two-item flag", [](const Word* w) { return w->items.size() == 2; });
  add_first("a bare flag", [](const Word* w) { return w->bare; });
  add_first("an empty flag", [](const Word* w) { return w->value.empty(); });
  add_first("a repeated flag", [&](const Word* w) { return UsesOf(line, w->flag).size() > 1; });
  for (const Word* const word : flags) {
    if (word->value.find(',') == std::string::npos) continue;
    const std::string head = word->value.substr(0, word->value.find(','));
    if (!IsOperand(head)) continue;
    cases.push_back({"merge into a list", MergeEdit(word->flag, {"Belay"})});
    cases.push_back({"merge what is there", MergeEdit(word->flag, {head})});
    cases.push_back({"merge out of a list", MergeEdit(word->flag, {}, {head})});
    break;
  }
  for (const Word* const word : flags) {
    const std::string& name = word->flag;
    if (name.size() < 6 || !UsesOf(line, name.substr(0, name.size() - 1)).empty()) continue;
    cases.push_back({"set a prefix of a flag", SetFlagEdit(name.substr(0, name.size() - 1), "x")});
    cases.push_back({"unset a prefix of a flag", UnsetFlagEdit(name.substr(0, name.size() - 1))});
    break;
  }
}

void AddMounts(const PodPlace& place, std::vector<Case>& cases) {
  cases.push_back({"mount a new path", MountEdit("belay-audit", "/etc/belay-audit", true)});
  cases.push_back({"unmount what is not there", UnmountEdit("/no/such/path")});
  const oracle::Value* const mounts = place.container->Find("volumeMounts");
  if (mounts == nullptr || mounts->items.empty()) return;
  const auto unmount = [&](const char* row, const oracle::Value& mount) {
    const std::string path = TextOf(mount, "mountPath");
    if (!path.empty()) cases.push_back({row, UnmountEdit(path)});
  };
  unmount("unmount the first", *mounts->items.front());
  unmount("unmount the last", *mounts->items.back());
  const oracle::Value* const volumes = place.spec->Find("volumes");
  if (volumes == nullptr) return;
  for (const oracle::ValuePtr& mount : mounts->items) {
    for (const oracle::ValuePtr& volume : volumes->items) {
      const oracle::Value* const host = volume->Find("hostPath");
      // An edit always has a type, so that a volume without one is never what it asks for (H4).
      const bool asked = host != nullptr && !TextOf(*host, "type").empty() &&
                         TextOf(*volume, "name") == TextOf(*mount, "name") &&
                         TextOf(*host, "path").rfind('/', 0) == 0 &&
                         TextOf(*host, "path").size() > 1;
      if (!asked) continue;
      v1::Edit edit = MountEdit(TextOf(*volume, "name"), TextOf(*host, "path"),
                                TextOf(*mount, "readOnly") == "true");
      edit.mutable_mount_path()->set_mount_path(TextOf(*mount, "mountPath"));
      edit.mutable_mount_path()->set_type(TextOf(*host, "type"));
      cases.push_back({"mount what is mounted", edit});
      return;
    }
  }
}

std::vector<Case> CasesFor(const PodPlace& place) {
  std::vector<Case> cases = {
      {"set profiling=false", SetFlagEdit("profiling", "false")},
      {"set v=4", SetFlagEdit("v", "4")},
      {"set a hard value", SetFlagEdit("tls-cipher-suites", "a: b, [c] #d \"e\" 'f' \\")},
      {"set an empty value", SetFlagEdit("belay-empty", "")},
      {"set a number", SetFlagEdit("belay-number", "010")},
      {"set audit-log-path", SetFlagEdit("audit-log-path", "/var/log/a.log")},
      {"set etcd-servers", SetFlagEdit("etcd-servers", "https://[::1]:2379")},
      {"unset profiling", UnsetFlagEdit("profiling")},
      {"unset v", UnsetFlagEdit("v")},
      {"unset etcd-servers", UnsetFlagEdit("etcd-servers")},
      {"merge plugins", MergeEdit("enable-admission-plugins", {"NodeRestriction", "PodSecurity"})},
      {"merge authorization", MergeEdit("authorization-mode", {"Node", "RBAC"}, {"AlwaysAllow"})},
      {"merge feature gate", MergeEdit("feature-gates", {"Second=true"})}};
  AddPresent(ReadCommandLine(*place.container, place.names), cases);
  AddMounts(place, cases);
  return cases;
}

void Address(v1::Edit& edit, const std::string& manifest, const std::string& container) {
  const auto set = [&](auto* message) {
    message->set_manifest(manifest);
    message->set_container(container);
  };
  if (edit.has_set_flag()) set(edit.mutable_set_flag());
  if (edit.has_unset_flag()) set(edit.mutable_unset_flag());
  if (edit.has_merge_list_flag()) set(edit.mutable_merge_list_flag());
  if (edit.has_mount_path()) set(edit.mutable_mount_path());
  if (edit.has_unmount_path()) set(edit.mutable_unmount_path());
}

struct Counts {
  int edited = 0;
  int already = 0;
  int refused = 0;
};

struct Table {
  std::map<std::string, Counts> rows;
  std::map<std::string, int> refusals;  // by EDIT_CASES id
  int files = 0;
  int unreadable = 0;
  int other_kinds = 0;
  int pods = 0;
  int pods_refused = 0;  // for every edit
  Counts all;
};

// The result is right, and a second run changes nothing.  True when it was not refused.
bool TryOne(const std::string& path, const std::string& bytes, const std::string& manifest,
            const Case& one, Table& table) {
  SCOPED_TRACE(path + ": " + one.row + ": " + one.edit.ShortDebugString());
  Counts& row = table.rows[one.row];
  const auto outcome = ApplyEdits(bytes, manifest, {one.edit});
  if (!outcome.ok()) {
    ++row.refused;
    ++table.all.refused;
    const std::string message(outcome.status().message());
    const std::string id = oracle::AllowedRefusal(message);
    ++table.refusals[id.empty() ? "NOT ALLOWED" : id];
    EXPECT_NE(id, "") << "no case allows this refusal: " << message;
    EXPECT_NE(message.find("line "), std::string::npos) << message;
    if (std::getenv("BELAY_CORPUS_REASONS") != nullptr)
      std::cout << id << ": " << path << ": " << one.row << ": " << message << "\n";
    return false;
  }
  ++(outcome->changed ? row.edited : row.already);
  ++(outcome->changed ? table.all.edited : table.all.already);
  EXPECT_EQ(outcome->changed, outcome->bytes != bytes);
  EXPECT_EQ(oracle::JudgeEdit(bytes, outcome->bytes, manifest, one.edit), "");
  const auto again = ApplyEdits(outcome->bytes, manifest, {one.edit});
  if (!again.ok()) {
    ADD_FAILURE() << "the second run is refused: " << again.status();
    return true;
  }
  EXPECT_EQ(again->bytes, outcome->bytes) << "twice is not once";
  EXPECT_FALSE(again->changed);
  return true;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// What kubelet would not run as one pod must be refused; nothing else is asked of it.
void TryOther(const std::string& path, const std::string& bytes, const std::string& manifest) {
  SCOPED_TRACE(path);
  v1::Edit edit = SetFlagEdit("profiling", "false");
  Address(edit, manifest, "");
  const auto outcome = ApplyEdits(bytes, manifest, {edit});
  ASSERT_FALSE(outcome.ok()) << "edited, but it is not one readable pod";
  EXPECT_NE(outcome.status().message().find("line "), std::string::npos) << outcome.status();
}

void TryFile(const fs::path& path, const std::string& manifest, Table& table) {
  const std::string bytes = ReadFile(path);
  ++table.files;
  const auto documents = oracle::ReadStream(bytes);
  if (!documents.ok()) {
    ++table.unreadable;
    return TryOther(path, bytes, manifest);
  }
  std::string container;
  if (documents->size() == 1) {
    const oracle::Value* const spec = documents->front()->Find("spec");
    const oracle::Value* const list = spec == nullptr ? nullptr : spec->Find("containers");
    if (list != nullptr && !list->items.empty()) container = TextOf(*list->items.front(), "name");
  }
  const PodPlace place = oracle::FindPlace(bytes, manifest, container);
  if (container.empty() || !place.problem.empty()) {
    ++table.other_kinds;
    return TryOther(path, bytes, manifest);
  }
  ++table.pods;
  bool some = false;
  for (Case& one : CasesFor(place)) {
    Address(one.edit, manifest, container);
    some = TryOne(path, bytes, manifest, one, table) || some;
  }
  table.pods_refused += some ? 0 : 1;
}

void Print(const Table& table) {
  std::cout << table.files << " files: " << table.pods << " pods, " << table.other_kinds
            << " of other kinds, " << table.unreadable << " unreadable\n"
            << "edit                           edited  already  refused\n";
  const auto line = [](const std::string& name, const Counts& counts) {
    std::printf("%-30s %6d %8d %8d\n", name.c_str(), counts.edited, counts.already, counts.refused);
  };
  for (const auto& [name, counts] : table.rows) line(name, counts);
  line("all", table.all);
  const int tried = table.all.edited + table.all.already + table.all.refused;
  std::printf("refused: %.2f %% of the edits; %d of %d pods (%.2f %%) whatever the edit\n",
              100.0 * table.all.refused / std::max(tried, 1), table.pods_refused, table.pods,
              100.0 * table.pods_refused / std::max(table.pods, 1));
  for (const auto& [id, count] : table.refusals)
    std::printf("  %-12s %6d refusals, %.2f %%\n", id.c_str(), count,
                100.0 * count / std::max(tried, 1));
}

// Of all that was tried, whatever the reason and whether a case allows it or not.
void CheckShare(const Table& table) {
  const int tried = table.all.edited + table.all.already + table.all.refused;
  EXPECT_LT(100.0 * table.all.refused, 3.0 * tried);
}

bool IsManifest(const fs::directory_entry& entry) {
  const std::string ending = entry.path().extension();
  return entry.is_regular_file() && (ending == ".yaml" || ending == ".json" || ending == ".yml");
}

fs::path CorpusFolder() {
  if (const char* const named = std::getenv("BELAY_CORPUS")) return named;
  for (const char* const beside : {"../shared/corpus", "../../shared/corpus"}) {
    const fs::path folder = fs::path(BELAY_SOURCE) / beside;
    if (fs::is_directory(folder)) return folder;
  }
  return {};
}

TEST(ManifestCorpus, OurGoldenFilesAreEditedAndNeverRefused) {
  Table table;
  for (const auto& entry : fs::recursive_directory_iterator(BELAY_GOLDEN)) {
    if (IsManifest(entry)) TryFile(entry.path(), "kube-apiserver", table);
  }
  ASSERT_GT(table.pods, 0);
  Print(table);
}

TEST(ManifestCorpus, NoEditGivesAWrongResultOnRealFiles) {
  const fs::path corpus = CorpusFolder();
  if (corpus.empty()) {
    std::cout << "no folder of real files beside the checkout, and BELAY_CORPUS is not set\n";
    return;
  }
  Table table;
  for (const auto& entry : fs::recursive_directory_iterator(corpus)) {
    if (IsManifest(entry))
      TryFile(entry.path(), entry.path().parent_path().filename().string(), table);
  }
  ASSERT_GT(table.pods, 0) << "no pod below " << corpus;
  Print(table);
  CheckShare(table);
}

}  // namespace
}  // namespace belay
