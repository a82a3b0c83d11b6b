#include "common/trail/chain.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/digest.h"

namespace belay {
namespace {
constexpr std::size_t kHashBytes = 32;
}  // namespace

std::string TrailBeginning() { return std::string(kHashBytes, '\0'); }

std::string ChainHash(std::string_view before, std::string_view record) {
  std::string bytes(before);
  bytes.append(record);
  return absl::HexStringToBytes(Sha256Hex(bytes));
}

absl::Status TrailReader::Take(const v1::AuditEntry& entry) {
  const auto wrong = [this](std::string_view what) {
    return absl::DataLossError(absl::StrCat("audit trail: behind record ", last_, " ",
                                            absl::string_view(what.data(), what.size()),
                                            "; it was changed after it was written"));
  };
  v1::AuditRecord record;
  if (!record.ParseFromString(entry.record())) return wrong("comes one that cannot be read");
  if (record.number() != last_ + 1) {
    return wrong(absl::StrCat("comes one that calls itself ", record.number()));
  }
  if (entry.hash() != ChainHash(head_, entry.record())) {
    return wrong("comes one whose hash does not follow from it");
  }
  last_ = record.number();
  head_ = entry.hash();
  heads_.insert(head_);
  return absl::OkStatus();
}

}  // namespace belay
