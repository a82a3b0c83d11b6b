// One SQLite connection with Belay's promises: WAL, synchronous=FULL, checked when opened.  A file
// that is not Belay's, is damaged or comes from a newer version is refused and not changed by one
// byte.
//
// One thread at a time.  Errors: FAILED_PRECONDITION (foreign or newer file), DATA_LOSS (damaged),
// RESOURCE_EXHAUSTED (disk full), UNAVAILABLE (the rest); after a failed commit nothing was
// written.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace belay::store {

// A prepared statement.  Bind in order, then Step until it says false.  A failed bind shows in
// Step.
class Statement {
 public:
  Statement(sqlite3* connection, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Text(std::string_view value);
  Statement& Blob(std::string_view value);
  Statement& Integer(std::int64_t value);
  Statement& Unsigned(std::uint64_t value) { return Integer(static_cast<std::int64_t>(value)); }

  absl::StatusOr<bool> Step();           // true: there is a row
  absl::Status Run();                    // for statements without rows
  std::string TextAt(int column) const;  // text or blob
  std::int64_t IntegerAt(int column) const;
  std::uint64_t UnsignedAt(int column) const {
    return static_cast<std::uint64_t>(IntegerAt(column));
  }

 private:
  sqlite3* connection_;
  sqlite3_stmt* statement_ = nullptr;
  int next_ = 1;
  int error_ = 0;
};

class Database {
 public:
  // Create: makes the file where there is none; its directory must exist.  Existing: NOT_FOUND
  // then. ReadOnly: the same, and neither the file nor its version is changed.
  enum class Mode { Create, Existing, ReadOnly };
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path,
                                                        Mode mode = Mode::Create);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // A new one in memory, for Image.
  static absl::StatusOr<std::unique_ptr<Database>> InMemory();
  absl::StatusOr<std::string> Image();  // the file that it would be

  Statement Prepare(std::string_view sql) { return Statement(connection_, sql); }
  absl::Status Execute(const std::string& sql);
  std::int64_t Changes() const;  // rows the last statement changed

 private:
  explicit Database(sqlite3* connection) : connection_(connection) {}
  absl::StatusOr<std::int64_t> Number(std::string_view sql);
  absl::Status Check(const std::string& path, Mode mode);
  absl::Status BringUpToDate();
  sqlite3* connection_;
};

// All or nothing: rolled back unless Commit returned ok.  Not nested.
class Transaction {
 public:
  static absl::StatusOr<Transaction> Begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(other.database_) {
    other.database_ = nullptr;
  }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  absl::Status Commit();  // durable when ok

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace belay::store
