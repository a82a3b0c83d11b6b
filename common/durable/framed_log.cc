#include "common/durable/framed_log.h"

#include <zlib.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace belay {
namespace {

// A file header so that a foreign file is told from a torn one; then frames of
// length (4, little endian), CRC-32 of length and bytes (4, little endian), bytes.
constexpr std::string_view kMagic = "belaylog1\n";
constexpr std::size_t kFrameHeader = 8;
constexpr std::uint32_t kMaxFrame = 16U << 20;

// What space that is to be had later is filled with.  No frame is so long, so it is never taken for
// the beginning of one; and it is not what a file system shows where nothing was written.
constexpr char kFilling = '\xff';

void PutU32(std::string* out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out->push_back(static_cast<char>(value >> shift));
}

std::uint32_t GetU32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

// The length is covered too: a flipped bit in it must not be taken for a torn tail.
std::uint32_t Checksum(std::string_view length_bytes, std::string_view frame) {
  const auto add = [](uLong crc, std::string_view part) {
    return crc32(crc, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(part.size()));
  };
  return static_cast<std::uint32_t>(add(add(crc32(0, nullptr, 0), length_bytes), frame));
}

std::string Encode(std::string_view frame) {
  std::string out;
  PutU32(&out, static_cast<std::uint32_t>(frame.size()));
  PutU32(&out, Checksum(out, frame));
  out.append(frame);
  return out;
}

// The frame at the beginning of `rest`, or nothing when there is no whole and sound one.
bool DecodeFirst(std::string_view rest, std::string_view* frame) {
  if (rest.size() < kFrameHeader) return false;
  const std::uint32_t length = GetU32(rest);
  if (length == 0 || length > kMaxFrame || rest.size() - kFrameHeader < length) return false;
  *frame = rest.substr(kFrameHeader, length);
  return GetU32(rest.substr(4)) == Checksum(rest.substr(0, 4), *frame);
}

bool IsFilling(std::string_view rest) {
  return rest.find_first_not_of(kFilling) == std::string_view::npos;
}

// A torn append leaves any mixture of its own bytes and nothing behind it.  So a sound frame
// anywhere after the first unsound place means that something durable was damaged.
bool HoldsSoundFrame(std::string_view rest) {
  std::string_view frame;
  for (std::size_t at = 1; at + kFrameHeader <= rest.size(); ++at) {
    if (DecodeFirst(rest.substr(at), &frame)) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FramedLog>> FramedLog::Open(FileSystem& fs, std::string path) {
  std::unique_ptr<FramedLog> log(new FramedLog(fs, std::move(path)));
  absl::StatusOr<FileContent> content = fs.Read(log->path_);
  if (absl::IsNotFound(content.status())) {
    RETURN_IF_ERROR(WithContext(fs.Create(log->path_, std::string(kMagic), FileAttributes{}),
                                "create the log"));
    content = fs.Read(log->path_);
  }
  RETURN_IF_ERROR(WithContext(content.status(), "read the log"));
  const std::string_view bytes = content->bytes;
  const auto damaged = [&log](std::string_view what, std::size_t at) {
    return absl::DataLossError(absl::StrCat(
        "log ", log->path_, ": ", absl::string_view(what.data(), what.size()), " at byte ", at,
        "; nothing was changed. Keep a copy of the file and restore it from a backup, or move it "
        "away to begin a new journal"));
  };

  if (bytes.size() < kMagic.size()) {
    if (kMagic.substr(0, bytes.size()) != bytes) return damaged("not a Belay log", 0);
    // Cut while it was made: it never held a frame.
    RETURN_IF_ERROR(
        WithContext(fs.WriteFrom(log->path_, 0, std::string(kMagic)), "repair the log's header"));
    log->size_ = kMagic.size();
  } else {
    if (bytes.substr(0, kMagic.size()) != kMagic) return damaged("not a Belay log", 0);
    std::size_t at = kMagic.size();
    std::string_view frame;
    while (DecodeFirst(bytes.substr(at), &frame)) {
      log->frames_.emplace_back(frame);
      at += kFrameHeader + frame.size();
    }
    log->size_ = at;
    if (IsFilling(bytes.substr(at))) {
      log->filled_ = bytes.size();
    } else {
      if (HoldsSoundFrame(bytes.substr(at))) return damaged("a damaged frame", at);
      RETURN_IF_ERROR(WithContext(fs.WriteFrom(log->path_, at, ""), "cut the log's torn tail"));
    }
  }
  // Half of a replacement that was cut: nothing has counted on it.  Where it cannot be removed it
  // does no harm, and the next replacement tries again.
  if (!absl::IsNotFound(fs.Read(log->Fresh()).status())) log->RemoveFresh().IgnoreError();
  // What was read may be in the cache only: nothing may be decided by a frame that a power cut can
  // still take back.
  RETURN_IF_ERROR(WithContext(fs.Sync(log->path_), "sync the log"));
  RETURN_IF_ERROR(WithContext(fs.Sync(ParentDirectory(log->path_)), "sync the log's directory"));
  return log;
}

absl::Status FramedLog::CheckFrame(const std::string& frame) const {
  if (dead_) {
    return absl::FailedPreconditionError(
        absl::StrCat("log ", path_,
                     ": an earlier append failed, what is on disk is unknown; nothing was written. "
                     "Start the program again once the disk is well"));
  }
  if (!frame.empty() && frame.size() <= kMaxFrame) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("log ", path_, ": a frame of ", frame.size(),
                                                 " bytes; allowed are 1 to ", kMaxFrame,
                                                 "; nothing was written"));
}

absl::Status FramedLog::Reserve(std::uint64_t bytes) {
  if (filled_ > size_ && filled_ - size_ >= bytes) return absl::OkStatus();
  absl::Status reserved = fs_.Reserve(path_, bytes);
  if (absl::IsUnimplemented(reserved) && !dead_) reserved = Fill(bytes);
  return WithContext(reserved, "reserve space for the log");
}

absl::Status FramedLog::Fill(std::uint64_t bytes) {
  const std::uint64_t from = std::max(filled_, size_);
  const std::string filling(size_ + bytes - from, kFilling);
  absl::Status filled = fs_.WriteFrom(path_, from, filling);
  // Some file systems say only now that there is no space.  All frames were synced before, and what
  // could not be is given up: nothing that counts depends on this sync.
  if (filled.ok()) filled = fs_.Sync(path_);
  filled_ = filled.ok() ? from + filling.size() : from;
  // Where even this fails, it is cut off when an append gets there.
  if (!filled.ok()) fs_.WriteFrom(path_, from, "").IgnoreError();
  return filled;
}

// Over the filling as long as there is enough: cutting it off would give its space to others.
absl::Status FramedLog::Write(const std::string& encoded) {
  if (filled_ > size_ && filled_ - size_ >= encoded.size()) {
    return fs_.WriteOver(path_, size_, encoded);
  }
  filled_ = 0;
  return fs_.WriteFrom(path_, size_, encoded);
}

absl::Status FramedLog::Append(const std::string& frame) {
  RETURN_IF_ERROR(CheckFrame(frame));
  dead_ = true;  // until both steps have succeeded
  const std::string encoded = Encode(frame);
  RETURN_IF_ERROR(WithContext(Write(encoded), "append to the log"));
  RETURN_IF_ERROR(WithContext(fs_.Sync(path_), "sync the log"));
  dead_ = false;
  size_ += encoded.size();
  frames_.push_back(frame);
  return absl::OkStatus();
}

absl::Status FramedLog::RemoveFresh() {
  const absl::Status removed = fs_.Remove(Fresh());
  return absl::IsNotFound(removed) ? absl::OkStatus() : removed;
}

absl::Status FramedLog::Replace(std::vector<std::string> frames) {
  std::string bytes(kMagic);
  for (const std::string& frame : frames) {
    RETURN_IF_ERROR(CheckFrame(frame));
    bytes += Encode(frame);
  }
  const std::string what = absl::StrCat("replace the log ", path_, ", which stays as it is");
  RETURN_IF_ERROR(WithContext(RemoveFresh(), what));
  absl::Status ready = fs_.Create(Fresh(), bytes, FileAttributes{});
  // Before the rename: a name must never lead to bytes that a power cut can take.
  if (ready.ok()) ready = fs_.Sync(Fresh());
  if (ready.ok()) ready = fs_.Rename(Fresh(), path_);
  if (!ready.ok()) {
    RemoveFresh().IgnoreError();  // its space may be what is missing; else the next opening does
    return WithContext(ready, what);
  }
  // Until the name is durable a power cut brings the old file back, and with it what was appended
  // to the new one would be lost.
  dead_ = true;  // as after a failed append
  if (const absl::Status synced = fs_.Sync(ParentDirectory(path_)); !synced.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "log ", path_, ": it was replaced, but whether durably is unknown: ", synced.message(),
        ". Start the program again once the disk is well"));
  }
  dead_ = false;
  size_ = bytes.size();
  filled_ = 0;
  frames_ = std::move(frames);
  return absl::OkStatus();
}

}  // namespace belay
