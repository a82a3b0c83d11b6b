#include "node-agent/change/change.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node-agent/change/change_text.h"
#include "tests/support/sim_disk.h"
#include "tests/unit/file_edits.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

constexpr const char* kDirectory = "/etc/kubernetes/manifests";
constexpr const char* kManifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";
constexpr const char* kScheduler = "/etc/kubernetes/manifests/kube-scheduler.yaml";
constexpr const char* kFile = "/etc/kubernetes/file";

std::string Pod(const std::string& name, const std::string& flag) {
  return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name +
         "\nspec:\n  containers:\n  - name: " + name + "\n    command:\n    - " + name +
         "\n    - --" + flag + "\n";
}

class ChangeTest : public testing::Test {
 protected:
  ChangeTest() {
    for (const char* directory : {"/etc", "/etc/kubernetes", kDirectory})
      disk.PutDirectory(directory);
    attributes.mode = 0644;
    attributes.uid = 7;
    attributes.gid = 8;
    attributes.xattrs = {{"security.selinux", "kube_t"}, {"system.posix_acl_access", "acl"}};
    disk.PutFile(kManifest, Pod("kube-apiserver", "profiling=true"), attributes);
    disk.PutFile(kScheduler, Pod("kube-scheduler", "profiling=true"), attributes);
    disk.PutFile(kFile, "text\n", attributes);
  }
  absl::StatusOr<StepChanges> Changes(const std::vector<v1::Edit>& edits) {
    v1::Step step;
    for (const v1::Edit& edit : edits) *step.add_edits() = edit;
    const int calls = disk.calls();
    absl::StatusOr<StepChanges> changes = ChangesOf(step, kDirectory, disk);
    EXPECT_EQ(disk.calls(), calls) << "looking must not change anything";
    return changes;
  }
  void ExpectRefused(const std::vector<v1::Edit>& edits, const std::string& what) {
    const absl::StatusOr<StepChanges> changes = Changes(edits);
    ASSERT_FALSE(changes.ok()) << what;
    EXPECT_NE(changes.status().message().find(what), std::string::npos) << changes.status();
  }
  PathChange One(const std::vector<v1::Edit>& edits) {
    absl::StatusOr<StepChanges> changes = Changes(edits);
    EXPECT_TRUE(changes.ok()) << changes.status();
    EXPECT_EQ(changes->size(), 1U);
    return changes->at(0);
  }

  SimDisk disk;
  FileAttributes attributes;
};

TEST_F(ChangeTest, AFileThatIsNotThereComesWithModeAndOwner) {
  const PathChange change = One({PutEdit("/etc/kubernetes/new", "bytes", 0640, "5:6")});
  EXPECT_FALSE(change.before.exists);
  EXPECT_EQ(change.before, FileVersion{});
  EXPECT_TRUE(change.after.exists);
  EXPECT_EQ(change.after.bytes, "bytes");
  EXPECT_EQ(change.after.attributes.mode, 0640U);
  EXPECT_EQ(change.after.attributes.uid, 5U);
  EXPECT_EQ(change.after.attributes.gid, 6U);
  EXPECT_TRUE(change.manifest.empty());
  EXPECT_EQ(
      ChangeText(change).rfind("# /etc/kubernetes/new: created with mode 0640, owner 5:6\n", 0),
      0U);
}

TEST_F(ChangeTest, AReplacedFileKeepsItsLabelAndLosesAnAclThatWouldContradictTheMode) {
  const PathChange change = One({PutEdit(kFile, "new", 0600)});
  EXPECT_EQ(change.before.bytes, "text\n");
  EXPECT_EQ(change.after.attributes.xattrs,
            (std::map<std::string, std::string>{{"security.selinux", "kube_t"}}));
}

TEST_F(ChangeTest, ARemovedFileIsAbsentAndOneThatIsNotThereIsLeftSo) {
  const PathChange change = One({RemoveEdit(kFile)});
  EXPECT_TRUE(change.changed());
  EXPECT_EQ(change.after, FileVersion{});
  EXPECT_EQ(ChangeText(change),
            "# /etc/kubernetes/file: removed (mode 0644, owner 7:8)\n--- /etc/kubernetes/file\n"
            "+++ /dev/null\n@@ -1 +0,0 @@\n-text\n");
  EXPECT_FALSE(One({RemoveEdit("/etc/kubernetes/none")}).changed());
  EXPECT_EQ(ChangeText(One({RemoveEdit("/etc/kubernetes/none")})), "");
}

