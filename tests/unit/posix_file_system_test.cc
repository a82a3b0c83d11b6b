// PosixFileSystem against a real directory.
#include "common/os/posix_file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "common/os/file_lock.h"
#include "common/os/random_id.h"
#include "common/os/system_clock.h"

namespace belay {
namespace {

using absl::StatusCode;

class PosixFileSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "belay-fs-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    auto files = PosixFileSystem::Open(root_);
    ASSERT_TRUE(files.ok()) << files.status();
    files_ = *std::move(files);
    mine_.uid = geteuid();
    mine_.gid = getegid();
    ASSERT_TRUE(files_->MakeDirectory("/d", 0755).ok());
  }
  void TearDown() override { RemoveAll("/"); }
  void RemoveAll(const std::string& directory) {
    const auto entries = files_->List(directory);
    ASSERT_TRUE(entries.ok()) << entries.status();
    for (const DirectoryEntry& entry : *entries) {
      const std::string path = (directory == "/" ? "/" : directory + "/") + entry.name;
      if (entry.type == EntryType::Directory) RemoveAll(path);
      const std::string real = root_ + path;
      EXPECT_EQ(entry.type == EntryType::Directory ? rmdir(real.c_str()) : unlink(real.c_str()), 0);
    }
    if (directory == "/") rmdir(root_.c_str());
  }
  FileAttributes Mode(std::uint32_t mode) const {
    FileAttributes attributes = mine_;
    attributes.mode = mode;
    return attributes;
  }

  std::string root_;
  std::unique_ptr<PosixFileSystem> files_;
  FileAttributes mine_;
};

TEST_F(PosixFileSystemTest, WhatWasCreatedIsReadBackWithItsAttributes) {
  FileAttributes wanted = Mode(0640);
  wanted.xattrs["user.belay"] = std::string("a\0b", 3);
  wanted.xattrs["user.empty"] = "";
  const std::string bytes = std::string(100'000, 'x') + std::string("\0\n", 2);
  const mode_t old = umask(077);
  const absl::Status created = files_->Create("/d/f", bytes, wanted);
  umask(old);
  ASSERT_TRUE(created.ok()) << created;
  const auto content = files_->Read("/d/f");
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->bytes, bytes);
  EXPECT_EQ(content->attributes.mode, 0640U);
  EXPECT_EQ(content->attributes.uid, wanted.uid);
  EXPECT_EQ(content->attributes.gid, wanted.gid);
  EXPECT_EQ(content->attributes.xattrs.at("user.belay"), std::string("a\0b", 3));
  EXPECT_EQ(content->attributes.xattrs.at("user.empty"), "");
  struct stat facts = {};
  ASSERT_EQ(stat((root_ + "/d/f").c_str(), &facts), 0);
  EXPECT_EQ(content->inode, facts.st_ino);
  EXPECT_TRUE(files_->Sync("/d/f").ok());
  EXPECT_TRUE(files_->Sync("/d").ok());
}

TEST_F(PosixFileSystemTest, OwnerAndSetIdBitsSurvive) {
  if (geteuid() != 0) {
    // Without root only one's own ids can be given.
    ASSERT_TRUE(files_->Create("/d/f", "x", Mode(0700)).ok());
    return;
  }
  FileAttributes wanted = Mode(04750);
  wanted.uid = 1234;
  wanted.gid = 4321;
  ASSERT_TRUE(files_->Create("/d/f", "x", wanted).ok());
  const auto content = files_->Read("/d/f");
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(content->attributes.mode, 04750U);
  EXPECT_EQ(content->attributes.uid, 1234U);
  EXPECT_EQ(content->attributes.gid, 4321U);
}

