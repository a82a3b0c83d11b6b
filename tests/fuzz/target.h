// What the fuzz targets share: the input as text, and how a target says that something is wrong.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace belay::fuzz {

inline std::string_view TextOf(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Prints both and ends the program, as a fuzzer wants it.
[[noreturn]] inline void Wrong(std::string_view what, std::string_view input) {
  std::fprintf(stderr, "WRONG: %.*s\n=== input\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(input.size()), input.data());
  std::abort();
}
inline void Require(bool good, std::string_view what, std::string_view input) {
  if (!good) Wrong(what, input);
}

}  // namespace belay::fuzz