TEST_F(ChangeTest, ModeAndOwnerComposeAndChangeNothingElse) {
  const PathChange change = One({ModeEdit(kFile, 0600), OwnerEdit(kFile, "0:1")});
  EXPECT_EQ(change.after.bytes, "text\n");
  EXPECT_EQ(change.after.attributes.mode, 0600U);
  EXPECT_EQ(change.after.attributes.uid, 0U);
  EXPECT_EQ(change.after.attributes.gid, 1U);
  EXPECT_TRUE(change.after.attributes.xattrs.contains("security.selinux"));
  EXPECT_EQ(ChangeText(change),
            "# /etc/kubernetes/file: mode 0644 -> 0600\n# /etc/kubernetes/file: owner 7:8 -> 0:1\n"
            "# /etc/kubernetes/file: system.posix_acl_access is taken away\n");
}

TEST_F(ChangeTest, WhatIsAlreadySoIsNoChange) {
  EXPECT_FALSE(One({ModeEdit(kFile, 0644), OwnerEdit(kFile, "7:8")}).changed());
  EXPECT_FALSE(One({SetFlagEdit("profiling", "true"), ModeEdit(kManifest, 0644)}).changed());
}

TEST_F(ChangeTest, FlagsModeAndOwnerOfOneManifestAreOneChange) {
  const PathChange change = One({ModeEdit(kManifest, 0600), SetFlagEdit("profiling", "false"),
                                 OwnerEdit(kManifest, "0:0"), SetFlagEdit("v", "2")});
  EXPECT_EQ(change.manifest, "kube-apiserver");
  EXPECT_EQ(change.touched_flags, (std::vector<std::string>{"profiling", "v"}));
  EXPECT_EQ(change.after.bytes, Pod("kube-apiserver", "profiling=false\n    - --v=2"));
  EXPECT_EQ(change.after.attributes.mode, 0600U);
  EXPECT_EQ(change.after.attributes.uid, 0U);
}

TEST_F(ChangeTest, AModeAloneIsAChangeOfAFileAndNotOfAPod) {
  const PathChange change = One({ModeEdit(kManifest, 0600)});
  EXPECT_TRUE(change.manifest.empty());
  EXPECT_EQ(change.after.bytes, change.before.bytes);
}

TEST_F(ChangeTest, NamesNeverStandWithoutTheirFiles) {
  const absl::StatusOr<StepChanges> changes =
      Changes({RemoveEdit(kFile), SetFlagEdit("profiling", "false", "kube-scheduler"),
               PutEdit("/etc/kubernetes/a", "a", 0600), SetFlagEdit("profiling", "false"),
               PutEdit("/etc/kubernetes/b", "b", 0600)});
  ASSERT_TRUE(changes.ok()) << changes.status();
  std::vector<std::string> paths;
  for (const PathChange& change : *changes) paths.push_back(change.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"/etc/kubernetes/a", "/etc/kubernetes/b", kScheduler,
                                             kManifest, kFile}));
}

TEST_F(ChangeTest, EditsThatCannotAllBeMeantAreRefused) {
  ExpectRefused({PutEdit(kFile, "1", 0600), PutEdit(kFile, "2", 0600)}, "written twice");
  ExpectRefused({PutEdit(kFile, "1", 0600), RemoveEdit(kFile)}, "written and removed");
  ExpectRefused({RemoveEdit(kFile), PutEdit(kFile, "1", 0600)}, "written and removed");
  ExpectRefused({RemoveEdit(kFile), RemoveEdit(kFile)}, "removed twice");
  ExpectRefused({ModeEdit(kFile, 0600), RemoveEdit(kFile)}, "removed and given a mode");
  ExpectRefused({ModeEdit(kFile, 0600), ModeEdit(kFile, 0640)}, "a mode twice");
  ExpectRefused({OwnerEdit(kFile, "0:0"), OwnerEdit(kFile, "0:0")}, "an owner twice");
  ExpectRefused({PutEdit(kFile, "1", 0600), ModeEdit(kFile, 0640)}, "written by putFile");
  ExpectRefused({PutEdit(kManifest, "1", 0600), SetFlagEdit("v", "2")}, "written whole");
  ExpectRefused({SetFlagEdit("v", "2"), RemoveEdit(kManifest)}, "removed or taken");
}

