#include "server/store/database.h"

#include <sqlite3.h>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "server/store/schema.h"

namespace belay::store {
namespace {

absl::Status ErrorOf(sqlite3* connection, int code, std::string_view what) {
  const std::string text =
      absl::StrCat("coordinator database: ", absl::string_view(what.data(), what.size()), ": ",
                   connection == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(connection));
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return absl::AlreadyExistsError(text);
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(text);
    case SQLITE_CANTOPEN:
      return absl::NotFoundError(text);
    default:
      return absl::UnavailableError(text);
  }
}

absl::Status Refuse(absl::StatusCode code, const std::string& path, std::string_view why) {
  return absl::Status(
      code, absl::StrCat("open ", path, ": ", absl::string_view(why.data(), why.size()),
                         "; the file was not changed. Move it away or restore it from a backup "
                         "(the file and its -wal beside it), then start again"));
}

}  // namespace

Statement::Statement(sqlite3* connection, std::string_view sql) : connection_(connection) {
  error_ = sqlite3_prepare_v2(connection, sql.data(), static_cast<int>(sql.size()), &statement_,
                              nullptr);
}
Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::Text(std::string_view value) {
  if (error_ == SQLITE_OK) {
    error_ = sqlite3_bind_text64(statement_, next_++, value.data() == nullptr ? "" : value.data(),
                                 value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  return *this;
}
Statement& Statement::Blob(std::string_view value) {
  if (error_ == SQLITE_OK) {
    error_ = sqlite3_bind_blob64(statement_, next_++, value.data() == nullptr ? "" : value.data(),
                                 value.size(), SQLITE_TRANSIENT);
  }
  return *this;
}
Statement& Statement::Integer(std::int64_t value) {
  if (error_ == SQLITE_OK) error_ = sqlite3_bind_int64(statement_, next_++, value);
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  if (error_ == SQLITE_OK) {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    error_ = code;
  }
  return ErrorOf(connection_, error_, statement_ == nullptr ? "prepare" : sqlite3_sql(statement_));
}
absl::Status Statement::Run() { return Step().status(); }

std::string Statement::TextAt(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (bytes == nullptr || size <= 0) return "";
  return std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}
std::int64_t Statement::IntegerAt(int column) const {
  return sqlite3_column_int64(statement_, column);
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path, Mode mode) {
  sqlite3* connection = nullptr;
  int how = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  switch (mode) {
    case Mode::Create:
      how |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
      break;
    case Mode::Existing:
      how |= SQLITE_OPEN_READWRITE;
      break;
    case Mode::ReadOnly:
      how |= SQLITE_OPEN_READONLY;
      break;
  }
  const int code = sqlite3_open_v2(path.c_str(), &connection, how, nullptr);
  std::unique_ptr<Database> database(new Database(connection));
  if (code != SQLITE_OK) return ErrorOf(connection, code, absl::StrCat("open ", path));
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, 10'000);
  RETURN_IF_ERROR(database->Check(path, mode));
  return database;
}

absl::StatusOr<std::unique_ptr<Database>> Database::InMemory() {
  return Open(":memory:", Mode::Create);
}

absl::StatusOr<std::string> Database::Image() {
  sqlite3_int64 size = 0;
  unsigned char* const bytes = sqlite3_serialize(connection_, "main", &size, 0);
  if (bytes == nullptr) return absl::UnavailableError("coordinator database: no memory for it");
  std::string image(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  sqlite3_free(bytes);
  return image;
}

absl::StatusOr<std::int64_t> Database::Number(std::string_view sql) {
  Statement statement = Prepare(sql);
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  return row ? statement.IntegerAt(0) : 0;
}

// Everything before journal_mode only reads, so that a file that is refused stays as it is.
absl::Status Database::Check(const std::string& path, Mode mode) {
  const auto objects = Number("SELECT count(*) FROM sqlite_schema");
  if (!objects.ok()) {
    if (objects.status().code() != absl::StatusCode::kDataLoss) return objects.status();
    return Refuse(absl::StatusCode::kDataLoss, path,
                  absl::StrCat("it is not an SQLite database or is damaged (",
                               objects.status().message(), ")"));
  }
  ASSIGN_OR_RETURN(const std::int64_t application, Number("PRAGMA application_id"));
  const bool is_new = *objects == 0 && application == 0 && mode == Mode::Create;
  if (!is_new) {
    if (application != kApplicationId) {
      return Refuse(absl::StatusCode::kFailedPrecondition, path,
                    "it is a database of another program");
    }
    Statement check = Prepare("PRAGMA integrity_check(1)");
    const auto row = check.Step();
    const std::string found = row.ok() ? check.TextAt(0) : std::string(row.status().message());
    if (found != "ok") {
      return Refuse(absl::StatusCode::kDataLoss, path, absl::StrCat("it is damaged: ", found));
    }
    const auto version = Number("SELECT value FROM meta WHERE name = 'schema_version'");
    if (!version.ok()) {
      return Refuse(absl::StatusCode::kDataLoss, path,
                    absl::StrCat("it has no schema version: ", version.status().message()));
    }
    if (*version < 1 || *version > kSchemaVersion) {
      return Refuse(absl::StatusCode::kFailedPrecondition, path,
                    absl::StrCat("its schema version is ", *version, ", this program knows 1 to ",
                                 kSchemaVersion, " (it was written by a newer belay-server)"));
    }
  }
  if (mode == Mode::ReadOnly) return absl::OkStatus();
  RETURN_IF_ERROR(Execute("PRAGMA journal_mode = WAL"));
  RETURN_IF_ERROR(Execute("PRAGMA synchronous = FULL"));
  return BringUpToDate();
}

// All versions in one transaction: a crash leaves the old one whole.
absl::Status Database::BringUpToDate() {
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*this));
  // Another connection may have done it between our look and our lock.
  ASSIGN_OR_RETURN(const std::int64_t objects, Number("SELECT count(*) FROM sqlite_schema"));
  if (objects == 0) {
    RETURN_IF_ERROR(Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId)));
    RETURN_IF_ERROR(Execute(kSchema));
    RETURN_IF_ERROR(Execute("INSERT INTO meta VALUES('schema_version', 1), ('epoch', 0)"));
  }
  ASSIGN_OR_RETURN(const std::int64_t version,
                   Number("SELECT value FROM meta WHERE name = 'schema_version'"));
  if (version == kSchemaVersion) return absl::OkStatus();
  for (std::int64_t from = version; from < kSchemaVersion; ++from) {
    RETURN_IF_ERROR(WithContext(Execute(kMigrations.at(static_cast<std::size_t>(from - 1))),
                                absl::StrCat("migrate to schema version ", from + 1)));
  }
  if (version < kVersionWithRoles) RETURN_IF_ERROR(Execute(kUnlistedUntilIsOfTheData));
  RETURN_IF_ERROR(Execute(
      absl::StrCat("UPDATE meta SET value = ", kSchemaVersion, " WHERE name = 'schema_version'")));
  return transaction.Commit();
}

Database::~Database() { sqlite3_close_v2(connection_); }

absl::Status Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return ErrorOf(connection_, code, sql);
  return absl::OkStatus();
}
std::int64_t Database::Changes() const { return sqlite3_changes64(connection_); }

absl::StatusOr<Transaction> Transaction::Begin(Database& database) {
  // IMMEDIATE: the lock is taken here, so that nothing in between can fail for being second.
  RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}
absl::Status Transaction::Commit() {
  RETURN_IF_ERROR(database_->Execute("COMMIT"));
  database_ = nullptr;
  return absl::OkStatus();
}
Transaction::~Transaction() {
  // Where this fails SQLite has already rolled back, or does so when the file is opened again.
  if (database_ != nullptr) database_->Execute("ROLLBACK").IgnoreError();
}

}  // namespace belay::store
