// Whose signatures a node asks for: keys with roles and validity, and how many of which.  Pure.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/crypto/ed25519.h"

namespace belay {

struct TrustedKey {
  Ed25519PublicKey key;
  std::string role = "";             // "security"; empty: none
  std::int64_t not_before_unix = 0;  // 0: no bound.  What it has signed counts only in between
  std::int64_t not_after_unix = 0;
};

struct Trust {
  std::vector<TrustedKey> keys = {};
  std::uint32_t signatures = 1;  // at least, by different keys, whatever their roles
  std::map<std::string, std::uint32_t> roles =
      {};  // and at least so many by different keys of each
};

// What is wrong with it; empty when some plan could be trusted: more signatures wanted than there
// are keys, the same key twice, no key at all.
std::string WhyUnusable(const Trust& trust);

}  // namespace belay
