#include "common/os/local_user.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <limits>

#include "absl/strings/str_cat.h"

namespace belay {
namespace {

std::string NameOf(uid_t uid) {
  std::array<char, 4096> room{};
  struct passwd entry = {};
  struct passwd* found = nullptr;
  if (getpwuid_r(uid, &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
    return absl::StrCat("user ", uid);
  }
  return entry.pw_name;
}

}  // namespace

std::string LocalUser() {
  const uid_t now = geteuid();
  // Set once by the login and kept through su and sudo; all ones where nobody logged in.
  std::ifstream file("/proc/self/loginuid");
  uid_t login = 0;
  const bool known = static_cast<bool>(file >> login);
  if (!known || login == now || login == std::numeric_limits<uid_t>::max()) return NameOf(now);
  return absl::StrCat(NameOf(now), " (logged in as ", NameOf(login), ")");
}

}  // namespace belay
