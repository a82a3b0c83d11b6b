// `belayctl edit` from its command line to the file, and the replacing of a file by itself.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/files.h"
#include "cli/one_file_edit.h"
#include "common/os/posix_file_system.h"
#include "tests/support/belayctl_run.h"
#include "tests/support/sim_disk.h"

namespace belay {
namespace {

constexpr char kPod[] =
    "apiVersion: v1\n"
    "kind: Pod\n"
    "metadata:\n"
    "  name: kube-apiserver  # the pod\n"
    "spec:\n"
    "  containers:\n"
    "  - command:\n"
    "    - kube-apiserver\n"
    "    - --enable-admission-plugins=NodeRestriction\n"
    "    - --profiling=true\n"
    "    image: x\n"
    "    name: kube-apiserver\n";
constexpr char kKubelet[] =
    "kind: KubeletConfiguration\n"
    "authentication:\n"
    "  anonymous:\n"
    "    enabled: true  # kept\n";
constexpr char kOff[] = R"({"setFlag":{"flag":"profiling","value":"false"}})";
constexpr char kOn[] = R"({"setFlag":{"flag":"profiling","value":"true"}})";

class BelayctlEdit : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/belayctl_edit_XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  void TearDown() override {
    for (const std::string& file : List()) ::unlink(absl::StrCat(directory_, "/", file).c_str());
    ::rmdir(directory_.c_str());
  }
  std::string Path(const std::string& name) const { return absl::StrCat(directory_, "/", name); }
  std::string Make(const std::string& name, const std::string& bytes, unsigned mode = 0644) {
    EXPECT_TRUE(WriteNewFile(Path(name), bytes, mode).ok());
    return Path(name);
  }
  std::string Bytes(const std::string& name) const {
    return ReadUserFile(Path(name)).value_or("(no file)");
  }
  struct stat Stat(const std::string& name) const {
    struct stat stat {};
    EXPECT_EQ(::lstat(Path(name).c_str(), &stat), 0);
    return stat;
  }
  std::vector<std::string> List() const {
    std::vector<std::string> names;
    const auto files = PosixFileSystem::Open(directory_);
    const auto entries = (*files)->List("/");
    for (const DirectoryEntry& entry : *entries) names.push_back(entry.name);
    return names;
  }

  Ran Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "edit");
    return RunVerb(AddEdit, std::move(arguments));
  }

  std::string directory_;
};

