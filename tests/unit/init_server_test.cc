#include "server/enrolment/init_server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/crypto/x509.h"
#include "common/os/posix_file_system.h"
#include "server/enrolment/operator_home.h"

namespace belay {
namespace {

constexpr std::int64_t kNow = 1'790'000'000;
struct Kill {};

// Directories and files in memory, with rename of directories; the k-th mutating call fails or
// kills.
class Tree final : public FileSystem {
 public:
  struct Entry {
    EntryType type = EntryType::RegularFile;
    FileContent content;
    bool synced = false;
  };

  absl::StatusOr<FileContent> Read(const std::string& path) const override {
    const auto found = entries.find(path);
    if (found == entries.end()) return absl::NotFoundError(path);
    return found->second.content;
  }
  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& directory) const override {
    if (directory != "/" && entries.count(directory) == 0) return absl::NotFoundError(directory);
    std::vector<DirectoryEntry> result;
    for (const auto& [path, entry] : entries) {
      if (ParentDirectory(path) == directory) result.push_back({BaseName(path), entry.type});
    }
    return result;
  }
  absl::Status Create(const std::string& path, const std::string& bytes,
                      const FileAttributes& attributes) override {
    return Step([&] {
      entries[path] = {EntryType::RegularFile, {bytes, attributes, 0, 0}, false};
      return absl::OkStatus();
    });
  }
  absl::Status WriteFrom(const std::string&, std::uint64_t, const std::string&) override {
    return absl::UnimplementedError("not needed here");
  }
  absl::Status WriteOver(const std::string&, std::uint64_t, const std::string&) override {
    return absl::UnimplementedError("not needed here");
  }
  absl::Status Reserve(const std::string&, std::uint64_t) override {
    return absl::UnimplementedError("not needed here");
  }
  absl::Status Sync(const std::string& path) override {
    return Step([&] {
      if (path != "/") entries.at(path).synced = true;
      return absl::OkStatus();
    });
  }
  absl::Status RenameNew(const std::string&, const std::string&) override {
    return absl::UnimplementedError("not needed here");
  }
  absl::Status Link(const std::string&, const std::string&) override {
    return absl::UnimplementedError("not needed here");
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return Step([&]() -> absl::Status {
      if (List(to).ok() && !List(to)->empty()) return absl::FailedPreconditionError("not empty");
      for (const auto& [path, entry] : entries) {
        if (path == from || absl::StartsWith(path, from + "/")) {
          EXPECT_TRUE(entry.synced) << path << " is published before it is durable";
        }
      }
      std::map<std::string, Entry> moved;
      for (const auto& [path, entry] : entries) {
        const bool below = path == from || absl::StartsWith(path, from + "/");
        moved[below ? to + path.substr(from.size()) : path] = entry;
      }
      entries = moved;
      return absl::OkStatus();
    });
  }
  absl::Status Remove(const std::string& path) override {
    if (entries.erase(path) == 0) return absl::NotFoundError(path);
    return absl::OkStatus();
  }
  absl::Status MakeDirectory(const std::string& path, std::uint32_t mode) override {
    return Step([&]() -> absl::Status {
      FileContent content;
      content.attributes.mode = mode;
      if (!entries.emplace(path, Entry{EntryType::Directory, content, false}).second) {
        return absl::AlreadyExistsError(path);
      }
      return absl::OkStatus();
    });
  }

  template <class Work>
  absl::Status Step(Work work) {
    const bool now = calls++ == at;
    if (now && kill) throw Kill{};
    if (now) return absl::ResourceExhaustedError("no space");
    return work();
  }

