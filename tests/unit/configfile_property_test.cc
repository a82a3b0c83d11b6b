// Random edits of random config files: what the edited file means is what the model says, and the
// rest of its bytes stands.  BELAY_SEED and BELAY_ROUNDS choose other runs.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "common/plan/config_path.h"
#include "node-agent/configfile/config_edit.h"
#include "tests/unit/configfile_judge.h"
#include "tests/unit/configfile_random.h"

namespace belay {
namespace {

uint32_t FromEnvironment(const char* name, uint32_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<uint32_t>(std::strtoul(text, nullptr, 10));
}

TEST(ConfigProperty, RandomEditsOfRandomFilesDoExactlyWhatTheySay) {
  const uint32_t seed = FromEnvironment("BELAY_SEED", 1);
  const uint32_t rounds = FromEnvironment("BELAY_ROUNDS", 3000);
  int changed = 0;
  int already = 0;
  int refused = 0;
  for (uint32_t round = 0; round < rounds; ++round) {
    ConfigGenerator generator(seed * 1000003U + round);
    const RandomFile file = generator.File();
    const v1::Edit edit = generator.Edit(file);
    const auto outcome = ApplyConfigEdits(file.bytes, {edit});
    if (!outcome.ok()) {
      ++refused;
      EXPECT_EQ(outcome.status().code(), absl::StatusCode::kFailedPrecondition)
          << outcome.status() << "\n"
          << file.bytes;
      EXPECT_NE(outcome.status().message().find("line "), std::string::npos) << outcome.status();
      if (std::getenv("BELAY_REASONS") != nullptr) {
        std::cout << "=== round " << round << ": " << outcome.status().message() << "\n"
                  << file.bytes << "\n";
      }
      continue;
    }
    ++(outcome->changed ? changed : already);
    const std::string wrong = JudgeConfigEdit(file.bytes, outcome->bytes, edit);
    ASSERT_EQ(wrong, "") << "seed " << seed << ", round " << round << "\n"
                         << edit.DebugString() << "--- before\n"
                         << file.bytes << "\n--- after\n"
                         << outcome->bytes;
    const auto again = ApplyConfigEdits(outcome->bytes, {edit});
    ASSERT_TRUE(again.ok()) << again.status() << "\nround " << round << "\n" << outcome->bytes;
    ASSERT_EQ(again->bytes, outcome->bytes) << "twice is not once, round " << round;
  }
  std::printf("seed %u: %d changed, %d already so, %d refused\n", seed, changed, already, refused);
  EXPECT_GT(changed, static_cast<int>(rounds) / 2);
  EXPECT_LT(refused, static_cast<int>(rounds) / 20);
}

}  // namespace
}  // namespace belay
