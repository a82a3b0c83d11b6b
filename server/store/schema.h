// The tables, as text: version 1, and what leads from each version to the next.  What is here has
// been written by some belay-server and is never changed; a new table or column is a new migration.
#pragma once
#include <array>
#include <cstdint>

namespace belay::store {

inline constexpr int kApplicationId = 0x42454C59;  // "BELY", at byte 68 of the file

inline constexpr char kSchema[] = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE tokens(
  id TEXT PRIMARY KEY, secret_sha256 TEXT NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL,
  expires_unix INTEGER NOT NULL, created_by TEXT NOT NULL, public_key_sha256 TEXT NOT NULL DEFAULT '',
  certificate_pem TEXT NOT NULL DEFAULT '', spent INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE certificates(
  sha256 TEXT PRIMARY KEY, cluster TEXT NOT NULL, node TEXT NOT NULL, pem TEXT NOT NULL,
  issued_unix INTEGER NOT NULL, not_after_unix INTEGER NOT NULL) STRICT;
CREATE TABLE nodes(
  cluster TEXT NOT NULL, node TEXT NOT NULL, agent_version TEXT NOT NULL DEFAULT '',
  status BLOB NOT NULL DEFAULT x'', last_seen_unix_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(cluster, node)) WITHOUT ROWID, STRICT;
CREATE TABLE emergencies(
  cluster TEXT NOT NULL, node TEXT NOT NULL, reason TEXT NOT NULL, since_unix_ms INTEGER NOT NULL,
  PRIMARY KEY(cluster, node)) WITHOUT ROWID, STRICT;
CREATE TABLE clear_requests(
  id TEXT PRIMARY KEY, cluster TEXT NOT NULL, node TEXT NOT NULL, reason TEXT NOT NULL,
  operator TEXT NOT NULL, requested_unix_ms INTEGER NOT NULL,
  cleared_unix_ms INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE rollouts(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, cluster TEXT NOT NULL,
  plan_name TEXT NOT NULL, plan_digest TEXT NOT NULL, plan BLOB NOT NULL,
  node_order TEXT NOT NULL, order_reason TEXT NOT NULL, started_by TEXT NOT NULL,
  request_id TEXT NOT NULL UNIQUE, started_unix_ms INTEGER NOT NULL,
  finished_unix_ms INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX one_running_rollout ON rollouts(cluster) WHERE finished_unix_ms = 0;
CREATE TABLE rollout_events(
  rollout_id TEXT NOT NULL, seq INTEGER NOT NULL, event BLOB NOT NULL, state_digest TEXT NOT NULL,
  PRIMARY KEY(rollout_id, seq)) WITHOUT ROWID, STRICT;
CREATE TABLE node_records(
  cluster TEXT NOT NULL, node TEXT NOT NULL, journal_id TEXT NOT NULL, seq INTEGER NOT NULL,
  rollout_id TEXT NOT NULL, record BLOB NOT NULL, received_unix_ms INTEGER NOT NULL,
  PRIMARY KEY(cluster, node, journal_id, seq)) WITHOUT ROWID, STRICT;
CREATE INDEX records_of_rollout ON node_records(rollout_id, cluster, node);
)sql";

// kMigrations[i] leads from version i + 1 to i + 2.
inline constexpr std::array<const char*, 9> kMigrations = {
    R"sql(
ALTER TABLE rollouts ADD COLUMN options BLOB NOT NULL DEFAULT x'';
CREATE TABLE rollout_notes(rollout_id TEXT NOT NULL, unix_ms INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX notes_of_rollout ON rollout_notes(rollout_id);
)sql",
    R"sql(
ALTER TABLE rollouts ADD COLUMN reverts TEXT NOT NULL DEFAULT '';
CREATE INDEX reverts_of_rollout ON rollouts(reverts) WHERE reverts != '';
)sql",
    R"sql(
ALTER TABLE rollouts ADD COLUMN fleet TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX rollout_of_fleet ON rollouts(fleet, cluster) WHERE fleet != '';
CREATE TABLE fleets(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, plan_name TEXT NOT NULL,
  plan_digest TEXT NOT NULL, plan BLOB NOT NULL, definition BLOB NOT NULL,
  started_by TEXT NOT NULL, request_id TEXT NOT NULL UNIQUE, started_unix_ms INTEGER NOT NULL,
  finished_unix_ms INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE fleet_events(
  fleet_id TEXT NOT NULL, seq INTEGER NOT NULL, event BLOB NOT NULL, state_digest TEXT NOT NULL,
  PRIMARY KEY(fleet_id, seq)) WITHOUT ROWID, STRICT;
)sql",
    R"sql(
CREATE TABLE lock_events(number INTEGER PRIMARY KEY, cluster TEXT NOT NULL, event BLOB NOT NULL) STRICT;
)sql",
    R"sql(
CREATE TABLE cluster_labels(
  cluster TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, set_by TEXT NOT NULL,
  set_unix_ms INTEGER NOT NULL, PRIMARY KEY(cluster, name)) WITHOUT ROWID, STRICT;
)sql",
    R"sql(
CREATE TABLE node_labels(
  cluster TEXT NOT NULL, node TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  set_by TEXT NOT NULL, set_unix_ms INTEGER NOT NULL,
  PRIMARY KEY(cluster, node, name)) WITHOUT ROWID, STRICT;
)sql",
    // A database that has been served knows no list of its operators: whose certificate was issued
    // until then may do what he could, until somebody lists him or ends that
    // (docs/authorisation.md).  "Now" is lowered by kUnlistedUntilIsOfTheData.
    R"sql(
