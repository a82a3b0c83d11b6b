#include "common/select/selector.h"

#include <gtest/gtest.h>

#include <vector>

namespace belay {
namespace {

bool Takes(const std::string& selector, const Labels& labels) {
  const auto parsed = ParseSelector(selector);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() && Matches(*parsed, labels);
}

TEST(Selector, EveryOperatorTakesWhatKubectlTakes) {
  struct Case {
    const char* selector;
    Labels labels;
    bool takes;
  };
  const Labels prod = {{"env", "prod"}, {"tier", "gold"}};
  const std::vector<Case> cases = {
      {"env=prod", prod, true},
      {"env==prod", prod, true},
      {"env=test", prod, false},
      {"env=prod", {}, false},
      {"env!=test", prod, true},
      {"env!=prod", prod, false},
      {"env!=prod", {}, true},  // also what has no such label
      {"env in (prod,test)", prod, true},
      {"env in ( test , dev )", prod, false},
      {"env in (prod)", {}, false},
      {"env notin (prod)", prod, false},
      {"env notin (test)", prod, true},
      {"env notin (prod)", {}, true},
      {"env", prod, true},
      {"env", {}, false},
      {"!frozen", prod, true},
      {"!env", prod, false},
      {"! env", prod, false},
      {"env=prod,tier in (gold),!frozen", prod, true},
      {"env=prod,tier=silver", prod, false},
      {" env = prod , tier ", prod, true},
      {"empty=", {{"empty", ""}}, true},
      {"empty=", {{"empty", "x"}}, false},
      {"empty in (,x)", {{"empty", ""}}, true},
      {"in=in", {{"in", "in"}}, true},
      {"in in (in)", {{"in", "in"}}, true},
      {"example.org/tier=1", {{"example.org/tier", "1"}}, true},
  };
  for (const Case& c : cases) EXPECT_EQ(Takes(c.selector, c.labels), c.takes) << c.selector;
}

TEST(Selector, WhatIsNoSelectorIsRefusedWithItsPlace) {
  for (const char* text : {"",
                           " ",
                           ",",
                           "env=prod,",
                           ",env=prod",
                           "env=prod tier=gold",
                           "env prod",
                           "env in prod",
                           "env in (prod",
                           "env in (prod test)",
                           "env in",
                           "env in (a))",
                           "!",
                           "!=prod",
                           "!env=prod",
                           "=prod",
                           "env=prod=test",
                           "env>1",
                           "-env",
                           "env-",
                           "env=-x",
                           "a/b/c",
                           "/env",
                           "Org/x=1",
                           "env=\x01",
                           "env = (prod)",
                           "env=!prod",
                           "env ni (prod)"}) {
    const auto parsed = ParseSelector(text);
    EXPECT_TRUE(absl::IsInvalidArgument(parsed.status())) << text;
    EXPECT_NE(parsed.status().message().find("character "), std::string::npos) << parsed.status();
  }
  EXPECT_NE(ParseSelector("env=prod,tier ni (a)").status().message().find("character 15"),
            std::string::npos)
      << ParseSelector("env=prod,tier ni (a)").status();
}

TEST(Labels, KeysAndValuesAreAsKubernetesHasThem) {
  const std::string longest(63, 'a');
  for (const std::string& key : {std::string("a"), std::string("A-b_c.d"), longest,
                                 "example.org/" + longest, std::string("a.b-c.d/x")}) {
    EXPECT_TRUE(CheckLabelKey(key).ok()) << key;
  }
  for (const std::string& key :
       {std::string(), longest + "a", std::string("a b"), std::string("a/"), std::string("-/a"),
        std::string("a..b/c"), std::string("_a"), std::string("\xc3\xa4"),
        std::string(254, 'a') + "/x"}) {
    EXPECT_FALSE(CheckLabelKey(key).ok()) << key;
  }
  for (const std::string& value : {std::string(), std::string("1.2-x_Y"), longest}) {
    EXPECT_TRUE(CheckLabelValue(value).ok()) << value;
  }
  for (const std::string& value :
       {std::string("a/b"), std::string("."), std::string("a b"), longest + "a"}) {
    EXPECT_FALSE(CheckLabelValue(value).ok()) << value;
  }
  EXPECT_EQ(LabelsText({}), "-");
  EXPECT_EQ(LabelsText({{"b", "2"}, {"a", ""}}), "a=,b=2");
}

}  // namespace
}  // namespace belay
