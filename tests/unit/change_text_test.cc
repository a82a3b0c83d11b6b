// What of a change is for everybody's eyes.
#include "node-agent/change/change_text.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"

namespace belay {
namespace {

FileVersion File(const std::string& bytes, std::uint32_t mode) {
  FileVersion file;
  file.exists = true;
  file.bytes = bytes;
  file.attributes.mode = mode;
  return file;
}

PathChange Change(FileVersion before, FileVersion after, const std::string& manifest = "") {
  return {"/etc/kubernetes/x", manifest, std::move(before), std::move(after), {}};
}

constexpr const char* kNotShown =
    "# /etc/kubernetes/x: 1 lines go, 1 lines come (not shown: not everybody on the node may read "
    "this file)\n";

TEST(PublicChangeText, ShowsWhatEverybodyMayReadBeforeAndAfter) {
  const PathChange change = Change(File("old\n", 0644), File("new\n", 0604));
  EXPECT_TRUE(IsForEverybody(change));
  EXPECT_EQ(PublicChangeText(change), ChangeText(change));
  EXPECT_TRUE(absl::StrContains(PublicChangeText(change), "-old\n+new\n"));
}

TEST(PublicChangeText, HidesWhatOnlyItsOwnerAndGroupMayRead) {
  for (const std::uint32_t mode : {0600U, 0640U, 0660U, 0750U}) {
    const PathChange change = Change(File("old\n", mode), File("new\n", mode));
    EXPECT_FALSE(IsForEverybody(change));
    EXPECT_EQ(PublicChangeText(change), kNotShown) << mode;
  }
}

TEST(PublicChangeText, HidesWhatIsClosedOnOneSideAndSaysThatItOpensOrCloses) {
  EXPECT_EQ(PublicChangeText(Change(File("old\n", 0600), File("new\n", 0644))),
            "# /etc/kubernetes/x: mode 0600 -> 0644\n" + std::string(kNotShown));
  EXPECT_EQ(PublicChangeText(Change(File("old\n", 0644), File("new\n", 0600))),
            "# /etc/kubernetes/x: mode 0644 -> 0600\n" + std::string(kNotShown));
}

TEST(PublicChangeText, HidesWhatComesAndWhatGoes) {
  EXPECT_FALSE(absl::StrContains(PublicChangeText(Change({}, File("new\n", 0600))), "new"));
  EXPECT_FALSE(absl::StrContains(PublicChangeText(Change(File("old\n", 0600), {})), "old"));
  EXPECT_TRUE(absl::StrContains(PublicChangeText(Change({}, File("new\n", 0644))), "+new\n"));
}

TEST(PublicChangeText, ShowsManifestsWhateverTheirMode) {
  const PathChange change = Change(File("old\n", 0600), File("new\n", 0600), "etcd");
  EXPECT_TRUE(absl::StrContains(PublicChangeText(change), "-old\n+new\n"));
}

TEST(PublicChangeText, TakesNoLineOfAHiddenFileForAnAttribute) {
  const std::string text =
      PublicChangeText(Change(File("# secret 1\n@@\n", 0600), File("# secret 2\n@@\n", 0600)));
  EXPECT_EQ(text, kNotShown);
}

}  // namespace
}  // namespace belay
