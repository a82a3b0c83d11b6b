// A small matrix of edits over a folder of manifests: the one BELAY_CORPUS names, else our own
// golden files.  Each result is judged by a model of its own (yaml-cpp's tree); refusals are
// counted.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "node-agent/manifest/edit.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

using Texts = std::vector<std::string>;

// The document as one canonical text; `skip` are the nodes that the edit may change.
std::string Canonical(const YAML::Node& node, const std::vector<YAML::Node>& skip) {
  for (const YAML::Node& skipped : skip) {
    if (node.is(skipped)) return "<edited>";
  }
  std::string text;
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      return "null";
    case YAML::NodeType::Scalar:
      return (node.Tag() == "!" ? "q:" : "p:") + node.Scalar() + "\n";
    case YAML::NodeType::Sequence:
      for (const YAML::Node& item : node) text += "- " + Canonical(item, skip);
      return "[" + text + "]";
    case YAML::NodeType::Map:
      break;
  }
  std::map<std::string, std::string> entries;
  for (const auto& entry : node) entries[entry.first.Scalar()] += Canonical(entry.second, skip);
  for (const auto& [key, value] : entries) text += key + ": " + value;
  return "{" + text + "}";
}

YAML::Node ContainerOf(const YAML::Node& pod, const std::string& name) {
  for (const YAML::Node& container : pod["spec"]["containers"]) {
    if (container["name"] && container["name"].Scalar() == name) return container;
  }
  ADD_FAILURE() << "no container " << name;
  return {};
}

std::vector<YAML::Node> CommandLists(const YAML::Node& container) {
  std::vector<YAML::Node> lists;
  for (const char* const key : {"command", "args"}) {
    if (container[key].IsDefined()) lists.push_back(container[key]);
  }
  return lists;
}

Texts ArgvOf(const YAML::Node& container) {
  Texts argv;
  for (const YAML::Node& list : CommandLists(container)) {
    for (const YAML::Node& item : list)
      argv.push_back(item.IsScalar() ? item.Scalar() : "<no text>");
  }
  return argv;
}

struct Parted {
  Texts others;
  Texts values;
};
// A wrapper's flags are not told apart here: the matrix uses none of their names.
Parted Part(const Texts& argv, const std::string& flag) {
  Parted parted;
  for (size_t i = 0; i < argv.size(); ++i) {
    std::string name = argv[i].substr(0, argv[i].find('='));
    std::replace(name.begin(), name.end(), '_', '-');
    if (name != "--" + flag && name != "-" + flag) {
      parted.others.push_back(argv[i]);
    } else if (argv[i].find('=') != std::string::npos) {
      parted.values.push_back(argv[i].substr(argv[i].find('=') + 1));
    } else if (i + 1 < argv.size() && argv[i + 1][0] != '-') {
      parted.values.push_back(argv[++i]);
    } else {
      parted.values.emplace_back("true");
    }
  }
  return parted;
}

std::set<std::string> Elements(const Texts& values) {
  std::set<std::string> elements;
  for (const std::string& value : values) {
    std::string element;
    for (const char c : value + ",") {
      if (c != ',') {
        if (c != ' ') element += c;
        continue;
      }
      if (!element.empty()) elements.insert(element);
      element.clear();
    }
  }
  return elements;
}

void CheckFlagResult(const YAML::Node& before, const YAML::Node& after,
                     const std::string& container, const std::string& flag, const v1::Edit& edit) {
  const YAML::Node a = ContainerOf(before, container);
  const YAML::Node b = ContainerOf(after, container);
  EXPECT_EQ(Canonical(before, CommandLists(a)), Canonical(after, CommandLists(b)));
  const Parted old_argv = Part(ArgvOf(a), flag);
  const Parted new_argv = Part(ArgvOf(b), flag);
  EXPECT_EQ(old_argv.others, new_argv.others);
  if (edit.has_set_flag()) {
    EXPECT_EQ(new_argv.values, Texts{edit.set_flag().value()});
  }
  if (edit.has_unset_flag()) {
    EXPECT_TRUE(new_argv.values.empty());
  }
  if (edit.has_merge_list_flag()) {
    std::set<std::string> wanted = Elements(old_argv.values);
    for (const std::string& add : edit.merge_list_flag().add()) {
      std::erase_if(wanted, [&](const std::string& e) {
        return add.find('=') != std::string::npos &&
               e.rfind(add.substr(0, add.find('=') + 1), 0) == 0;
      });
      wanted.insert(add);
    }
    for (const std::string& gone : edit.merge_list_flag().remove()) wanted.erase(gone);
    EXPECT_EQ(Elements(new_argv.values), wanted);
  }
}