CREATE TABLE operators(
  name TEXT PRIMARY KEY, changed_by TEXT NOT NULL, changed_unix_ms INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE role_bindings(
  operator TEXT NOT NULL, role INTEGER NOT NULL, PRIMARY KEY(operator, role)) WITHOUT ROWID, STRICT;
CREATE INDEX operators_of_role ON role_bindings(role);
INSERT INTO meta SELECT 'unlisted_until_unix', CAST(strftime('%s', 'now') AS INTEGER)
  FROM meta WHERE name = 'epoch' AND value > 0;
)sql",
    R"sql(
ALTER TABLE tokens ADD COLUMN revoked_by TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN revoked_unix_ms INTEGER NOT NULL DEFAULT 0;
CREATE TABLE operator_certificates(
  sha256 TEXT PRIMARY KEY, operator TEXT NOT NULL, pem TEXT NOT NULL,
  issued_unix INTEGER NOT NULL, not_after_unix INTEGER NOT NULL) STRICT;
CREATE TABLE revocations(
  number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, identity TEXT NOT NULL, reason TEXT NOT NULL,
  revoked_by TEXT NOT NULL, revoked_unix_ms INTEGER NOT NULL) STRICT;
CREATE INDEX revocations_of_certificate ON revocations(sha256);
CREATE INDEX revocations_of_identity ON revocations(identity);
)sql",
    R"sql(
CREATE TABLE audit_trail(number INTEGER PRIMARY KEY, record BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TRIGGER audit_trail_is_not_changed BEFORE UPDATE ON audit_trail
  BEGIN SELECT RAISE(ABORT, 'the audit trail is only ever added to'); END;
CREATE TRIGGER audit_trail_is_kept BEFORE DELETE ON audit_trail
  BEGIN SELECT RAISE(ABORT, 'the audit trail is only ever added to'); END;
)sql"};

// The first version that has roles; what is older is led to it as if by its newest data, because it
// may be a backup: between its day and now, people have got certificates who were to do less.  Data
// that a fast clock has written counts as of now.
inline constexpr std::int64_t kVersionWithRoles = 8;
inline constexpr char kUnlistedUntilIsOfTheData[] = R"sql(
UPDATE meta SET value = min(value, (SELECT max(unix_ms) / 1000 FROM (
  SELECT 0 AS unix_ms
  UNION ALL SELECT issued_unix * 1000 FROM certificates
  UNION ALL SELECT last_seen_unix_ms FROM nodes
  UNION ALL SELECT received_unix_ms FROM node_records
  UNION ALL SELECT since_unix_ms FROM emergencies
  UNION ALL SELECT max(requested_unix_ms, cleared_unix_ms) FROM clear_requests
  UNION ALL SELECT max(started_unix_ms, finished_unix_ms) FROM rollouts
  UNION ALL SELECT unix_ms FROM rollout_notes
  UNION ALL SELECT max(started_unix_ms, finished_unix_ms) FROM fleets
  UNION ALL SELECT set_unix_ms FROM cluster_labels
  UNION ALL SELECT set_unix_ms FROM node_labels))) WHERE name = 'unlisted_until_unix';
)sql";

inline constexpr std::int64_t kSchemaVersion = 1 + std::int64_t{kMigrations.size()};

}  // namespace belay::store
