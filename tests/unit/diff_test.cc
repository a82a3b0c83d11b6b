#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>

#include "common/diff/unified.h"

namespace belay {
namespace {

TEST(UnifiedDiff, EqualTextsHaveNone) { EXPECT_EQ(UnifiedDiff("a\n", "a\n", "/f"), ""); }

TEST(UnifiedDiff, AChangedLineStandsInItsContext) {
  EXPECT_EQ(UnifiedDiff("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nfive\n6\n7\n8\n", "/f"),
            "--- /f\n+++ /f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(UnifiedDiff, ANewFileComesFromNothing) {
  EXPECT_EQ(UnifiedDiff("", "a\nb\n", "/f"), "--- /dev/null\n+++ /f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
}

TEST(UnifiedDiff, AMissingFinalNewlineIsSaid) {
  EXPECT_EQ(UnifiedDiff("a\nb", "a\nb\n", "/f"),
            "--- /f\n+++ /f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
}

std::string RandomText(std::mt19937& random) {
  std::string text;
  const auto lines = random() % 25;
  for (auto i = lines; i > 0; --i) {
    text += static_cast<char>('a' + random() % 4);
    text += '\n';
  }
  if (!text.empty() && random() % 4 == 0) text.pop_back();
  return text;
}

// patch(1) would be the judge, but is not on every machine; this applies the hunks by their
// numbers.
std::string Patched(const std::string& before, const std::string& diff) {
  const auto split = [](const std::string& text) {
    std::vector<std::string> lines;
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t end = text.find('\n', at);
      lines.push_back(text.substr(at, end == std::string::npos ? end : end + 1 - at));
      at = end == std::string::npos ? text.size() : end + 1;
    }
    return lines;
  };
  const auto lines = split(before);
  const auto script = split(diff);
  std::string out;
  std::size_t next = 0;
  for (std::size_t i = 2; i < script.size(); ++i) {
    const std::string& line = script[i];
    if (line[0] == '@') {
      unsigned long start = 0;
      unsigned long count = 1;
      std::sscanf(line.c_str(), "@@ -%lu,%lu", &start, &count);
      const std::size_t target = count == 0 ? start : start - 1;
      while (next < target) out += lines.at(next++);
    } else if (line[0] == '\\') {
      continue;
    } else {
      std::string text = line.substr(1);
      if (i + 1 < script.size() && script[i + 1][0] == '\\') text.pop_back();
      if (line[0] != '+') {
        EXPECT_EQ(lines.at(next), text);
        ++next;
      }
      if (line[0] != '-') out += text;
    }
  }
  while (next < lines.size()) out += lines[next++];
  return out;
}

TEST(UnifiedDiff, ApplyingItGivesTheOtherText) {
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    const std::string before = RandomText(random);
    const std::string after = RandomText(random);
    const int context = static_cast<int>(random() % 4);
    const std::string diff = UnifiedDiff(before, after, "/f", context);
    if (before == after) continue;
    ASSERT_EQ(Patched(before, diff), after) << "before:\n" << before << "\ndiff:\n" << diff;
  }
}

TEST(UnifiedDiff, SplitsDistantChangesIntoHunksAndJoinsNearOnes) {
  const std::string before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  EXPECT_EQ(UnifiedDiff(before, "A\n2\n3\n4\n5\n6\n7\n8\nB\n", "f", 1),
            "--- f\n+++ f\n@@ -1,2 +1,2 @@\n-1\n+A\n 2\n@@ -8,2 +8,2 @@\n 8\n-9\n+B\n");
  EXPECT_EQ(UnifiedDiff(before, "1\nA\n3\n4\nB\n6\n7\n8\n9\n", "f", 1),
            "--- f\n+++ f\n@@ -1,6 +1,6 @@\n 1\n-2\n+A\n 3\n 4\n-5\n+B\n 6\n");
}

TEST(UnifiedDiff, OfHugeDifferencesIsStillRightAndQuick) {
  std::string before;
  std::string after;
  for (int i = 0; i < 20000; ++i) {
    before += "a" + std::to_string(i) + "\n";
    after += "b" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(Patched(before, UnifiedDiff(before, after, "f")), after);
}

}  // namespace
}  // namespace belay
