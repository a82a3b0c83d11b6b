// Short ways to write edits of config files in tests.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/plan/config_path.h"
#include "node-agent/configfile/config_edit.h"

namespace belay {

inline v1::Edit SetKeyEdit(const std::string& path, const std::string& json,
                           const std::string& kind = "") {
  v1::Edit edit;
  const auto parsed = ParseConfigPath(path);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  if (parsed.ok()) *edit.mutable_set_config_key()->mutable_path() = *parsed;
  edit.mutable_set_config_key()->set_value_json(json);
  edit.mutable_set_config_key()->set_kind(kind);
  return edit;
}
inline v1::Edit UnsetKeyEdit(const std::string& path, const std::string& kind = "") {
  v1::Edit edit;
  const auto parsed = ParseConfigPath(path);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  if (parsed.ok()) *edit.mutable_unset_config_key()->mutable_path() = *parsed;
  edit.mutable_unset_config_key()->set_kind(kind);
  return edit;
}

// The edited bytes, or the refusal's text.  Twice must be once, and "changed" must be true of
// bytes.
inline std::string Edited(const std::string& bytes, const std::vector<v1::Edit>& edits) {
  const auto outcome = ApplyConfigEdits(bytes, edits);
  if (!outcome.ok()) return "REFUSED " + std::string(outcome.status().message());
  EXPECT_EQ(outcome->changed, outcome->bytes != bytes);
  EXPECT_TRUE(outcome->touched_flags.empty());
  const auto again = ApplyConfigEdits(outcome->bytes, edits);
  EXPECT_TRUE(again.ok()) << again.status();
  if (again.ok()) {
    EXPECT_EQ(again->bytes, outcome->bytes) << "twice is not once";
    EXPECT_FALSE(again->changed);
  }
  return outcome->bytes;
}
inline std::string Edited(const std::string& bytes, const v1::Edit& edit) {
  return Edited(bytes, std::vector<v1::Edit>{edit});
}

}  // namespace belay
