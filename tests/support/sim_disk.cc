#include "tests/support/sim_disk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace belay {

SimDisk::SimDisk() {
  inodes_.resize(2);  // 0 is no inode
  inodes_[1].type = EntryType::Directory;
  names_["/"] = 1;
  durable_names_ = names_;
}

void SimDisk::Arm(int k, bool half, std::optional<absl::Status> status) {
  armed_ = true;
  triggered_ = false;
  at_ = calls_ + k;
  half_ = half;
  failure_ = std::move(status);
  broken_below_.clear();
}

absl::Status SimDisk::Begin(const std::string& path, bool* half) {
  *half = false;
  if (before_each) before_each(path);
  if (armed_ && triggered_ && !broken_below_.empty() &&
      path.compare(0, broken_below_.size(), broken_below_) == 0) {
    return *failure_;
  }
  if (calls_++ != at_ || !armed_) return absl::OkStatus();
  triggered_ = true;
  *half = half_;
  if (half_) return absl::OkStatus();
  if (failure_) return *failure_;
  throw Crash{};
}

absl::Status SimDisk::End(bool half, const std::string& path) {
  if (after_each) after_each(path);
  if (!half) return absl::OkStatus();
  if (failure_) return *failure_;
  throw Crash{};
}

void SimDisk::Tick() {
  bool half = false;
  const absl::Status begun = Begin("", &half);
  if (begun.ok() && half && !failure_) throw Crash{};
}

absl::Status SimDisk::CheckParent(const std::string& path) const {
  const auto parent = names_.find(ParentDirectory(path));
  if (parent != names_.end() &&
      inodes_[static_cast<std::size_t>(parent->second)].type == EntryType::Directory) {
    return absl::OkStatus();
  }
  for (std::string folder = ParentDirectory(path);; folder = ParentDirectory(folder)) {
    const auto name = names_.find(folder);
    if (name == names_.end()) {
      return absl::NotFoundError(absl::StrCat(folder, ": No such file or directory"));
    }
    const EntryType type = inodes_[static_cast<std::size_t>(name->second)].type;
    if (type != EntryType::Directory) {
      return absl::FailedPreconditionError(absl::StrCat(folder, ": not a directory"));
    }
    if (folder == "/") return absl::OkStatus();
  }
}

absl::StatusOr<int> SimDisk::Find(const std::string& path, EntryType type) const {
  if (path != "/") RETURN_IF_ERROR(CheckParent(path));
  const auto name = names_.find(path);
  if (name == names_.end()) {
    return absl::NotFoundError(absl::StrCat(path, ": No such file or directory"));
  }
  if (inodes_[static_cast<std::size_t>(name->second)].type != type) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": of the wrong type"));
  }
  return name->second;
}

absl::StatusOr<FileContent> SimDisk::Read(const std::string& path) const {
  ASSIGN_OR_RETURN(const int inode, Find(path, EntryType::RegularFile));
  return inodes_[static_cast<std::size_t>(inode)].cache;
}

absl::StatusOr<std::vector<DirectoryEntry>> SimDisk::List(const std::string& directory) const {
  RETURN_IF_ERROR(Find(directory, EntryType::Directory).status());
  const std::string prefix = directory == "/" ? "/" : directory + "/";
  std::vector<DirectoryEntry> entries;
  for (auto name = names_.upper_bound(prefix); name != names_.end(); ++name) {
    if (name->first.compare(0, prefix.size(), prefix) != 0) break;
    if (name->first.find('/', prefix.size()) != std::string::npos) continue;
    entries.push_back(
        {name->first.substr(prefix.size()), inodes_[static_cast<std::size_t>(name->second)].type});
  }
  return entries;
}

int SimDisk::Add(EntryType type, const std::string& bytes, const FileAttributes& attributes) {
  Inode inode;
  inode.type = type;
  inode.cache.bytes = bytes;
  inode.cache.attributes = attributes;
  inode.cache.inode = inodes_.size();
  inode.durable.inode = inodes_.size();
  inodes_.push_back(std::move(inode));
  return static_cast<int>(inodes_.size() - 1);
}

void SimDisk::Commit(Names* names, const Atomic& change) {
  for (const NameChange& name : change) {
    if (name.inode == 0) {
      names->erase(name.path);
    } else {
      (*names)[name.path] = name.inode;
    }
  }
}

void SimDisk::Change(Atomic change) {
  Commit(&names_, change);
  pending_.push_back(std::move(change));
}

