// PosixNodeFiles on the real kernel: through links, never out of the root, never blocking.
#include "common/os/posix_node_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/match.h"

namespace belay {
namespace {

namespace fs = std::filesystem;

class PosixNodeFilesTest : public testing::Test {
 protected:
  PosixNodeFilesTest() {
    std::string name = testing::TempDir() + "nodefilesXXXXXX";
    root = mkdtemp(name.data());
    fs::create_directories(root / "etc/dir");
    std::ofstream(root / "etc/file") << "words";
    chmod((root / "etc/file").c_str(), 04640);
    files = *PosixNodeFiles::Open(root.string());
  }
  ~PosixNodeFilesTest() override { fs::remove_all(root); }

  fs::path root;
  std::unique_ptr<PosixNodeFiles> files;
};

TEST_F(PosixNodeFilesTest, LooksAtFilesAndDirectories) {
  const absl::StatusOr<FileFacts> file = files->Look("/etc/file");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(*file, (FileFacts{EntryType::RegularFile, 04640, geteuid(), getegid()}));
  EXPECT_EQ(files->Look("/etc/dir")->type, EntryType::Directory);
  EXPECT_TRUE(absl::IsNotFound(files->Look("/etc/none").status()));
  EXPECT_EQ(*files->ReadSmall("/etc/file", 5), "words");
}

TEST_F(PosixNodeFilesTest, FollowsLinksInsideOfTheRootOnly) {
  fs::create_symlink("file", root / "etc/near");
  fs::create_symlink("/etc/file", root / "etc/absolute");  // of the root, not of this machine
  fs::create_symlink("/etc/passwd", root / "etc/outside");
  fs::create_symlink("../../../../../../etc/passwd", root / "etc/up");
  EXPECT_EQ(*files->ReadSmall("/etc/near", 100), "words");
  EXPECT_EQ(*files->ReadSmall("/etc/absolute", 100), "words");
  EXPECT_EQ(files->Look("/etc/near")->mode, 04640u);
  EXPECT_TRUE(absl::IsNotFound(files->ReadSmall("/etc/outside", 1 << 20).status()));
  EXPECT_TRUE(absl::IsNotFound(files->ReadSmall("/etc/up", 1 << 20).status()));
}

TEST_F(PosixNodeFilesTest, ListsTypesAsTheyStandThere) {
  fs::create_symlink("dir", root / "etc/link");
  const absl::StatusOr<std::vector<DirectoryEntry>> entries = files->ListAt("/etc");
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ((*entries)[0].name, "dir");
  EXPECT_EQ((*entries)[0].type, EntryType::Directory);
  EXPECT_EQ((*entries)[2].name, "link");
  EXPECT_EQ((*entries)[2].type, EntryType::SymbolicLink);
  EXPECT_FALSE(files->ListAt("/etc/file").ok());
}

TEST_F(PosixNodeFilesTest, NeitherBlocksOnAFifoNorReadsWithoutBound) {
  ASSERT_EQ(mkfifo((root / "etc/fifo").c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(files->ReadSmall("/etc/fifo", 100).status()));
  EXPECT_EQ(files->Look("/etc/fifo")->type, EntryType::Other);
  EXPECT_TRUE(absl::IsFailedPrecondition(files->ReadSmall("/etc/dir", 100).status()));
  // Not even tried: opening a device can have effects, opening a socket only fails otherwise.
  const int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  (root / "etc/socket").string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(socket_fd, reinterpret_cast<struct sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(files->ReadSmall("/etc/socket", 100).status()));
  close(socket_fd);
  const absl::Status large = files->ReadSmall("/etc/file", 4).status();
  EXPECT_TRUE(absl::StrContains(large.message(), "larger than 4 bytes")) << large;
  std::ofstream(root / "etc/big") << std::string(100'000, 'x');
  EXPECT_EQ(files->ReadSmall("/etc/big", 100'000)->size(), 100'000u);
  EXPECT_FALSE(files->ReadSmall("/etc/big", 99'999).ok());
}

TEST(PosixNodeFiles, ReadsProcWithoutItsMagicLinks) {
  const std::unique_ptr<PosixNodeFiles> files = *PosixNodeFiles::Open("/");
  const absl::StatusOr<std::string> status = files->ReadSmall("/proc/self/status", 1 << 16);
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_TRUE(absl::StrContains(*status, "Name:"));
  EXPECT_FALSE(files->Look("/proc/self/root/etc").ok());
  EXPECT_FALSE(PosixNodeFiles::Open("/no/such/root").ok());
}

}  // namespace
}  // namespace belay
