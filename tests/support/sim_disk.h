// A disk as an enemy would build it: what was written is in a cache, and only what was synced
// survives a power cut for certain.  File content and attributes are kept per inode, names per
// directory; names that were not synced survive in any combination.  Mutating calls are counted,
// and the k-th can be a crash (throws Crash) or fail with a status.
//
// Symbolic links are entries that every method refuses to follow, as the FileSystem contract says.
// One thread.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "common/os/file_system.h"

namespace belay {

struct Crash {};  // thrown out of the k-th mutating call

class SimDisk : public FileSystem {
 public:
  enum class Cut {
    Kill,  // the process only: the cache stays as it is, and stays unsynced
    Lose,  // power: nothing that was not synced survives
    Keep,  // power: everything survives
    Torn,  // power: any part survives
  };

  SimDisk();  // with "/" only

  // FileSystem.
  absl::StatusOr<FileContent> Read(const std::string& path) const override;
  absl::StatusOr<std::vector<DirectoryEntry>> List(const std::string& directory) const override;
  absl::Status Create(const std::string& path, const std::string& bytes,
                      const FileAttributes& attributes) override;
  absl::Status WriteFrom(const std::string& path, std::uint64_t offset,
                         const std::string& bytes) override;
  absl::Status WriteOver(const std::string& path, std::uint64_t offset,
                         const std::string& bytes) override;
  absl::Status Reserve(const std::string& path, std::uint64_t bytes) override;
  absl::Status Sync(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status RenameNew(const std::string& from, const std::string& to) override;
  absl::Status Link(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status MakeDirectory(const std::string& path, std::uint32_t mode) override;

  // Setting up, and acting as somebody else: durable at once, not counted, never fails.
  void PutDirectory(const std::string& path);
  void PutFile(const std::string& path, const std::string& bytes, const FileAttributes& attributes);
  void Overwrite(const std::string& path, const std::string& bytes);  // the inode stays
  void PutSymlink(const std::string& path);
  void Erase(const std::string& path);

  // The k-th counted call from now (0 = the next) crashes, before, after half or after all of its
  // work as `half` says; or fails with `status` after half of its work.
  void CrashAt(int k, bool half) { Arm(k, half, std::nullopt); }
  // With `below`, so does every later call with a path that begins with it: it went read-only.
  void FailAt(int k, absl::Status status, std::string below = "") {
    Arm(k, true, std::move(status));
    broken_below_ = std::move(below);
  }
  void Disarm() {
    armed_ = false;
    broken_below_.clear();
  }
  // From the k-th counted call on there is no space left but what was reserved: whatever is given
  // back is taken by others at once.  Goes on over crashes, until MakeRoom.
  void FillAt(int k) { full_at_ = calls_ + k; }
  void MakeRoom() { full_at_.reset(); }
  bool reserves = true;                          // else Reserve is UNIMPLEMENTED, as on NFS or ext3
  int calls() const { return calls_; }           // counted since the disk was made
  bool triggered() const { return triggered_; }  // since it was last armed
  // A counted step that is not a disk's (a gate), so that a crash can fall into it.
  void Tick();
  // The machine stops (or, with Kill, the process); what is then on the disk.
  void Apply(Cut cut, std::mt19937& random);

  // What would be there after Apply(Lose); nothing when absent.
  std::optional<FileContent> ReadDurable(const std::string& path) const;
  // Called before every counted call, with its path (that of a rename's target), as somebody else
  // who acts in the instant before it.
  std::function<void(const std::string&)> before_each;
  // Called after every counted call that did any work, with its path (that of a rename's target).
  std::function<void(const std::string&)> after_each;

 private:
  struct Inode {
    EntryType type = EntryType::RegularFile;
    FileContent cache;
    FileContent durable;
    std::size_t reserved = 0;  // bytes from the beginning that have their space
    std::size_t durably_reserved = 0;
  };
  struct NameChange {
    std::string path;
    int inode = 0;  // 0 = removed
  };
  using Atomic = std::vector<NameChange>;  // happens whole or not at all
  using Names = std::map<std::string, int>;

  bool Full() const { return full_at_ && calls_ > *full_at_; }
  static absl::Status NoSpace(const std::string& path);
  void Arm(int k, bool half, std::optional<absl::Status> status);
  // Counts; throws or says what fails.
  absl::Status Begin(const std::string& path, bool* half);
  absl::Status End(bool half, const std::string& path);  // throws or fails after half of the work
  absl::Status CheckParent(const std::string& path) const;
  absl::StatusOr<int> Find(const std::string& path, EntryType type) const;
  int Add(EntryType type, const std::string& bytes, const FileAttributes& attributes);
  void Change(Atomic change);
  static void Commit(Names* names, const Atomic& change);
  void DropOrphans();

  std::vector<Inode> inodes_;
  Names names_;
  Names durable_names_;
  std::vector<Atomic> pending_;
  int calls_ = 0;
  bool armed_ = false;
  bool triggered_ = false;
  bool half_ = false;
  int at_ = 0;
  std::optional<int> full_at_;
  std::optional<absl::Status> failure_;
  std::string broken_below_;  // empty: nothing stays broken
};

}  // namespace belay
