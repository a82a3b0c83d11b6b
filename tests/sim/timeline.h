// Simulated time: what happens next, the one source of randomness, and the story of what has
// happened.  Same seed, same story; its hash says so.  One thread; nothing here waits.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"

namespace belay::sim {

inline constexpr std::int64_t kMs = 1'000'000;
inline constexpr std::int64_t kSecond = 1'000 * kMs;

class Timeline {
 public:
  Timeline(std::uint64_t seed, bool aloud) : random_(seed), aloud_(aloud) {}

  std::int64_t now() const { return now_; }
  void After(std::int64_t ns, std::function<void()> what) {
    events_.emplace(std::make_pair(now_ + ns, ++number_), std::move(what));
  }
  // The next thing that happens, unless it is later than `until`; then only time passes.
  bool Step(std::int64_t until) {
    if (events_.empty() || events_.begin()->first.first > until) {
      now_ = until;
      return false;
    }
    auto first = events_.extract(events_.begin());
    now_ = first.key().first;
    first.mapped()();
    return true;
  }

  // Plain arithmetic on the engine: distributions differ between standard libraries.
  std::int64_t Between(std::int64_t least, std::int64_t most) {
    return least +
           static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(most - least + 1));
  }
  bool Chance(int percent) { return Between(1, 100) <= percent; }
  std::mt19937& bits() { return bits_; }
  void SeedBits() { bits_.seed(static_cast<std::mt19937::result_type>(random_())); }

  void Tell(const std::string& line) {
    const std::string text =
        absl::StrFormat("%9.3f s  %s\n", static_cast<double>(now_) / 1e9, line);
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211U;
    if (aloud_) story_ += text;
  }
  std::uint64_t hash() const { return hash_; }
  const std::string& story() const { return story_; }

 private:
  std::int64_t now_ = 0;
  std::uint64_t number_ = 0;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::function<void()>> events_;
  std::mt19937_64 random_;
  std::mt19937 bits_;  // for SimDisk
  const bool aloud_;
  std::string story_;
  std::uint64_t hash_ = 14695981039346656037U;
};

}  // namespace belay::sim
