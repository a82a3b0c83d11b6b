// Which keys of kubelet's file are looked up in what it runs with, and when they agree.
#include "node-agent/health/effective_config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/plan/config_path.h"

namespace belay {
namespace {

constexpr const char* kFile = "/var/lib/kubelet/config.yaml";

void AddSet(v1::Step* step, const std::string& path, const std::string& json,
            const std::string& file = kFile) {
  v1::SetConfigKey& set = *step->add_edits()->mutable_set_config_key();
  set.set_file(file);
  *set.mutable_path() = *ParseConfigPath(path);
  set.set_value_json(json);
}

TEST(EffectiveConfig, SingleValuesOfTheFileAreLookedUp) {
  v1::Step step;
  AddSet(&step, "authentication.anonymous.enabled", "false");
  AddSet(&step, "streamingConnectionIdleTimeout", "\"5m\"");
  AddSet(&step, "list[0]", "1");
  AddSet(&step, "featureGates.\"a.b\"", "true");
  AddSet(&step, "tlsCipherSuites", "[\"A\"]");
  AddSet(&step, "other", "1", "/etc/other.yaml");
  step.add_edits()->mutable_restart_service()->set_service("kubelet");
  EXPECT_EQ(TouchedConfigKeys(step, kFile),
            (std::vector<std::string>{"authentication.anonymous.enabled=false",
                                      "streamingConnectionIdleTimeout=\"5m\""}));
}

struct Case {
  const char* wanted;
  const char* running;  // of the key "k", as JSON; empty: not there
  bool ok;
};

TEST(EffectiveConfig, AgreesWithWhatKubeletRunsWith) {
  const std::vector<Case> table = {
      {"true", "true", true},
      {"true", "false", false},
      {"true", "", false},
      {"false", "", true},  // Go leaves its zero values out
      {"0", "", true},
      {"\"\"", "", true},
      {"null", "", true},
      {"10", "10", true},
      {"10", "11", false},
      {"10", "", false},
      {"\"5m\"", "\"5m0s\"", true},
      {"\"5m\"", "\"6m0s\"", false},
      {"\"Webhook\"", "\"AlwaysAllow\"", false},
      {"\"x\"", "", false},
      {"1", "{}", false},
  };
  for (const Case& each : table) {
    google::protobuf::RepeatedPtrField<std::string> touched;
    *touched.Add() = std::string("a.k=") + each.wanted;
    const std::string running(each.running);
    const std::string configz =
        "{\"kubeletconfig\":{\"a\":{" + (running.empty() ? "" : "\"k\":" + running) + "}}}";
    const auto results = VerifyConfigKeys(touched, configz);
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].ok(), each.ok) << each.wanted << " and " << each.running;
    EXPECT_EQ(results[0].flag(), "a.k");
  }
}

TEST(EffectiveConfig, AnAnswerThatCannotBeReadSaysNothing) {
  google::protobuf::RepeatedPtrField<std::string> touched;
  *touched.Add() = "a=1";
  for (const char* body : {"", "{}", "[]", "{\"kubeletconfig\":1}"}) {
    EXPECT_TRUE(VerifyConfigKeys(touched, body).empty()) << body;
  }
}

}  // namespace
}  // namespace belay