TEST_F(PosixFileSystemTest, AnAclIsKeptAndTheDirectorysDefaultDoesNotAddOne) {
  // Version 2; user::rwx, user:1234:r--, group::r-x, mask::r-x, other::---
  const unsigned char raw[] = {2, 0,    0,   0,   1,   0,   7,  0, 255, 255, 255, 255, 2,   0,  4,
                               0, 0xd2, 4,   0,   0,   4,   0,  5, 0,   255, 255, 255, 255, 16, 0,
                               5, 0,    255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255};
  const std::string acl(reinterpret_cast<const char*>(raw), sizeof(raw));
  FileAttributes wanted = Mode(0750);
  wanted.xattrs["system.posix_acl_access"] = acl;
  ASSERT_TRUE(files_->Create("/d/with", "x", wanted).ok());
  auto content = files_->Read("/d/with");
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->attributes, wanted);
  ASSERT_EQ(setxattr((root_ + "/d").c_str(), "system.posix_acl_default", acl.data(), acl.size(), 0),
            0);
  ASSERT_TRUE(files_->Create("/d/without", "x", Mode(0600)).ok());
  content = files_->Read("/d/without");
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(content->attributes, Mode(0600));
}

TEST_F(PosixFileSystemTest, ReservedSpaceIsBehindTheEndAndSeenByNobody) {
  ASSERT_TRUE(files_->Create("/d/f", "abc", {}).ok());
  const absl::Status reserved = files_->Reserve("/d/f", 1 << 20);
  ASSERT_TRUE(reserved.ok()) << reserved;
  struct stat facts = {};
  ASSERT_EQ(stat((root_ + "/d/f").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_size, 3);
  EXPECT_GE(facts.st_blocks * 512, 1 << 20);
  ASSERT_TRUE(files_->WriteFrom("/d/f", 3, "def").ok());
  EXPECT_EQ(files_->Read("/d/f")->bytes, "abcdef");
  ASSERT_EQ(stat((root_ + "/d/f").c_str(), &facts), 0);
  EXPECT_GE(facts.st_blocks * 512, 1 << 20) << "appending takes of it and gives nothing back";
  EXPECT_TRUE(absl::IsNotFound(files_->Reserve("/d/none", 1)));
  EXPECT_TRUE(absl::IsFailedPrecondition(files_->Reserve("/d", 1)));
}

TEST_F(PosixFileSystemTest, ASymbolicLinkInAnyComponentIsRefusedAndNamed) {
  ASSERT_TRUE(files_->Create("/d/f", "x", mine_).ok());
  ASSERT_EQ(symlink("d", (root_ + "/to-d").c_str()), 0);
  ASSERT_EQ(symlink("f", (root_ + "/d/to-f").c_str()), 0);
  ASSERT_EQ(symlink("/nowhere", (root_ + "/d/dangling").c_str()), 0);
  const auto refused = [](const absl::Status& status, const std::string& link) {
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
    EXPECT_NE(status.message().find(link + " is a symbolic link"), absl::string_view::npos)
        << status;
  };
  for (const auto& [path, link] : {std::pair<std::string, std::string>{"/to-d/f", "/to-d"},
                                   {"/d/to-f", "/d/to-f"},
                                   {"/d/dangling", "/d/dangling"}}) {
    refused(files_->Read(path).status(), link);
    refused(files_->WriteFrom(path, 0, "y"), link);
    refused(files_->Sync(path), link);
    refused(files_->Remove(path), link);
    refused(files_->Rename(path, "/d/other"), link);
    refused(files_->Rename("/d/f", path), link);
  }
  refused(files_->List("/to-d").status(), "/to-d");
  refused(files_->Create("/to-d/new", "x", mine_), "/to-d");
  refused(files_->MakeDirectory("/to-d/new", 0700), "/to-d");
  EXPECT_EQ(files_->Create("/d/dangling", "x", mine_).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(files_->Read("/d/f")->bytes, "x");
}

TEST_F(PosixFileSystemTest, NothingLeadsOutOfTheRoot) {
  EXPECT_EQ(files_->Read("/../etc/passwd").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(files_->Read("etc/passwd").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(files_->Read("/etc/passwd").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_->Create("/d/./f", "x", mine_).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(files_->Read(std::string("/d\0/f", 5)).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(PosixFileSystemTest, FifosAndDirectoriesAreRefusedWithoutBlocking) {
  ASSERT_EQ(mkfifo((root_ + "/d/fifo").c_str(), 0600), 0);
  for (const char* path : {"/d/fifo", "/d"}) {
    EXPECT_EQ(files_->Read(path).status().code(), StatusCode::kFailedPrecondition) << path;
    EXPECT_EQ(files_->WriteFrom(path, 0, "x").code(), StatusCode::kFailedPrecondition) << path;
  }
  EXPECT_EQ(files_->Sync("/d/fifo").code(), StatusCode::kFailedPrecondition);
}

TEST_F(PosixFileSystemTest, ANewNameIsNeverTakenFromAnother) {
  ASSERT_TRUE(files_->Create("/d/a", "a", Mode(0600)).ok());
  ASSERT_TRUE(files_->Create("/d/b", "b", Mode(0600)).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(files_->RenameNew("/d/a", "/d/b")));
  EXPECT_EQ(files_->Read("/d/a")->bytes, "a");
  EXPECT_EQ(files_->Read("/d/b")->bytes, "b");
  ASSERT_TRUE(files_->RenameNew("/d/a", "/d/c").ok());
  EXPECT_TRUE(absl::IsNotFound(files_->Read("/d/a").status()));
  EXPECT_EQ(files_->Read("/d/c")->bytes, "a");
  EXPECT_TRUE(absl::IsNotFound(files_->RenameNew("/d/a", "/d/e")));
}

TEST_F(PosixFileSystemTest, ASecondNameIsTheSameFileAndOutlivesTheFirst) {
  ASSERT_TRUE(files_->Create("/d/a", "a", Mode(0640)).ok());
  ASSERT_TRUE(files_->Create("/d/b", "b", Mode(0600)).ok());
  ASSERT_TRUE(files_->Link("/d/a", "/d/c").ok());
  EXPECT_EQ(files_->Read("/d/a")->inode, files_->Read("/d/c")->inode);
  EXPECT_TRUE(absl::IsAlreadyExists(files_->Link("/d/a", "/d/b")));
  EXPECT_TRUE(absl::IsNotFound(files_->Link("/d/none", "/d/e")));
  ASSERT_TRUE(files_->Rename("/d/b", "/d/a").ok());
  EXPECT_EQ(files_->Read("/d/c")->bytes, "a");
  EXPECT_EQ(symlink("c", (root_ + "/d/link").c_str()), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(files_->Link("/d/link", "/d/e")));
  EXPECT_TRUE(absl::IsFailedPrecondition(files_->RenameNew("/d/link", "/d/e")));
}

TEST_F(PosixFileSystemTest, ErrorsHaveTheCodesThatTheSeamPromises) {
  ASSERT_TRUE(files_->Create("/d/f", "old", mine_).ok());
  EXPECT_EQ(files_->Create("/d/f", "new", mine_).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(files_->Read("/d/f")->bytes, "old");
  EXPECT_EQ(files_->Read("/d/none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_->List("/none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_->Remove("/d").code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(files_->MakeDirectory("/d", 0700).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(files_->Rename("/d/none", "/d/g").code(), StatusCode::kNotFound);
  EXPECT_EQ(files_->Read("/d/f/below").status().code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(files_->Remove("/d/f").ok());
  EXPECT_TRUE(files_->Remove("/d").ok());
}

TEST_F(PosixFileSystemTest, WritingFromAnOffsetReplacesTheRest) {
  ASSERT_TRUE(files_->Create("/d/f", "abcdef", mine_).ok());
  ASSERT_TRUE(files_->WriteFrom("/d/f", 6, "gh").ok());
  EXPECT_EQ(files_->Read("/d/f")->bytes, "abcdefgh");
  ASSERT_TRUE(files_->WriteFrom("/d/f", 2, "X").ok());
  EXPECT_EQ(files_->Read("/d/f")->bytes, "abX");
  ASSERT_TRUE(files_->WriteFrom("/d/f", 1, "").ok());
  EXPECT_EQ(files_->Read("/d/f")->bytes, "a");
  EXPECT_EQ(files_->WriteFrom("/d/f", 9, "x").code(), StatusCode::kInvalidArgument);
}

TEST_F(PosixFileSystemTest, WhatIsWrittenOverKeepsTheSize) {
  ASSERT_TRUE(files_->Create("/d/f", "abcdef", mine_).ok());
  ASSERT_TRUE(files_->WriteOver("/d/f", 2, "XY").ok());
  EXPECT_EQ(files_->Read("/d/f")->bytes, "abXYef");
  ASSERT_TRUE(files_->WriteOver("/d/f", 4, "ZZ").ok());
  EXPECT_EQ(files_->Read("/d/f")->bytes, "abXYZZ");
  for (const std::uint64_t offset : {5U, 7U}) {
    EXPECT_EQ(files_->WriteOver("/d/f", offset, "xx").code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(files_->Read("/d/f")->bytes, "abXYZZ");
  EXPECT_TRUE(absl::IsNotFound(files_->WriteOver("/d/none", 0, "x")));
}

TEST_F(PosixFileSystemTest, RenameReplacesAndListIsSorted) {
  ASSERT_TRUE(files_->Create("/d/b", "b", mine_).ok());
  ASSERT_TRUE(files_->Create("/d/.a", "a", mine_).ok());
  ASSERT_TRUE(files_->MakeDirectory("/d/c", 01777).ok());
  ASSERT_EQ(symlink("b", (root_ + "/d/link").c_str()), 0);
  ASSERT_TRUE(files_->Rename("/d/.a", "/d/b").ok());
  EXPECT_EQ(files_->Read("/d/b")->bytes, "a");
  const auto entries = files_->List("/d");
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ((*entries)[0].name, "b");
  EXPECT_EQ((*entries)[0].type, EntryType::RegularFile);
  EXPECT_EQ((*entries)[1].type, EntryType::Directory);
  EXPECT_EQ((*entries)[2].type, EntryType::SymbolicLink);
  struct stat facts = {};
  ASSERT_EQ(stat((root_ + "/d/c").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 01777U);
}

TEST_F(PosixFileSystemTest, ALockHasOneOwner) {
  const std::string path = root_ + "/d/lock";
  auto first = FileLock::Acquire(path, "belay-agent");
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = FileLock::Acquire(path, "belay-agent");
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(second.status().message().find("belay-agent with pid"), absl::string_view::npos);
  first->reset();
  EXPECT_TRUE(FileLock::Acquire(path, "belay-agent").ok());
}

TEST(RandomId, IsHexOfTheLengthAskedForAndDiffers) {
  EXPECT_EQ(RandomHex(8).size(), 16U);
  EXPECT_EQ(RandomHex(8).find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(RandomHex(16), RandomHex(16));
  for (int i = 0; i < 1000; ++i) {
    const double fraction = RandomFraction();
    EXPECT_GE(fraction, 0.0);
    EXPECT_LT(fraction, 1.0);
  }
}

TEST(SystemClock, KnowsItsBootAndDoesNotGoBack) {
  const auto clock = SystemClock::Open();
  ASSERT_TRUE(clock.ok()) << clock.status();
  EXPECT_EQ((*clock)->BootId().size(), 36U);
  const std::int64_t before = (*clock)->BootNowNs();
  EXPECT_GE((*clock)->BootNowNs(), before);
  EXPECT_GT((*clock)->WallNowUnixMs(), 1'600'000'000'000);
}

}  // namespace
}  // namespace belay