  std::map<std::string, Entry> entries;
  int calls = 0;
  int at = -1;
  bool kill = false;
};

InitOptions Options() {
  InitOptions options;
  options.directory = "/var/lib/belay-server";
  options.operator_name = "ana";
  options.advertise = {"belay.example", "10.1.2.3", "belay-coordinator"};
  options.now_unix = kNow;
  return options;
}
absl::StatusOr<std::string> DatabaseOf(const NewOperator& first) {
  return "database of " + first.name + ", " + first.roles.at(0);
}
absl::Status Noted(const NewOperator&) { return absl::OkStatus(); }
std::string At(const Tree& tree, const std::string& path) {
  const auto content = tree.Read("/var/lib/belay-server" + path);
  EXPECT_TRUE(content.ok()) << path;
  return content.ok() ? content->bytes : "";
}

TEST(InitServer, MakesAServerAndAnOperatorThatTrustEachOther) {
  Tree tree;
  const auto result = InitServer(tree, Options(), DatabaseOf);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(At(tree, "/belay.db"), "database of ana, admin");
  const std::string ca = At(tree, "/ca/ca.pem");
  EXPECT_EQ(result->ca_hash, *CaHash(ca));
  EXPECT_EQ(result->operator_config, "/var/lib/belay-server/operators/ana/config.yaml");
  EXPECT_TRUE(CheckKeyPair({At(tree, "/ca/ca.key"), ca}, ca, kNow).ok());
  const KeyPair server{At(tree, "/tls/server.key"), At(tree, "/tls/server.pem")};
  EXPECT_TRUE(CheckKeyPair(server, At(tree, "/tls/ca.pem"), kNow + 364 * 86400).ok());
  const auto facts = ReadCertificate(server.certificate_pem);
  EXPECT_EQ(facts->uris, std::vector<std::string>{"spiffe://belay/coordinator"});
  EXPECT_EQ(facts->dns_names, (std::vector<std::string>{"belay-coordinator", "belay.example"}));
  EXPECT_TRUE(absl::EndsWith(server.certificate_pem, ca)) << "the CA is presented, for the pin";
  const KeyPair ana{At(tree, "/operators/ana/client.key"), At(tree, "/operators/ana/client.pem")};
  EXPECT_TRUE(CheckKeyPair(ana, At(tree, "/operators/ana/ca.pem"), kNow).ok());
  EXPECT_EQ(ReadCertificate(ana.certificate_pem)->uris,
            std::vector<std::string>{"spiffe://belay/operator/ana"});
  EXPECT_TRUE(absl::StrContains(At(tree, "/operators/ana/config.yaml"), "belay.example:7443"));
}

TEST(InitServer, KeepsEverythingToItsOwner) {
  Tree tree;
  ASSERT_TRUE(InitServer(tree, Options(), DatabaseOf).ok());
  for (const auto& [path, entry] : tree.entries) {
    if (!absl::StartsWith(path, "/var/lib/belay-server")) continue;
    EXPECT_EQ(entry.content.attributes.mode, entry.type == EntryType::Directory ? 0700u : 0600u)
        << path;
  }
}

TEST(InitServer, RefusesADirectoryWithAnythingInItAndChangesNothing) {
  Tree tree;
  ASSERT_TRUE(InitServer(tree, Options(), DatabaseOf).ok());
  const std::string key = At(tree, "/ca/ca.key");
  const std::size_t entries = tree.entries.size();
  EXPECT_EQ(InitServer(tree, Options(), DatabaseOf).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(At(tree, "/ca/ca.key"), key);
  EXPECT_EQ(tree.entries.size(), entries);
}

TEST(InitServer, FillsADirectoryThatIsThereAndEmpty) {
  Tree tree;
  for (const char* path : {"/var", "/var/lib", "/var/lib/belay-server"}) {
    ASSERT_TRUE(tree.MakeDirectory(path, 0700).ok());
  }
  EXPECT_TRUE(InitServer(tree, Options(), DatabaseOf).ok());
}

TEST(InitServer, LeavesNothingHalfWhereverItIsKilled) {
  Tree whole;
  ASSERT_TRUE(InitServer(whole, Options(), DatabaseOf).ok());
  ASSERT_GT(whole.calls, 20);
  for (int at = 0; at < whole.calls; ++at) {
    Tree tree;
    tree.at = at;
    tree.kill = true;
    EXPECT_THROW(static_cast<void>(InitServer(tree, Options(), DatabaseOf)), Kill);
    const bool there = tree.List("/var/lib/belay-server").ok();
    EXPECT_EQ(there, tree.Read("/var/lib/belay-server/server.yaml").ok()) << at;
    tree.kill = false;
    tree.at = -1;
    EXPECT_EQ(InitServer(tree, Options(), DatabaseOf).ok(), !there)
        << "killed at " << at << ", then again";
  }
}

TEST(InitServer, LeavesNoKeysBehindWhenTheDiskIsFull) {
  Tree whole;
  ASSERT_TRUE(InitServer(whole, Options(), DatabaseOf).ok());
  for (int at = 0; at < whole.calls - 1; ++at) {
    Tree tree;
    tree.at = at;
    EXPECT_EQ(InitServer(tree, Options(), DatabaseOf).status().code(),
              absl::StatusCode::kResourceExhausted);
    for (const auto& [path, entry] : tree.entries) {
      EXPECT_EQ(entry.type, EntryType::Directory) << path << " after failing at " << at;
      EXPECT_FALSE(absl::StrContains(path, "belay")) << path << " after failing at " << at;
    }
  }
}

TEST(InitServer, WorksOnARealDiskAndForItsOwnUser) {
  std::string home = ::testing::TempDir() + "belay-init-XXXXXX";
  ASSERT_NE(mkdtemp(home.data()), nullptr);
  const auto real = PosixFileSystem::Open("/");
  ASSERT_TRUE(real.ok()) << real.status();
  FileSystem& files = **real;
  InitOptions options = Options();
  options.directory = home;  // there, and empty
  const auto result = InitServer(files, options, DatabaseOf);
  ASSERT_TRUE(result.ok()) << result.status();
  const auto key = files.Read(home + "/ca/ca.key");
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->attributes.mode, 0600u);
  EXPECT_EQ(key->attributes.uid, geteuid());
  EXPECT_TRUE(files.Read(result->operator_config).ok());
  EXPECT_EQ(InitServer(files, options, DatabaseOf).status().code(),
            absl::StatusCode::kAlreadyExists);
  std::filesystem::remove_all(home);
}

OperatorOptions Bob() {
  return {.directory = "/var/lib/belay-server",
          .name = "bob",
          .server = "belay.example:7443",
          .now_unix = kNow};
}

TEST(AddOperator, MakesOneThatTheServerTrusts) {
  Tree tree;
  ASSERT_TRUE(InitServer(tree, Options(), DatabaseOf).ok());
  const auto made = AddOperator(tree, Bob(), Noted);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(*made, "/var/lib/belay-server/operators/bob/config.yaml");
  const KeyPair bob{At(tree, "/operators/bob/client.key"), At(tree, "/operators/bob/client.pem")};
  EXPECT_TRUE(CheckKeyPair(bob, At(tree, "/tls/ca.pem"), kNow).ok());
  EXPECT_EQ(ReadCertificate(bob.certificate_pem)->uris,
            std::vector<std::string>{"spiffe://belay/operator/bob"});
  EXPECT_EQ(At(tree, "/operators/bob/config.yaml"), At(tree, "/operators/ana/config.yaml"));
}

TEST(AddOperator, ReplacesNobodyAndRefusesBadNames) {
  Tree tree;
  ASSERT_TRUE(InitServer(tree, Options(), DatabaseOf).ok());
  ASSERT_TRUE(AddOperator(tree, Bob(), Noted).ok());
  const std::string key = At(tree, "/operators/bob/client.key");
  EXPECT_EQ(AddOperator(tree, Bob(), Noted).status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(At(tree, "/operators/bob/client.key"), key);
  OperatorOptions out = Bob();
  out.name = "../bob";
  EXPECT_EQ(AddOperator(tree, out, Noted).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(AddOperator, IsKnownBeforeThereIsAKeyOrIsNotMade) {
  Tree tree;
  ASSERT_TRUE(InitServer(tree, Options(), DatabaseOf).ok());
  OperatorOptions bob = Bob();
  bob.roles = {"viewer", "approver"};
  const auto refused = AddOperator(
      tree, bob, [](const NewOperator&) { return absl::UnavailableError("the disk is full"); });
  EXPECT_TRUE(absl::IsUnavailable(refused.status()));
  EXPECT_FALSE(tree.Read("/var/lib/belay-server/operators/bob/client.key").ok());
  NewOperator noted;
  ASSERT_TRUE(AddOperator(tree, bob, [&](const NewOperator& known) {
                noted = known;
                EXPECT_FALSE(tree.Read("/var/lib/belay-server/operators/bob/client.key").ok());
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(noted.name, "bob");
  EXPECT_EQ(noted.roles, bob.roles);
  EXPECT_EQ(noted.certificate_sha256,
            ReadCertificate(At(tree, "/operators/bob/client.pem"))->sha256);
}

TEST(AddOperator, LeavesNothingHalfWhereverItIsKilled) {
  Tree whole;
  ASSERT_TRUE(InitServer(whole, Options(), DatabaseOf).ok());
  const Tree before = whole;
  ASSERT_TRUE(AddOperator(whole, Bob(), Noted).ok());
  ASSERT_GT(whole.calls, before.calls);
  for (int at = before.calls; at < whole.calls; ++at) {
    Tree tree = before;
    tree.at = at;
    tree.kill = true;
    EXPECT_THROW(static_cast<void>(AddOperator(tree, Bob(), Noted)), Kill);
    const std::string home = "/var/lib/belay-server/operators/bob";
    EXPECT_EQ(tree.List(home).ok(), tree.Read(home + "/config.yaml").ok()) << at;
  }
}

TEST(DialAddress, BracketsIpv6) {
  EXPECT_EQ(DialAddress("belay.example", "0.0.0.0:7443"), "belay.example:7443");
  EXPECT_EQ(DialAddress("fd00::1", "[::]:1"), "[fd00::1]:1");
}

TEST(InitServer, RefusesNamesAndAddressesBeforeItWritesAnything) {
  const auto refused = [](auto change) {
    Tree tree;
    InitOptions options = Options();
    change(options);
    EXPECT_EQ(InitServer(tree, options, DatabaseOf).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(tree.calls, 0);
  };
  refused([](InitOptions& o) { o.operator_name = "../x"; });
  refused([](InitOptions& o) { o.operator_name = ""; });
  refused([](InitOptions& o) { o.directory = "relative"; });
  refused([](InitOptions& o) { o.directory = "/"; });
  refused([](InitOptions& o) { o.directory = "/x/"; });
  refused([](InitOptions& o) { o.advertise = {"a b"}; });
  refused([](InitOptions& o) { o.listen = "7443"; });
  refused([](InitOptions& o) { o.listen = "0.0.0.0:0"; });
  refused([](InitOptions& o) { o.enrol_listen = "0.0.0.0:70000"; });
  refused([](InitOptions& o) { o.enrol_listen = "0.0.0.0\n:1"; });
}

}  // namespace
}  // namespace belay