absl::Status SimDisk::Create(const std::string& path, const std::string& bytes,
                             const FileAttributes& attributes) {
  bool half = false;
  RETURN_IF_ERROR(Begin(path, &half));
  RETURN_IF_ERROR(CheckParent(path));
  if (names_.count(path) != 0) return absl::AlreadyExistsError(absl::StrCat(path, ": File exists"));
  if (Full()) {  // the name may still have found a place
    Change({{path, Add(EntryType::RegularFile, "", {})}});
    return NoSpace(path);
  }
  // A real Create makes the name first, then writes, then sets the attributes.
  Change({{path, half ? Add(EntryType::RegularFile, bytes.substr(0, bytes.size() / 2), {})
                      : Add(EntryType::RegularFile, bytes, attributes)}});
  return End(half, path);
}

absl::Status SimDisk::WriteFrom(const std::string& path, std::uint64_t offset,
                                const std::string& bytes) {
  bool half = false;
  RETURN_IF_ERROR(Begin(path, &half));
  ASSIGN_OR_RETURN(const int inode, Find(path, EntryType::RegularFile));
  Inode& file = inodes_[static_cast<std::size_t>(inode)];
  std::string& content = file.cache.bytes;
  if (offset < content.size()) file.reserved = offset;
  content.resize(offset);
  const std::string wanted = half ? bytes.substr(0, bytes.size() / 2) : bytes;
  if (Full() && offset + wanted.size() > file.reserved) {
    content += wanted.substr(0, file.reserved - std::min<std::size_t>(file.reserved, offset));
    return NoSpace(path);
  }
  content += wanted;
  file.reserved = std::max(file.reserved, content.size());
  return End(half, path);
}

absl::Status SimDisk::WriteOver(const std::string& path, std::uint64_t offset,
                                const std::string& bytes) {
  bool half = false;
  RETURN_IF_ERROR(Begin(path, &half));
  ASSIGN_OR_RETURN(const int inode, Find(path, EntryType::RegularFile));
  std::string& content = inodes_[static_cast<std::size_t>(inode)].cache.bytes;
  if (offset > content.size() || bytes.size() > content.size() - offset) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": written over behind its end"));
  }
  content.replace(offset, half ? bytes.size() / 2 : bytes.size(), bytes, 0,
                  half ? bytes.size() / 2 : bytes.size());
  return End(half, path);
}

absl::Status SimDisk::NoSpace(const std::string& path) {
  return absl::ResourceExhaustedError(absl::StrCat(path, ": No space left on device"));
}

absl::Status SimDisk::Reserve(const std::string& path, std::uint64_t bytes) {
  bool half = false;
  RETURN_IF_ERROR(Begin(path, &half));
  if (half && failure_) return End(true, path);
  if (!reserves) return absl::UnimplementedError(absl::StrCat(path, ": Operation not supported"));
  ASSIGN_OR_RETURN(const int inode, Find(path, EntryType::RegularFile));
  Inode& file = inodes_[static_cast<std::size_t>(inode)];
  const std::size_t wanted = file.cache.bytes.size() + bytes;
  if (wanted <= file.reserved) return End(half, path);
  if (Full()) return NoSpace(path);
  file.reserved = wanted;
  return End(half, path);
}

absl::Status SimDisk::Sync(const std::string& path) {
  bool half = false;
  RETURN_IF_ERROR(Begin(path, &half));
  if (half) return End(true, path);  // what a failed or cut sync has written is not known: nothing
  RETURN_IF_ERROR(CheckParent(path));
  const auto name = names_.find(path);
  if (name == names_.end()) return absl::NotFoundError(absl::StrCat(path, ": No such file"));
  Inode& inode = inodes_[static_cast<std::size_t>(name->second)];
  if (inode.type == EntryType::RegularFile) {
    inode.durable = inode.cache;
    inode.durably_reserved = inode.reserved;
    return End(false, path);
  }
  std::vector<Atomic> later;
  for (Atomic& change : pending_) {
    if (ParentDirectory(change.front().path) == path) {
      Commit(&durable_names_, change);
    } else {
      later.push_back(std::move(change));
    }
  }
  pending_ = std::move(later);
  return End(false, path);
}

absl::Status SimDisk::Rename(const std::string& from, const std::string& to) {
  bool half = false;
  RETURN_IF_ERROR(Begin(to, &half));
  if (half && failure_) return End(true, to);
  ASSIGN_OR_RETURN(const int inode, Find(from, EntryType::RegularFile));
  RETURN_IF_ERROR(CheckParent(to));
  Change({{from, 0}, {to, inode}});
  return End(half, to);
}

absl::Status SimDisk::RenameNew(const std::string& from, const std::string& to) {
  bool half = false;
  RETURN_IF_ERROR(Begin(to, &half));
  if (half && failure_) return End(true, to);
  ASSIGN_OR_RETURN(const int inode, Find(from, EntryType::RegularFile));
  RETURN_IF_ERROR(CheckParent(to));
  if (names_.count(to) != 0) return absl::AlreadyExistsError(absl::StrCat(to, ": File exists"));
  Change({{from, 0}, {to, inode}});
  return End(half, to);
}