TEST_F(BelayctlEdit, EditsInPlaceAndKeepsTheRestOfTheFileAndItsAttributes) {
  const std::string file = Make("kube-apiserver.yaml", kPod, 0640);
  const bool has_xattr = ::setxattr(file.c_str(), "user.mine", "1", 1, 0) == 0;
  const Ran ran = Run({"--file", file, "--op", kOff, "--op",
                       "mergeListFlag: {flag: enable-admission-plugins, add: [A], remove: []}"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, absl::StrCat("edited ", file, "\n"));
  EXPECT_EQ(Bytes("kube-apiserver.yaml"),
            absl::StrReplaceAll(kPod, {{"profiling=true", "profiling=false"},
                                       {"=NodeRestriction", "=NodeRestriction,A"}}));
  EXPECT_EQ(Stat("kube-apiserver.yaml").st_mode & 07777, 0640u);
  if (has_xattr) {
    char value = 0;
    EXPECT_EQ(::getxattr(file.c_str(), "user.mine", &value, 1), 1);
  }
  EXPECT_EQ(List(), std::vector<std::string>{"kube-apiserver.yaml"});
}

TEST_F(BelayctlEdit, DoesNotTouchAFileThatIsAsWanted) {
  const std::string file = Make("kube-apiserver.yaml", kPod);
  const struct stat before = Stat("kube-apiserver.yaml");
  const Ran ran = Run({"--file", file, "--op", kOn});
  EXPECT_EQ(ran.code, 10);
  EXPECT_EQ(ran.out, absl::StrCat("nothing to do: ", file, " is already as wanted\n"));
  const struct stat after = Stat("kube-apiserver.yaml");
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
  EXPECT_EQ(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
}

TEST_F(BelayctlEdit, OutThatIsTheFileItselfIsInPlace) {
  const std::string file = Make("a.yaml", kPod, 0640);
  ASSERT_EQ(::symlink("a.yaml", Path("link").c_str()), 0);
  const struct stat before = Stat("a.yaml");
  EXPECT_EQ(Run({"--file", file, "--op", kOn, "--out", Path("link")}).code, 10);
  EXPECT_EQ(before.st_ino, Stat("a.yaml").st_ino) << "what is as wanted is not touched";
  EXPECT_EQ(Run({"--file", file, "--op", kOff, "--out", Path("link")}).code, 0);
  EXPECT_EQ(Bytes("a.yaml"), absl::StrReplaceAll(kPod, {{"=true", "=false"}}));
  EXPECT_EQ(Stat("a.yaml").st_mode & 07777, 0640U);
  EXPECT_TRUE(S_ISLNK(Stat("link").st_mode));
}

TEST_F(BelayctlEdit, OutThatIsNoFileIsWrittenIntoAndNeverReplaced) {
  const std::string file = Make("a.yaml", kPod);
  ASSERT_EQ(::symlink("/dev/null", Path("device").c_str()), 0);
  EXPECT_EQ(Run({"--file", file, "--op", kOff, "--out", Path("device")}).code, 0);
  EXPECT_TRUE(S_ISLNK(Stat("device").st_mode)) << "a device may be reached like that";
  ASSERT_EQ(::mkfifo(Path("fifo").c_str(), 0600), 0);
  const int reader = ::open(Path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  EXPECT_EQ(Run({"--file", file, "--op", kOff, "--out", Path("fifo")}).code, 0);
  char buffer[4096];
  const ssize_t got = ::read(reader, buffer, sizeof buffer);
  ::close(reader);
  EXPECT_TRUE(S_ISFIFO(Stat("fifo").st_mode));
  EXPECT_EQ(std::string(buffer, got < 0 ? 0U : static_cast<std::size_t>(got)),
            absl::StrReplaceAll(kPod, {{"=true", "=false"}}));
  EXPECT_EQ(Run({"--file", file, "--op", kOff, "--out", directory_}).code, 1) << "a directory";
  Make("b.yaml", "old");
  ASSERT_EQ(::symlink("b.yaml", Path("link").c_str()), 0);
  EXPECT_EQ(Run({"--file", file, "--op", kOff, "--out", Path("link")}).code, 0);
  EXPECT_TRUE(S_ISLNK(Stat("link").st_mode));
  EXPECT_EQ(Bytes("b.yaml"), absl::StrReplaceAll(kPod, {{"=true", "=false"}}));
}

TEST_F(BelayctlEdit, NamesTheFileAndTheDirectoryThatAreInTheWay) {
  ASSERT_EQ(::mkfifo(Path("fifo").c_str(), 0600), 0);
  const Ran fifo = Run({"--file", Path("fifo"), "--op", kOn});
  EXPECT_EQ(fifo.code, 11);
  EXPECT_TRUE(absl::StrContains(fifo.err, absl::StrCat("read ", Path("fifo"), ": it is a FIFO")))
      << fifo.err;
  const std::string file = Make("a.yaml", kPod);
  const Ran nowhere = Run({"--file", file, "--op", kOff, "--out", Path("none/b")});
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_TRUE(absl::StrContains(nowhere.err, absl::StrCat("next: ls -ld ", Path("none"), "/\n")))
      << nowhere.err;
}

TEST_F(BelayctlEdit, TwiceIsOnce) {
  const std::string file = Make("a.yaml", kPod);
  const std::string mount =
      R"({"mountPath":{"name":"audit","hostPath":"/etc/a","mountPath":"/etc/a","type":"Directory","readOnly":true}})";
  EXPECT_EQ(Run({"--file", file, "--op", mount}).code, 0);
  const std::string once = Bytes("a.yaml");
  EXPECT_EQ(Run({"--file", file, "--op", mount}).code, 10);
  EXPECT_EQ(Bytes("a.yaml"), once);
}

TEST_F(BelayctlEdit, WritesToAnotherFileAndLeavesTheFirst) {
  const std::string file = Make("a.yaml", kPod, 0600);
  EXPECT_EQ(Run({"--file", file, "--op", kOff, "--out", Path("b.yaml")}).code, 0);
  EXPECT_EQ(Bytes("a.yaml"), kPod);
  EXPECT_EQ(Bytes("b.yaml"), absl::StrReplaceAll(kPod, {{"=true", "=false"}}));
  EXPECT_EQ(Stat("b.yaml").st_mode & 07777, 0600u);
  EXPECT_EQ(Run({"--file", file, "--op", kOn, "--out", Path("c.yaml")}).code, 10);
  EXPECT_EQ(Bytes("c.yaml"), kPod);
  const Ran printed = Run({"--file", file, "--op", kOff, "--out", "-"});
  EXPECT_EQ(printed.code, 0);
  EXPECT_EQ(printed.out, Bytes("b.yaml"));
}

TEST_F(BelayctlEdit, EditsConfigFilesByTheSortOfEdit) {
  const std::string file = Make("config.yaml", kKubelet);
  const Ran ran =
      Run({"--file", file, "--op",
           R"({"setConfigKey":{"path":"authentication.anonymous.enabled","value":false,)"
           R"("kind":"KubeletConfiguration"}})",
           "-o", "json"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_TRUE(absl::StrContains(ran.out, "\"outcome\": \"edited\"")) << ran.out;
  EXPECT_EQ(Bytes("config.yaml"), absl::StrReplaceAll(kKubelet, {{"true", "false"}}));
  EXPECT_EQ(
      Run({"--file", file, "--op", R"({"unsetConfigKey":{"path":["authentication","x"]}})"}).code,
      10);
}

TEST_F(BelayctlEdit, RefusesWithAReasonAndWritesNothing) {
  const std::string file = Make("a.yaml", kPod);
  const Ran ran =
      Run({"--file", file, "--op", kOff, "--container", "sidecar", "--out", Path("b.yaml")});
  EXPECT_EQ(ran.code, 11);
  EXPECT_TRUE(absl::StrContains(ran.err, "no container is named 'sidecar'")) << ran.err;
  EXPECT_EQ(ran.out, "");
  // One operation that is refused refuses all.
  const Ran second = Run({"--file", file, "--op", kOff, "--op",
                          R"({"setFlag":{"flag":"x","value":"1","container":"sidecar"}})"});
  EXPECT_EQ(second.code, 11);
  const std::string broken = Make("broken.yaml", "a: [\n");
  EXPECT_EQ(Run({"--file", broken, "--op", kOff}).code, 11);
  EXPECT_EQ(Run({"--file", Path("none.yaml"), "--op", kOff}).code, 11);
  EXPECT_EQ(Run({"--file", directory_, "--op", kOff}).code, 11);
  EXPECT_EQ(::mkfifo(Path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(Run({"--file", Path("fifo"), "--op", kOff}).code, 11);
  EXPECT_EQ(Bytes("a.yaml"), kPod);
  EXPECT_EQ(List(), (std::vector<std::string>{"a.yaml", "broken.yaml", "fifo"}));
}

TEST_F(BelayctlEdit, SaysWhatIsWrongWithItsUse) {
  const std::string file = Make("a.yaml", kPod);
  const struct {
    std::vector<std::string> operations;
    const char* expected;
  } table[] = {
      {{"{"}, "--op:1:1: not YAML"},
      {{R"({"setFlags":{}})"}, "unknown edit 'setFlags'; did you mean 'setFlag'?"},
      {{R"({"setFlag":{"flag":"--x"}})"}, "'value' is missing in setFlag"},
      {{kOff, R"({"setFlag":{"flag":"--x","value":"1"}})"},
       "--op number 2:1:20: write the flag without dashes: x"},
      {{kOff, R"({"setConfigKey":{"path":"a","value":1}})"}, "give edits of one sort"},
      {{R"({"removeFile":{"path":"/etc/a"}})"}, "removeFile is about a file as a whole"},
      {{}, "--op is required"},
  };
  for (const auto& row : table) {
    std::vector<std::string> arguments = {"--file", file};
    for (const std::string& operation : row.operations) {
      arguments.insert(arguments.end(), {"--op", operation});
    }
    const Ran ran = Run(arguments);
    EXPECT_EQ(ran.code, 2);
    EXPECT_TRUE(absl::StrContains(ran.err, row.expected)) << ran.err;
  }
  EXPECT_EQ(Run({"--op", kOff}).code, 2);
  EXPECT_EQ(Run({"--file", file, "--op", kOff, "--ot", "x"}).code, 2);
  EXPECT_EQ(Bytes("a.yaml"), kPod);
}

TEST_F(BelayctlEdit, EditsWhatALinkPointsToAndKeepsTheLink) {
  Make("a.yaml", kPod);
  ASSERT_EQ(::symlink("a.yaml", Path("link").c_str()), 0);
  EXPECT_EQ(Run({"--file", Path("link"), "--op", kOff}).code, 0);
  EXPECT_TRUE(S_ISLNK(Stat("link").st_mode));
  EXPECT_EQ(Bytes("a.yaml"), absl::StrReplaceAll(kPod, {{"=true", "=false"}}));
}

TEST(ContainerOf, IsTheOnlyOneOrTheOneNamedLikeFileOrPod) {
  const auto pod = [](const std::string& name, const std::string& containers) {
    return absl::StrCat("kind: Pod\napiVersion: v1\nmetadata: {name: ", name,
                        "}\nspec:\n  containers: [", containers, "]\n");
  };
  EXPECT_EQ(*ContainerOf(pod("p", "{name: only}"), "x.yaml"), "only");
  EXPECT_EQ(*ContainerOf(pod("p", "{name: side}, {name: x}"), "x.yaml"), "x");
  EXPECT_EQ(*ContainerOf(pod("p", "{name: side}, {name: p}"), "x.yaml"), "p");
  EXPECT_EQ(ContainerOf(pod("p", "{name: side}, {name: q}"), "x.yaml").status().message(),
            "the file has the containers side, q: say with --container which one is meant, and "
            "give it a name where it has none");
  EXPECT_FALSE(ContainerOf(pod("p", "{name: x}, {name: p}"), "x.yaml").ok());
  EXPECT_FALSE(ContainerOf(pod("p", "{image: x}"), "x.yaml").ok()) << "it has no name";
  EXPECT_EQ(*ContainerOf(pod("p", "{name: only, command: [a, null, 1]}"), "x.yaml"), "only")
      << "what it runs is not looked at";
  const std::string two = absl::StrCat(pod("p", "{name: x}"), "---\n", pod("q", "{name: q}"));
  EXPECT_EQ(*ContainerOf(two, "x.yaml"), "x");
  EXPECT_FALSE(ContainerOf(two, "y.yaml").ok());
  EXPECT_FALSE(ContainerOf("kind: Service\n", "x.yaml").ok());
}

class ReplaceContentTest : public testing::Test {
 protected:
  void SetUp() override {
    disk_.PutDirectory("/d");
    disk_.PutFile("/d/f", "old", {0640, 7, 8, {{"user.x", "y"}}});
    before_ = *disk_.Read("/d/f");
  }
  SimDisk disk_;
  FileContent before_;
};

TEST_F(ReplaceContentTest, AtEveryCrashTheFileIsOldOrNewAndNothingElseIsVisible) {
  for (const SimDisk::Cut cut :
       {SimDisk::Cut::Kill, SimDisk::Cut::Lose, SimDisk::Cut::Keep, SimDisk::Cut::Torn}) {
    for (int k = 0; k < 8; ++k) {
      SimDisk disk;
      disk.PutDirectory("/d");
      disk.PutFile("/d/f", "old", {0640, 7, 8, {}});
      const FileContent before = *disk.Read("/d/f");
      disk.CrashAt(k, true);
      bool done = false;
      try {
        done = ReplaceContent(disk, "/d/f", before, "new", "t").ok();
      } catch (const Crash&) {
      }
      disk.Disarm();
      std::mt19937 random(static_cast<unsigned>(k));
      disk.Apply(cut, random);
      const FileContent after = *disk.Read("/d/f");
      EXPECT_TRUE(after.bytes == "new" || (!done && after.bytes == "old")) << k << after.bytes;
      EXPECT_EQ(after.attributes.mode, 0640u);
      const auto entries = disk.List("/d");
      for (const DirectoryEntry& entry : *entries) {
        EXPECT_TRUE(entry.name == "f" || entry.name.front() == '.') << entry.name;
      }
    }
  }
}

TEST_F(ReplaceContentTest, KeepsAttributesAndLeavesNothingBehind) {
  EXPECT_TRUE(ReplaceContent(disk_, "/d/f", before_, "new", "t").ok());
  const FileContent after = *disk_.Read("/d/f");
  EXPECT_EQ(after.bytes, "new");
  EXPECT_EQ(after.attributes, before_.attributes);
  EXPECT_EQ(disk_.List("/d")->size(), 1u);
}

TEST_F(ReplaceContentTest, NeverOverwritesWhatSomebodyElseHasWritten) {
  disk_.PutFile("/d/f", "foreign", before_.attributes);
  EXPECT_EQ(ReplaceContent(disk_, "/d/f", before_, "new", "t").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(disk_.Read("/d/f")->bytes, "foreign");
  EXPECT_EQ(disk_.List("/d")->size(), 1u);
}

TEST_F(ReplaceContentTest, AFullDiskLeavesTheOldFileAndNoTemporary) {
  for (int k = 0; k < 3; ++k) {
    disk_.FailAt(k, absl::ResourceExhaustedError("disk full"));
    EXPECT_FALSE(ReplaceContent(disk_, "/d/f", before_, "new", "t").ok());
    disk_.Disarm();
    EXPECT_EQ(disk_.Read("/d/f")->bytes, "old");
    EXPECT_EQ(disk_.List("/d")->size(), 1u) << k;
  }
}

}  // namespace
}  // namespace belay
