// A string of bytes as a source of choices, for making structured inputs: a fuzzer's input or a
// random one.  When it is used up every choice is 0, so that a shorter input makes a simpler one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace belay::fuzz {

class Choices {
 public:
  explicit Choices(std::string_view bytes) : bytes_(bytes) {}

  // 0 ... count - 1; count at most 65536.
  size_t Below(size_t count) {
    if (count < 2) return 0;
    size_t value = Byte();
    if (count > 256) value = value << 8U | Byte();
    return value % count;
  }
  bool OneIn(size_t count) { return Below(count) == count - 1; }
  template <typename List>
  const auto& Of(const List& list) {
    return list[Below(list.size())];
  }
  bool used_up() const { return at_ >= bytes_.size(); }
  std::string_view rest() const { return bytes_.substr(at_); }

 private:
  size_t Byte() { return at_ < bytes_.size() ? static_cast<unsigned char>(bytes_[at_++]) : 0; }

  std::string_view bytes_;
  size_t at_ = 0;
};

// As many bytes as asked for, always the same for one seed (splitmix64).
inline std::string BytesOfSeed(uint64_t seed, size_t size) {
  std::string bytes;
  bytes.reserve(size + 8);
  while (bytes.size() < size) {
    uint64_t z = (seed += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    z ^= z >> 31U;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(z >> (8U * static_cast<unsigned>(i)));
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace belay::fuzz
