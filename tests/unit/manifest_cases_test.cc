// Every row of the edit cases that a pod can show, each under its id, against files written by
// hand: tests/golden/edit_cases/cases.tsv names them.  A row is edited to exactly its .out file,
// and a second time changes nothing; or it is refused with the message that the row gives.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "node-agent/manifest/edit.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

struct Row {
  std::string id;
  std::string ending;
  std::string edit;
  std::string refusal;  // empty where the edit is made
  std::string what;
};

std::string ReadGolden(const std::string& name) {
  std::ifstream in(std::string(BELAY_GOLDEN) + "/" + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<Row> ReadRows() {
  std::vector<Row> rows;
  for (const auto line : absl::StrSplit(ReadGolden("cases.tsv"), '\n')) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> parts = absl::StrSplit(line, '\t');
    EXPECT_EQ(parts.size(), 5U) << line;
    if (parts.size() == 5) rows.push_back({parts[0], parts[1], parts[2], parts[3], parts[4]});
  }
  return rows;
}

// "audit=/etc/audit [at /path] [ro]"
v1::Edit ReadMount(absl::string_view text) {
  v1::Edit edit;
  v1::MountPath& mount = *edit.mutable_mount_path();
  mount.set_read_only(absl::ConsumeSuffix(&text, " ro"));
  const std::pair<absl::string_view, absl::string_view> place = absl::StrSplit(text, " at ");
  const std::vector<std::string> parts = absl::StrSplit(place.first, '=');
  mount.set_name(parts.at(0));
  mount.set_host_path(parts.at(1));
  mount.set_mount_path(std::string(place.second));
  return edit;
}

v1::Edit ReadUnmount(absl::string_view text) {
  v1::Edit edit;
  for (absl::string_view part : absl::StrSplit(text, ' ')) {
    if (absl::ConsumePrefix(&part, "name=")) {
      edit.mutable_unmount_path()->set_name(std::string(part));
    } else {
      edit.mutable_unmount_path()->set_mount_path(std::string(part));
    }
  }
  return edit;
}

v1::Edit ReadMerge(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ' ');
  v1::Edit edit = MergeEdit(parts.at(0), {});
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i][0] == '+') edit.mutable_merge_list_flag()->add_add(parts[i].substr(1));
    if (parts[i][0] == '-') edit.mutable_merge_list_flag()->add_remove(parts[i].substr(1));
  }
  return edit;
}

// "set FLAG=VALUE", "unset FLAG", "merge FLAG +A -B", "mount ...", "unmount ..."
v1::Edit ReadEdit(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "set ")) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
    return SetFlagEdit(parts.first, parts.second);
  }
  if (absl::ConsumePrefix(&text, "unset ")) return UnsetFlagEdit(std::string(text));
  if (absl::ConsumePrefix(&text, "merge ")) return ReadMerge(std::string(text));
  if (absl::ConsumePrefix(&text, "mount ")) return ReadMount(text);
  if (absl::ConsumePrefix(&text, "unmount ")) return ReadUnmount(text);
  ADD_FAILURE() << "no edit: " << text;
  return {};
}

// A manifest is named by its edit; the row may say " in CONTAINER".
v1::Edit Addressed(v1::Edit edit, const std::string& container) {
  const auto address = [&](auto* message) {
    message->set_manifest("kube-apiserver");
    message->set_container(container);
  };
  if (edit.has_set_flag()) address(edit.mutable_set_flag());
  if (edit.has_unset_flag()) address(edit.mutable_unset_flag());
  if (edit.has_merge_list_flag()) address(edit.mutable_merge_list_flag());
  if (edit.has_mount_path()) address(edit.mutable_mount_path());
  if (edit.has_unmount_path()) address(edit.mutable_unmount_path());
  return edit;
}

class EditCases : public testing::TestWithParam<Row> {};

TEST_P(EditCases, GivesExactlyTheGoldenFileOrItsRefusal) {
  const Row& row = GetParam();
  SCOPED_TRACE(row.what + ": " + row.edit);
  const std::pair<std::string, std::string> parts = absl::StrSplit(row.edit, " in ");
  const v1::Edit edit = Addressed(ReadEdit(parts.first), parts.second);
  const std::string before = ReadGolden(row.id + ".in." + row.ending);
  const auto outcome = ApplyEdits(before, "kube-apiserver", {edit});
  if (!row.refusal.empty()) {
    ASSERT_FALSE(outcome.ok()) << outcome->bytes;
    EXPECT_TRUE(absl::StrContains(outcome.status().message(), row.refusal)) << outcome.status();
    EXPECT_TRUE(absl::StrContains(outcome.status().message(), "it is unchanged"));
    return;
  }
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const std::string after = ReadGolden(row.id + ".out." + row.ending);
  EXPECT_EQ(outcome->bytes, after);
  EXPECT_EQ(outcome->changed, before != after);
  const auto again = ApplyEdits(after, "kube-apiserver", {edit});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->bytes, after) << "twice is not once";
  EXPECT_FALSE(again->changed);
}

INSTANTIATE_TEST_SUITE_P(Golden, EditCases, testing::ValuesIn(ReadRows()),
                         [](const auto& row) { return row.param.id; });

}  // namespace
}  // namespace belay
