// Edits of every value, map and list of every file in a folder: the one BELAY_CORPUS names, else
// our own golden files.  Each result is judged by the oracle; refusals are counted and printed.
#include <gtest/gtest.h>

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

#include "tests/support/oracle/yaml_value.h"
#include "tests/unit/configfile_edits.h"
#include "tests/unit/configfile_judge.h"

namespace belay {
namespace {

using oracle::Value;

struct Attempt {
  std::string row;
  v1::Edit edit;
};

v1::Edit SetAt(const ConfigPath& path, const std::string& kind, const std::string& json) {
  v1::Edit edit;
  *edit.mutable_set_config_key()->mutable_path() = path;
  edit.mutable_set_config_key()->set_kind(kind);
  edit.mutable_set_config_key()->set_value_json(json);
  return edit;
}
v1::Edit UnsetAt(const ConfigPath& path, const std::string& kind) {
  v1::Edit edit;
  *edit.mutable_unset_config_key()->mutable_path() = path;
  edit.mutable_unset_config_key()->set_kind(kind);
  return edit;
}

ConfigPath WithKey(ConfigPath path, const std::string& key) {
  path.Add()->set_key(key);
  return path;
}
ConfigPath WithIndex(ConfigPath path, size_t index) {
  path.Add()->set_index(static_cast<uint32_t>(index));
  return path;
}

// Everything that can be tried at one place of a document.
void Collect(const Value& node, const ConfigPath& path, const std::string& kind,
             std::vector<Attempt>& out) {
  const bool named = !path.empty();
  const bool item = named && path.rbegin()->has_index();
  if (named && node.kind != Value::Kind::List && node.kind != Value::Kind::Map) {
    out.push_back({"set a scalar to true", SetAt(path, kind, "true")});
    out.push_back({"set a scalar to 7", SetAt(path, kind, "7")});
    out.push_back({"set a scalar to a hard text", SetAt(path, kind, "\"a: 'b' #\\\"[c], \\\\\"")});
    out.push_back({"set a scalar to a word", SetAt(path, kind, "\"no\"")});
    out.push_back({"set a scalar to a list", SetAt(path, kind, "[\"a\",\"1\"]")});
    out.push_back({"set a scalar to a map", SetAt(path, kind, "{\"a\":{\"b\":\"c\"},\"d\":[]}")});
  }
  if (named && !item) out.push_back({"unset a key", UnsetAt(path, kind)});
  if (node.kind == Value::Kind::Map) {
    out.push_back({"add a text", SetAt(WithKey(path, "belayText"), kind, "\"/etc/x y\"")});
    out.push_back({"add a list", SetAt(WithKey(path, "belayList"), kind, "[\"a\",{\"b\":[1]}]")});
    out.push_back(
        {"add with parents", SetAt(WithKey(WithKey(path, "belayMap"), "a.b"), kind, "0")});
    if (named) out.push_back({"set a map to a text", SetAt(path, kind, "\"x\"")});
    if (named) out.push_back({"set a map to a map", SetAt(path, kind, "{\"x\":{\"y\":1}}")});
    for (const oracle::Entry& entry : node.entries) {
      if (node.Count(entry.key) == 1 && !entry.key.empty()) {
        Collect(*entry.value, WithKey(path, entry.key), kind, out);
      }
    }
  }
  if (node.kind == Value::Kind::List) {
    const size_t size = node.items.size();
    out.push_back({"append a text", SetAt(WithIndex(path, size), kind, "\"*\"")});
    out.push_back({"append a map", SetAt(WithIndex(path, size), kind, "{\"a\":1,\"b\":[\"c\"]}")});
    out.push_back({"set a list to a list", SetAt(path, kind, "[\"p\",\"q\",\"10.0.0.1\"]")});
    out.push_back({"set a list to a number", SetAt(path, kind, "-1")});
    for (size_t i = 0; i < size && i < 4; ++i) {
      Collect(*node.items[i], WithIndex(path, i), kind, out);
      const Value* const name = node.items[i]->Find("name");
      if (name == nullptr || name->kind != Value::Kind::Text || name->text.empty()) continue;
      ConfigPath selected = path;
      selected.Add()->mutable_select()->set_key("name");
      selected.rbegin()->mutable_select()->set_value(name->text);
      out.push_back(
          {"set below a selected item", SetAt(WithKey(selected, "belayText"), kind, "\"on\"")});
      out.push_back({"unset a selected item", UnsetAt(selected, kind)});
    }
    ConfigPath fresh = path;
    fresh.Add()->mutable_select()->set_key("name");
    fresh.rbegin()->mutable_select()->set_value("belay-item");
    out.push_back({"add a selected item", SetAt(WithKey(fresh, "k"), kind, "false")});
  }
}

struct Row {
  int changed = 0;
  int already = 0;
  int refused = 0;
};

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void TryOne(const std::string& file, const std::string& bytes, const Attempt& attempt, Row& row) {
  const auto where = [&] {
    const bool set = attempt.edit.has_set_config_key();
    return file + ": " + attempt.row + " at " +
           ConfigPathText(set ? attempt.edit.set_config_key().path()
                              : attempt.edit.unset_config_key().path());
  };
  const auto outcome = ApplyConfigEdits(bytes, {attempt.edit});
  if (outcome.status().code() == absl::StatusCode::kInvalidArgument) {
    // Only "kind" of a document that is chosen by it.
    EXPECT_NE(outcome.status().message().find("would change 'kind'"), std::string::npos)
        << outcome.status();
    return;
  }
  if (!outcome.ok()) {
    ++row.refused;
    EXPECT_NE(outcome.status().message().find("line "), std::string::npos) << outcome.status();
    if (std::getenv("BELAY_CORPUS_REASONS") != nullptr) {
      std::cout << where() << ": " << outcome.status().message() << "\n";
    }
    return;
  }
  ++(outcome->changed ? row.changed : row.already);
  const std::string wrong = JudgeConfigEdit(bytes, outcome->bytes, attempt.edit);
  EXPECT_EQ(wrong, "") << where() << "\n" << outcome->bytes;
  const auto again = ApplyConfigEdits(outcome->bytes, {attempt.edit});
  ASSERT_TRUE(again.ok()) << where() << again.status();
  EXPECT_EQ(again->bytes, outcome->bytes) << where() << ": twice is not once";
}

// Documents of the same kind cannot be told apart; such files are tried with one edit, which must
// be refused.
std::vector<Attempt> AttemptsFor(const std::vector<oracle::ValuePtr>& documents) {
  std::vector<Attempt> attempts;
  std::map<std::string, int> kinds;
  int filled = 0;
  const auto kind_of = [](const Value& document) {
    const Value* const kind = document.Find("kind");
    return kind == nullptr ? std::string() : kind->text;
  };
  for (const auto& document : documents) {
    if (document->kind == Value::Kind::Null) continue;
    ++filled;
    ++kinds[kind_of(*document)];
  }
  for (const auto& document : documents) {
    if (document->kind != Value::Kind::Map || kinds[kind_of(*document)] > 1) continue;
    std::vector<Attempt> more;
    Collect(*document, ConfigPath(), filled == 1 ? "" : kind_of(*document), more);
    // A pod of a thousand lines must not take the time of all the others.
    const size_t step = 1 + more.size() / 400;
    for (size_t i = 0; i < more.size(); i += step) attempts.push_back(more[i]);
  }
  return attempts;
}

TEST(ConfigCorpus, NoEditOfAnyValueGivesAWrongResult) {
  const char* const corpus = std::getenv("BELAY_CORPUS");
  const std::filesystem::path root = corpus != nullptr ? corpus : BELAY_GOLDEN;
  const std::set<std::string> config_folders = {"kubelet",      "audit",          "encryption",
                                                "config-other", "kubeadm-config", "config"};
  std::map<std::string, Row> rows;
  int files = 0;
  int unreadable = 0;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string ending = entry.path().extension();
    const bool config = config_folders.count(entry.path().parent_path().filename()) > 0;
    if (entry.is_regular_file() && config &&
        (ending == ".yaml" || ending == ".json" || ending == ".yml")) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    ++files;
    const std::string bytes = ReadFile(path);
    const auto documents = oracle::ReadStream(bytes);
    if (!documents.ok()) {
      ++unreadable;
      EXPECT_FALSE(ApplyConfigEdits(bytes, {SetKeyEdit("a", "1", "Policy")}).ok()) << path;
      continue;
    }
    for (const Attempt& attempt : AttemptsFor(*documents)) {
      TryOne(path, bytes, attempt, rows[attempt.row]);
    }
  }
  ASSERT_GT(files, 0) << "no config file below " << root;
  std::printf("%d files, %d of them do not parse\n%-28s %8s %8s %8s\n", files, unreadable, "edit",
              "changed", "already", "refused");
  Row all;
  for (const auto& [name, row] : rows) {
    std::printf("%-28s %8d %8d %8d\n", name.c_str(), row.changed, row.already, row.refused);
    all.changed += row.changed;
    all.already += row.already;
    all.refused += row.refused;
  }
  std::printf("%-28s %8d %8d %8d\n", "all", all.changed, all.already, all.refused);
  EXPECT_GT(all.changed, 0);
  EXPECT_LT(all.refused * 100, (all.changed + all.already + all.refused) * 3)
      << "more than 3 % of the edits are refused";
}

}  // namespace
}  // namespace belay