absl::Status SimDisk::Link(const std::string& from, const std::string& to) {
  bool half = false;
  RETURN_IF_ERROR(Begin(to, &half));
  if (half && failure_) return End(true, to);
  ASSIGN_OR_RETURN(const int inode, Find(from, EntryType::RegularFile));
  RETURN_IF_ERROR(CheckParent(to));
  if (names_.count(to) != 0) return absl::AlreadyExistsError(absl::StrCat(to, ": File exists"));
  if (Full()) return NoSpace(to);  // a name more may need a block more of its directory
  Change({{to, inode}});
  return End(half, to);
}

absl::Status SimDisk::Remove(const std::string& path) {
  bool half = false;
  RETURN_IF_ERROR(Begin(path, &half));
  if (half && failure_) return End(true, path);
  RETURN_IF_ERROR(CheckParent(path));
  if (names_.count(path) == 0) return absl::NotFoundError(absl::StrCat(path, ": No such file"));
  const auto entries = List(path);
  if (entries.ok() && !entries->empty()) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": Directory not empty"));
  }
  Change({{path, 0}});
  return End(half, path);
}

absl::Status SimDisk::MakeDirectory(const std::string& path, std::uint32_t mode) {
  bool half = false;
  RETURN_IF_ERROR(Begin(path, &half));
  if (half && failure_) return End(true, path);
  RETURN_IF_ERROR(CheckParent(path));
  if (names_.count(path) != 0) return absl::AlreadyExistsError(absl::StrCat(path, ": File exists"));
  if (Full()) return NoSpace(path);
  FileAttributes attributes;
  attributes.mode = mode;
  Change({{path, Add(EntryType::Directory, "", attributes)}});
  return End(half, path);
}

void SimDisk::PutDirectory(const std::string& path) {
  names_[path] = durable_names_[path] = Add(EntryType::Directory, "", FileAttributes{});
}

void SimDisk::PutFile(const std::string& path, const std::string& bytes,
                      const FileAttributes& attributes) {
  const int inode = Add(EntryType::RegularFile, bytes, attributes);
  inodes_[static_cast<std::size_t>(inode)].durable = inodes_[static_cast<std::size_t>(inode)].cache;
  names_[path] = durable_names_[path] = inode;
}

void SimDisk::Overwrite(const std::string& path, const std::string& bytes) {
  Inode& inode = inodes_[static_cast<std::size_t>(names_.at(path))];
  inode.cache.bytes = inode.durable.bytes = bytes;
}

void SimDisk::PutSymlink(const std::string& path) {
  names_[path] = durable_names_[path] = Add(EntryType::SymbolicLink, "", FileAttributes{});
}

void SimDisk::Erase(const std::string& path) {
  names_.erase(path);
  durable_names_.erase(path);
}

// A file whose folder did not survive is out of reach.
void SimDisk::DropOrphans() {
  for (auto name = names_.begin(); name != names_.end();) {
    const std::string folder = ParentDirectory(name->first);  // sorts before what is in it
    name = names_.count(folder) != 0 ? std::next(name) : names_.erase(name);
  }
}

void SimDisk::Apply(Cut cut, std::mt19937& random) {
  Disarm();
  if (cut == Cut::Kill) return;
  for (const Atomic& change : pending_) {
    if (cut == Cut::Keep || (cut == Cut::Torn && random() % 2 == 0))
      Commit(&durable_names_, change);
  }
  pending_.clear();
  for (Inode& inode : inodes_) {
    if (cut == Cut::Lose || (cut == Cut::Torn && random() % 3 == 0)) {
      inode.cache = inode.durable;
      inode.reserved = inode.durably_reserved;
    } else if (cut == Cut::Torn && random() % 2 == 0 && inode.cache.bytes != inode.durable.bytes) {
      // Where old and new agree nothing was written, so nothing can be torn.
      const std::string& was = inode.durable.bytes;
      std::string& now = inode.cache.bytes;
      std::size_t same = 0;
      while (same < was.size() && same < now.size() && was[same] == now[same]) ++same;
      if (was.size() == now.size()) {  // written over: any of it
        for (std::size_t i = same; i < now.size(); ++i) {
          if (random() % 2 == 0) now[i] = was[i];
        }
      } else {
        now.resize(same + random() % (now.size() - same + 1));
      }
    }
    inode.durable = inode.cache;
    inode.durably_reserved = inode.reserved;
  }
  names_ = durable_names_;
  DropOrphans();
  durable_names_ = names_;
}

std::optional<FileContent> SimDisk::ReadDurable(const std::string& path) const {
  for (std::string folder = path; folder != "/"; folder = ParentDirectory(folder)) {
    if (durable_names_.count(folder) == 0) return std::nullopt;
  }
  return inodes_[static_cast<std::size_t>(durable_names_.at(path))].durable;
}

}  // namespace belay
