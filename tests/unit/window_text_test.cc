#include "cli/window_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

std::string Read(const std::string& text) {
  const auto window = ParseWindow(text);
  if (!window.ok()) return "refused";
  std::string days;
  for (const int day : window->days()) absl::StrAppend(&days, day);
  return absl::StrCat(days, " ", window->from_minute(), "-", window->to_minute());
}

TEST(WindowText, DaysAndTimesAreRead) {
  EXPECT_EQ(Read("sat,sun 22:00-04:00"), "67 1320-240");
  EXPECT_EQ(Read("Mon-Fri 01:00Z-05:30Z"), "12345 60-330");
  EXPECT_EQ(Read("fri-mon 00:00-24:00"), "5671 0-1440");
  EXPECT_EQ(Read("mon-tue,thu 10:00-11:00"), "124 600-660");
  EXPECT_EQ(Read("23:00-00:00"), " 1380-1440") << "the midnight after";
  EXPECT_EQ(Read("  sun   00:00-00:01 "), "7 0-1");
}

TEST(WindowText, WhatIsNoWindowIsRefused) {
  for (const char* text :
       {"", "sat", "22:00", "sat 22:00", "saturday 22:00-04:00", "sat 22-04", "sat 22:00-25:00",
        "sat 22:60-23:00", "sat 24:00-01:00", "sat 22:00-22:00", "sat 00:00-00:00x",
        "sat, 22:00-04:00", "sat sun 22:00-04:00", "sat 22:00+01:00-04:00", "sat 22:00 - 04:00",
        "sat- 22:00-04:00", "sat 2:00-4:00", "sat 24:30-01:00", "sat 22:00-04:00-05:00"}) {
    EXPECT_EQ(Read(text), "refused") << text;
  }
  EXPECT_EQ(Read("sat 00:00-00:00"), "6 0-1440") << "from one midnight to the next";
}

}  // namespace
}  // namespace belay
