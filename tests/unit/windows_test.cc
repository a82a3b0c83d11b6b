#include "server/rollout/windows.h"

#include <gtest/gtest.h>

#include "common/base/time_text.h"

namespace belay::rollout {
namespace {

constexpr std::int64_t kPermitMs = 15'000;

// 2026-11-23 is a Monday.
std::int64_t At(const std::string& text) {
  const auto seconds = ParseRfc3339(text);
  EXPECT_TRUE(seconds.ok()) << seconds.status();
  return *seconds * 1000;
}

v1::MaintenanceWindow Window(const std::vector<v1::Weekday>& days, std::uint32_t from,
                             std::uint32_t to) {
  v1::MaintenanceWindow window;
  for (const v1::Weekday day : days) window.add_days(day);
  window.set_from_minute(from);
  window.set_to_minute(to);
  return window;
}

Windows Of(const std::vector<v1::MaintenanceWindow>& windows) {
  WindowMessages messages;
  for (const v1::MaintenanceWindow& window : windows) *messages.Add() = window;
  EXPECT_TRUE(CheckWindows(messages).ok()) << CheckWindows(messages);
  return WindowsOf(messages);
}

std::string Opens(const Windows& windows, const std::string& now) {
  const auto at = OpensAt(windows, At(now), kPermitMs);
  return at ? FormatUnixSeconds(*at / 1000) : "never";
}

TEST(Windows, WithoutAnyItIsAlwaysOpen) {
  EXPECT_TRUE(IsOpen({}, 0));
  EXPECT_TRUE(StaysOpen({}, At("2026-11-25T00:00:00Z"), kPermitMs));
  EXPECT_EQ(Opens({}, "2026-11-25T01:02:03Z"), "2026-11-25T01:02:03Z");
}

TEST(Windows, ItOpensAndClosesToTheMillisecond) {
  const Windows windows = Of({Window({v1::WEEKDAY_WEDNESDAY}, 60, 180)});
  const std::int64_t opens = At("2026-11-25T01:00:00Z");
  const std::int64_t closes = At("2026-11-25T03:00:00Z");
  EXPECT_FALSE(IsOpen(windows, opens - 1));
  EXPECT_TRUE(IsOpen(windows, opens));
  EXPECT_TRUE(IsOpen(windows, closes - 1));
  EXPECT_FALSE(IsOpen(windows, closes));
  for (const char* other : {"2026-11-24T02:00:00Z", "2026-11-26T02:00:00Z"}) {
    EXPECT_FALSE(IsOpen(windows, At(other))) << other;
  }
  EXPECT_TRUE(IsOpen(windows, At("2026-12-02T02:00:00Z"))) << "every week";
}

TEST(Windows, APermitMustEndBeforeItCloses) {
  const Windows windows = Of({Window({v1::WEEKDAY_WEDNESDAY}, 60, 180)});
  const std::int64_t closes = At("2026-11-25T03:00:00Z");
  EXPECT_TRUE(StaysOpen(windows, closes - kPermitMs - 1, kPermitMs));
  EXPECT_FALSE(StaysOpen(windows, closes - kPermitMs, kPermitMs));
  EXPECT_EQ(Opens(windows, "2026-11-25T02:59:50Z"), "2026-12-02T01:00:00Z");
}

TEST(Windows, OverMidnightItBelongsToTheDayOnWhichItOpens) {
  const Windows windows = Of({Window({v1::WEEKDAY_SATURDAY}, 22 * 60, 4 * 60)});
  EXPECT_FALSE(IsOpen(windows, At("2026-11-28T03:00:00Z"))) << "Saturday morning is Friday's";
  EXPECT_FALSE(IsOpen(windows, At("2026-11-28T21:59:59Z")));
  EXPECT_TRUE(IsOpen(windows, At("2026-11-28T22:00:00Z")));
  EXPECT_TRUE(StaysOpen(windows, At("2026-11-28T23:59:59Z"), kPermitMs));
  EXPECT_TRUE(IsOpen(windows, At("2026-11-29T03:59:59Z")));
  EXPECT_FALSE(IsOpen(windows, At("2026-11-29T04:00:00Z")));
}

TEST(Windows, OverTheEndOfTheWeekItGoesOnOnMonday) {
  const Windows windows = Of({Window({v1::WEEKDAY_SUNDAY}, 22 * 60, 4 * 60)});
  EXPECT_TRUE(IsOpen(windows, At("2026-11-29T23:00:00Z")));
  EXPECT_TRUE(StaysOpen(windows, At("2026-11-29T23:59:59Z"), kPermitMs));
  EXPECT_TRUE(IsOpen(windows, At("2026-11-30T03:59:59Z")));
  EXPECT_FALSE(IsOpen(windows, At("2026-11-30T04:00:00Z")));
  EXPECT_FALSE(IsOpen(windows, At("2026-11-23T21:00:00Z")));
  EXPECT_EQ(Opens(windows, "2026-11-30T04:00:00Z"), "2026-12-06T22:00:00Z");
  const Windows to_midnight = Of({Window({v1::WEEKDAY_SUNDAY}, 22 * 60, 24 * 60)});
  EXPECT_TRUE(IsOpen(to_midnight, At("2026-11-29T23:59:59Z")));
  EXPECT_FALSE(IsOpen(to_midnight, At("2026-11-30T00:00:00Z")));
}

TEST(Windows, WhereOneEndsAnotherMayGoOn) {
  const Windows windows =
      Of({Window({v1::WEEKDAY_FRIDAY}, 23 * 60, 24 * 60), Window({v1::WEEKDAY_SATURDAY}, 0, 60)});
  EXPECT_TRUE(StaysOpen(windows, At("2026-11-27T23:59:55Z"), kPermitMs));
  const Windows always = Of({Window({}, 0, 24 * 60)});
  EXPECT_TRUE(StaysOpen(always, At("2026-11-29T23:59:59Z"), kPermitMs)) << "also over the week";
}

TEST(Windows, TheNextOneIsTheEarliestOfAll) {
  const Windows windows = Of(
      {Window({v1::WEEKDAY_SATURDAY, v1::WEEKDAY_TUESDAY}, 60, 120), Window({}, 12 * 60, 13 * 60)});
  EXPECT_EQ(Opens(windows, "2026-11-23T00:00:00Z"), "2026-11-23T12:00:00Z");
  EXPECT_EQ(Opens(windows, "2026-11-23T12:30:00Z"), "2026-11-23T12:30:00Z") << "it is open";
  EXPECT_EQ(Opens(windows, "2026-11-23T13:00:00Z"), "2026-11-24T01:00:00Z");
  EXPECT_EQ(Opens(windows, "2026-11-29T13:00:00Z"), "2026-11-30T12:00:00Z") << "next week";
}

TEST(Windows, WhatIsNoWindowIsRefused) {
  for (const v1::MaintenanceWindow& window :
       {Window({}, 1440, 60), Window({}, 0, 0), Window({}, 60, 60), Window({}, 0, 1441),
        Window({static_cast<v1::Weekday>(0)}, 0, 60),
        Window({static_cast<v1::Weekday>(8)}, 0, 60)}) {
    WindowMessages messages;
    *messages.Add() = window;
    EXPECT_TRUE(absl::IsInvalidArgument(CheckWindows(messages))) << window.ShortDebugString();
  }
  EXPECT_EQ(TextOf(Window({v1::WEEKDAY_SATURDAY, v1::WEEKDAY_SUNDAY}, 22 * 60, 245)),
            "sat,sun 22:00-04:05");
  EXPECT_EQ(TextOf(Window({}, 0, 1440)), "00:00-24:00");
}

}  // namespace
}  // namespace belay::rollout
