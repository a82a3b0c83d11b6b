// The text of a place in a config file and its elements, both ways.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "common/plan/config_path.h"

namespace belay {
namespace {

// "k:x" a key, "i:0" an index, "s:a=b" a selector; one string an element.
std::vector<std::string> Plain(const ConfigPath& path) {
  std::vector<std::string> out;
  for (const auto& e : path) {
    if (e.has_key()) out.push_back("k:" + e.key());
    if (e.has_index()) out.push_back("i:" + std::to_string(e.index()));
    if (e.has_select()) out.push_back("s:" + e.select().key() + "=" + e.select().value());
  }
  return out;
}

struct PathCase {
  std::string text;
  std::vector<std::string> elements;
};

TEST(ConfigPathText, EveryFormIsRead) {
  const std::vector<PathCase> cases = {
      {"a", {"k:a"}},
      {"authentication.anonymous.enabled", {"k:authentication", "k:anonymous", "k:enabled"}},
      {"clusterDNS[0]", {"k:clusterDNS", "i:0"}},
      {"a[1][2]", {"k:a", "i:1", "i:2"}},
      {"plugins[name=EventRateLimit].path", {"k:plugins", "s:name=EventRateLimit", "k:path"}},
      {"evictionHard.\"memory.available\"", {"k:evictionHard", "k:memory.available"}},
      {"evictionHard['memory.available']", {"k:evictionHard", "k:memory.available"}},
      {"evictionHard.memory\\.available", {"k:evictionHard", "k:memory.available"}},
      {"'it''s'.\"a\\\"b\\\\\"", {"k:it's", "k:a\"b\\"}},
      {"a[name=\"x y]\"].b", {"k:a", "s:name=x y]", "k:b"}},
      {"a['b.c'=d.e/f:1]", {"k:a", "s:b.c=d.e/f:1"}},
      {"a[k=b=c]", {"k:a", "s:k=b=c"}},
      {"node-labels.x/y@z", {"k:node-labels", "k:x/y@z"}},
      {"ключ.值", {"k:ключ", "k:值"}},
      {"0.1", {"k:0", "k:1"}}};
  for (const PathCase& c : cases) {
    const auto path = ParseConfigPath(c.text);
    ASSERT_TRUE(path.ok()) << path.status();
    EXPECT_EQ(Plain(*path), c.elements) << c.text;
  }
}

TEST(ConfigPathText, WhatIsNoPathIsRefusedWithItsPlace) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "the path is empty"},
      {"[0]", "begins with a key"},
      {".a", "character 1: a key is missing"},
      {"a..b", "character 3: a key is missing"},
      {"a.", "character 3: a key is missing"},
      {"a b", "character 2: a key with this character in it must stand in quotes"},
      {" a", "character 1: a key with this character"},
      {"a[", "not closed"},
      {"a[0", "not closed"},
      {"a[]", "in brackets stands an index"},
      {"a[-1]", "in brackets stands an index"},
      {"a[01]", "in brackets stands an index"},
      {"a[*]", "in brackets stands an index"},
      {"a[99999999999]", "in brackets stands an index"},
      {"a[x]", "in brackets stands an index"},
      {"a[0]b", "a dot or '[' must stand"},
      {"a[=x]", "a selector is [key=value]"},
      {"a[x=]", "a selector is [key=value]"},
      {"a[x y=z]", "must stand in quotes"},
      {"a[x=y z]", "must stand in quotes"},
      {"a\"b\"", "character 2: a key with this character"},
      {"a.\"b", "character 3: this quote is not closed"},
      {"a.\"\"", "nothing stands between the quotes"},
      {"a.\"b\"c", "a dot or '[' must stand"},
      {"a.\"\\n\"", "only \\\" and \\\\"},
      {"a\\", "a backslash stands at the end"},
      {"a.\"b\nc\"", "control character"},
      {"a.\xff", "not UTF-8"},
      {"a]", "must stand in quotes"}};
  for (const auto& [text, why] : cases) {
    const auto path = ParseConfigPath(text);
    ASSERT_FALSE(path.ok()) << text;
    EXPECT_EQ(path.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(path.status().message().find(why), std::string::npos) << path.status();
  }
}

TEST(ConfigPathText, TooManyElementsAreRefused) {
  std::string text = "a";
  for (int i = 0; i < kMaxConfigPathElements; ++i) text += ".a";
  EXPECT_FALSE(ParseConfigPath(text).ok());
  EXPECT_TRUE(ParseConfigPath(text.substr(2)).ok());
}

TEST(ConfigPathText, AnElementWithoutKindIsRefused) {
  ConfigPath path;
  path.Add()->set_key("a");
  path.Add();
  EXPECT_FALSE(CheckConfigPath(path).ok());
  EXPECT_EQ(ConfigPathText(path), "a[?]");
  EXPECT_FALSE(CheckConfigPath(ConfigPath()).ok());
}

TEST(ConfigPathText, WhatIsWrittenIsReadBackTheSame) {
  std::mt19937 random(20250901);
  const std::string letters = "ab.[]='\"\\ 09/:-_@";
  const auto text = [&] {
    std::string out;
    for (size_t i = 0, n = 1 + random() % 6; i < n; ++i) out += letters[random() % letters.size()];
    return out;
  };
  for (int round = 0; round < 20000; ++round) {
    ConfigPath path;
    path.Add()->set_key(text());
    for (size_t i = 0, n = random() % 4; i < n; ++i) {
      switch (random() % 3) {
        case 0:
          path.Add()->set_key(text());
          break;
        case 1:
          path.Add()->set_index(static_cast<uint32_t>(random()));
          break;
        default:
          path.Add()->mutable_select()->set_key(text());
          path.rbegin()->mutable_select()->set_value(text());
      }
    }
    const std::string written = ConfigPathText(path);
    const auto read = ParseConfigPath(written);
    ASSERT_TRUE(read.ok()) << written << ": " << read.status();
    ASSERT_EQ(Plain(*read), Plain(path)) << written;
  }
}

}  // namespace
}  // namespace belay
