#include "common/os/random_id.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/escaping.h"

namespace belay {
namespace {

void Fill(char* out, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = getrandom(out + done, size - done, 0);
    if (got < 0 && errno == EINTR) continue;
    // A guessable secret is worse than no program; no kernel that runs Belay gets here.
    if (got <= 0) std::abort();
    done += static_cast<std::size_t>(got);
  }
}

}  // namespace

std::string RandomHex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  Fill(raw.data(), raw.size());
  return absl::BytesToHexString(raw);
}

double RandomFraction() {
  std::uint64_t bits = 0;
  Fill(reinterpret_cast<char*>(&bits), sizeof(bits));
  constexpr int kMantissa = 53;
  return static_cast<double>(bits >> (64 - kMantissa)) /
         static_cast<double>(std::uint64_t{1} << kMantissa);
}

}  // namespace belay