void CheckMountResult(const YAML::Node& before, const YAML::Node& after,
                      const std::string& container, const v1::MountPath& edit) {
  const YAML::Node a = ContainerOf(before, container);
  const YAML::Node b = ContainerOf(after, container);
  YAML::Node stripped = YAML::Clone(after);
  YAML::Node place = ContainerOf(stripped, container);
  const auto strip = [&](YAML::Node owner, const char* key, bool was_there) {
    const YAML::Node list = owner[key];
    ASSERT_GT(list.size(), 0U);
    const YAML::Node last = list[list.size() - 1];
    EXPECT_EQ(last["name"].Scalar(), edit.name());
    if (std::string(key) == "volumes") {
      EXPECT_EQ(last["hostPath"]["path"].Scalar(), edit.host_path());
    } else {
      EXPECT_EQ(last["mountPath"].Scalar(), edit.mount_path());
    }
    if (!was_there) {
      owner.remove(key);
    } else {
      owner[key].remove(list.size() - 1);
    }
  };
  strip(place, "volumeMounts", a["volumeMounts"].IsDefined());
  strip(stripped["spec"], "volumes", before["spec"]["volumes"].IsDefined());
  EXPECT_EQ(Canonical(before, {}), Canonical(stripped, {}));
}

size_t Count(const std::string& bytes, const std::string& what) {
  size_t count = 0;
  for (size_t at = bytes.find(what); at != std::string::npos; at = bytes.find(what, at + 1))
    ++count;
  return count;
}

void CheckBytes(const std::string& before, const std::string& after, bool removes) {
  EXPECT_EQ(before.empty() || before.back() == '\n', after.empty() || after.back() == '\n')
      << "final newline";
  if (Count(before, "\n") > 0 && Count(before, "\n") == Count(before, "\r\n")) {
    EXPECT_EQ(Count(after, "\n"), Count(after, "\r\n")) << "line endings";
  }
  if (!removes) {
    EXPECT_EQ(Count(before, "#"), Count(after, "#")) << "comments";
  }
  // What is equal at both ends may leave only a small middle.
  const std::set<std::string> gone = [&] {
    const auto lines = [](const std::string& bytes) {
      std::multiset<std::string> all;
      size_t at = 0;
      while (at <= bytes.size()) {
        const size_t end = std::min(bytes.find('\n', at), bytes.size());
        all.insert(bytes.substr(at, end - at));
        at = end + 1;
      }
      return all;
    };
    const auto a = lines(before);
    const auto b = lines(after);
    std::set<std::string> missing;
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(),
                        std::inserter(missing, missing.begin()));
    return missing;
  }();
  EXPECT_LE(gone.size(), 4U) << "lines that are no longer there";
}

struct Row {
  std::string name;
  v1::Edit edit;
  std::string flag;  // empty for a mount
  int changed = 0;
  int already = 0;
  int refused = 0;
};

void Address(v1::Edit& edit, const std::string& manifest, const std::string& container) {
  const auto set = [&](auto* message) {
    message->set_manifest(manifest);
    message->set_container(container);
  };
  if (edit.has_set_flag()) set(edit.mutable_set_flag());
  if (edit.has_unset_flag()) set(edit.mutable_unset_flag());
  if (edit.has_merge_list_flag()) set(edit.mutable_merge_list_flag());
  if (edit.has_mount_path()) set(edit.mutable_mount_path());
}