v1::Edit SetKey(const std::string& file, const std::string& key, const std::string& json) {
  v1::Edit edit;
  edit.mutable_set_config_key()->set_file(file);
  edit.mutable_set_config_key()->add_path()->set_key(key);
  edit.mutable_set_config_key()->set_value_json(json);
  return edit;
}
v1::Edit UnsetKey(const std::string& file, const std::string& key) {
  v1::Edit edit;
  edit.mutable_unset_config_key()->set_file(file);
  edit.mutable_unset_config_key()->add_path()->set_key(key);
  return edit;
}

TEST_F(ChangeTest, KeysModeAndOwnerOfOneConfigFileAreOneChange) {
  disk.PutFile(kFile, "kind: K  # comment\na: 1\nb: 2\n", attributes);
  const PathChange change = One({SetKey(kFile, "a", "true"), ModeEdit(kFile, 0600),
                                 UnsetKey(kFile, "b"), OwnerEdit(kFile, "0:0")});
  EXPECT_EQ(change.after.bytes, "kind: K  # comment\na: true\n");
  EXPECT_EQ(change.after.attributes.mode, 0600U);
  EXPECT_EQ(change.after.attributes.uid, 0U);
  EXPECT_TRUE(change.manifest.empty());
  EXPECT_FALSE(One({SetKey(kFile, "a", "1")}).changed());
}

TEST_F(ChangeTest, AConfigFileComesBehindTheFilesThatItMayName) {
  disk.PutFile(kFile, "a: 1\n", attributes);
  const absl::StatusOr<StepChanges> changes =
      Changes({SetFlagEdit("profiling", "false"), SetKey(kFile, "a", "2"),
               PutEdit("/etc/kubernetes/a", "a", 0600)});
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_EQ((*changes)[0].path, "/etc/kubernetes/a");
  EXPECT_EQ((*changes)[1].path, kFile);
  EXPECT_EQ((*changes)[2].path, kManifest);
}

TEST_F(ChangeTest, AKeyNeverMakesAFileAndIsNotMixedWithOtherSortsOfEdits) {
  ExpectRefused({SetKey("/etc/kubernetes/none", "a", "1")}, "never creates a file");
  ExpectRefused({SetKey(kFile, "a", "1"), PutEdit(kFile, "x", 0600)}, "in parts");
  ExpectRefused({SetKey(kFile, "a", "1"), RemoveEdit(kFile)}, "in parts");
  ExpectRefused({SetKey(kManifest, "a", "1"), SetFlagEdit("v", "2")}, "in parts");
}

TEST_F(ChangeTest, WhatIsNotThereHasNoModeAndNoFlags) {
  ExpectRefused({ModeEdit("/etc/kubernetes/none", 0600)}, "is not there");
  ExpectRefused({OwnerEdit("/etc/kubernetes/none", "0:0")}, "is not there");
  ExpectRefused({SetFlagEdit("v", "2", "etcd")}, "no manifest of etcd");
}

TEST_F(ChangeTest, LinksAndFoldersAreRefusedWhateverTheEdit) {
  disk.PutSymlink("/etc/kubernetes/link");
  disk.PutDirectory("/etc/kubernetes/folder");
  for (const char* path : {"/etc/kubernetes/link", "/etc/kubernetes/folder"}) {
    ExpectRefused({PutEdit(path, "1", 0600)}, path);
    ExpectRefused({RemoveEdit(path)}, "regular file");
    ExpectRefused({ModeEdit(path, 0600)}, "regular file");
    ExpectRefused({OwnerEdit(path, "0:0")}, "regular file");
  }
}

TEST_F(ChangeTest, AnOwnerThatIsNotTwoNumbersIsRefused) {
  for (const char* owner : {"root:root", "0", "0:0:0", "-1:0", "4294967295:0", ""}) {
    ExpectRefused({OwnerEdit(kFile, owner)}, "uid:gid");
  }
}

TEST_F(ChangeTest, AnEditOfNoKnownKindIsRefused) { ExpectRefused({v1::Edit()}, "does not know"); }

}  // namespace
}  // namespace belay
