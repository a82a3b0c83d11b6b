// Early return for absl::Status and absl::StatusOr.
#pragma once
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#define BELAY_CONCAT_(a, b) a##b
#define BELAY_CONCAT(a, b) BELAY_CONCAT_(a, b)
#define RETURN_IF_ERROR(expr)                                         \
  do {                                                                \
    if (absl::Status belay_s = (expr); !belay_s.ok()) return belay_s; \
  } while (false)
#define ASSIGN_OR_RETURN(lhs, expr) ASSIGN_OR_RETURN_(BELAY_CONCAT(belay_so_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                      \
  if (!tmp.ok()) return tmp.status();     \
  lhs = std::move(tmp).value()

namespace belay {
// Adds what was being done in front of an error; ok stays ok.
inline absl::Status WithContext(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(absl::string_view(context.data(), context.size()),
                                                  ": ", status.message()));
}
}  // namespace belay