std::vector<Row> Matrix() {
  return {
      {"set profiling=false", SetFlagEdit("profiling", "false"), "profiling"},
      {"set v=4", SetFlagEdit("v", "4"), "v"},
      {"set a hard value", SetFlagEdit("tls-cipher-suites", "a: b, [c] #d \"e\" 'f' \\"),
       "tls-cipher-suites"},
      {"set audit-log-path", SetFlagEdit("audit-log-path", "/var/log/a.log"), "audit-log-path"},
      {"set etcd-servers", SetFlagEdit("etcd-servers", "https://[::1]:2379"), "etcd-servers"},
      {"unset profiling", UnsetFlagEdit("profiling"), "profiling"},
      {"unset v", UnsetFlagEdit("v"), "v"},
      {"unset etcd-servers", UnsetFlagEdit("etcd-servers"), "etcd-servers"},
      {"merge plugins", MergeEdit("enable-admission-plugins", {"NodeRestriction", "PodSecurity"}),
       "enable-admission-plugins"},
      {"merge authorization", MergeEdit("authorization-mode", {"Node", "RBAC"}, {"AlwaysAllow"}),
       "authorization-mode"},
      {"merge feature gate", MergeEdit("feature-gates", {"Second=true"}), "feature-gates"},
      {"mount a path", MountEdit("belay-audit", "/etc/belay-audit", true), ""}};
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string FirstContainer(const std::string& bytes) {
  try {
    const YAML::Node pod = YAML::Load(bytes);
    if (!pod.IsMap() || !pod["kind"] || pod["kind"].Scalar() != "Pod") return "";
    return pod["spec"]["containers"][0]["name"].as<std::string>("");
  } catch (const std::exception&) {
    return "";
  }
}

void TryOne(const std::string& path, const std::string& bytes, const std::string& manifest,
            const std::string& container, Row& row) {
  SCOPED_TRACE(path + ": " + row.name);
  v1::Edit edit = row.edit;
  Address(edit, manifest, container);
  const auto outcome = ApplyEdits(bytes, manifest, {edit});
  if (!outcome.ok()) {
    ++row.refused;
    EXPECT_NE(outcome.status().message().find("line "), std::string::npos) << outcome.status();
    if (std::getenv("BELAY_CORPUS_REASONS") != nullptr) {
      std::cout << path << ": " << row.name << ": " << outcome.status().message() << "\n";
    }
    return;
  }
  ++(outcome->changed ? row.changed : row.already);
  const YAML::Node before = YAML::Load(bytes);
  const YAML::Node after = YAML::Load(outcome->bytes);
  if (!row.flag.empty()) {
    CheckFlagResult(before, after, container, row.flag, edit);
  } else if (outcome->changed) {
    CheckMountResult(before, after, container, edit.mount_path());
  }
  CheckBytes(bytes, outcome->bytes, edit.has_unset_flag() || edit.has_set_flag());
  const auto again = ApplyEdits(outcome->bytes, manifest, {edit});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->bytes, outcome->bytes) << "not idempotent";
}

TEST(ManifestCorpus, NoEditGivesAWrongResult) {
  const char* const corpus = std::getenv("BELAY_CORPUS");
  const std::filesystem::path root = corpus != nullptr ? corpus : BELAY_GOLDEN;
  std::vector<Row> rows = Matrix();
  int files = 0;
  int pods = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string ending = entry.path().extension();
    if (!entry.is_regular_file() || (ending != ".yaml" && ending != ".json" && ending != ".yml"))
      continue;
    ++files;
    const std::string bytes = ReadFile(entry.path());
    const std::string container = FirstContainer(bytes);
    std::string manifest =
        corpus != nullptr ? entry.path().parent_path().filename().string() : "kube-apiserver";
    pods += container.empty() ? 0 : 1;
    for (Row& row : rows) TryOne(entry.path(), bytes, manifest, container, row);
  }
  ASSERT_GT(pods, 0) << "no pod below " << root;
  std::cout << files << " files, " << pods
            << " of them pods\nedit                  changed  already  refused\n";
  for (const Row& row : rows) {
    std::printf("%-20s %8d %8d %8d\n", row.name.c_str(), row.changed, row.already, row.refused);
    if (corpus == nullptr) {
      EXPECT_EQ(row.refused, 0) << row.name
                                << ": our own golden files have only forms that can be edited";
    }
  }
}

}  // namespace
}  // namespace belay
