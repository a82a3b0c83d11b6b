#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/config.h"
#include "cli/duration.h"
#include "cli/files.h"

namespace belay {
namespace {

TEST(OperatorConfig, PathsAreRelativeToTheFile) {
  const absl::StatusOr<OperatorConfig> config = ParseOperatorConfig(
      "server: h:7443\nca: ca.pem\ncertificate: client.pem\nkey: /keys/client.key\n",
      "/home/a/belay/config.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server, "h:7443");
  EXPECT_EQ(config->ca, "/home/a/belay/ca.pem");
  EXPECT_EQ(config->certificate, "/home/a/belay/client.pem");
  EXPECT_EQ(config->key, "/keys/client.key");
}

TEST(OperatorConfig, WhatIsWrongHasAPlace) {
  const struct {
    const char* text;
    const char* expected;
  } table[] = {
      {"server: h:1\nca: a\ncertificate: b\n", "c.yaml:1:1: 'key' is missing"},
      {"server: h:1\nca: a\ncertificate: b\nkey: c\ninsecure: true\n",
       "c.yaml:5:1: unknown key 'insecure'"},
      {"sever: h:1\n", "c.yaml:1:1: unknown key 'sever'; did you mean 'server'?"},
      {"server: [h]\n", "c.yaml:1:1: 'server' must be a string"},
      {"server: h\nserver: i\n", "c.yaml:2:1: 'server' is here twice: the first one is in line 1"},
      {"", "c.yaml:1:1: "},
      {"[]\n", "c.yaml:1:1: 'server' is missing"},
  };
  for (const auto& [text, expected] : table) {
    const absl::Status status = ParseOperatorConfig(text, "c.yaml").status();
    EXPECT_TRUE(absl::StartsWith(status.message(), expected)) << status;
  }
}

TEST(ParseSeconds, KnowsItsUnitsAndRefusesTheRest) {
  EXPECT_EQ(*ParseSeconds("90s"), 90);
  EXPECT_EQ(*ParseSeconds("30m"), 1800);
  EXPECT_EQ(*ParseSeconds("24h"), 86400);
  EXPECT_EQ(*ParseSeconds("7d"), 604800);
  for (const char* bad : {"", "s", "0s", "-1s", "5", "5x", "1.5h", "3651d", "99999999999s"}) {
    EXPECT_FALSE(ParseSeconds(bad).ok()) << bad;
  }
}

class UserFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = absl::StrCat(testing::TempDir(), "belayctl-XXXXXX");
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  std::string directory_;
};

TEST_F(UserFilesTest, ANewFileNeverReplacesAnotherAndHasItsMode) {
  const std::string path = directory_ + "/ops.key";
  ASSERT_TRUE(WriteNewFile(path, "one", 0600).ok());
  EXPECT_EQ(WriteNewFile(path, "two", 0600).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(*ReadUserFile(path), "one");
  struct stat facts {};
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600u);
}

TEST_F(UserFilesTest, ReplacingPutsTheNewBytesInPlace) {
  const std::string path = directory_ + "/a.plan";
  ASSERT_TRUE(ReplaceFile(path, "one", 0644).ok());
  ASSERT_TRUE(ReplaceFile(path, "two", 0644).ok());
  EXPECT_EQ(*ReadUserFile(path), "two");
  EXPECT_EQ(ReadUserFile(directory_ + "/none").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace belay
