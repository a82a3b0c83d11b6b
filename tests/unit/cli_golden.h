// What operators see, byte by byte: the golden files are in tests/golden/cli.  After an intended
// change run with BELAY_UPDATE_GOLDEN=1 and read the difference before committing it.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace belay {

inline void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(BELAY_GOLDEN, "/", name);
  if (std::getenv("BELAY_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(text, golden.str()) << "golden file " << name;
}

}  // namespace belay
