// Operators whom belay-server itself has made a certificate, in the coordinator's database.
#pragma once
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/enrolment/operator_home.h"
#include "server/store/store.h"

namespace belay {

// His roles are added to what he has.  INVALID_ARGUMENT: there is no such role.
absl::Status Note(store::Store& store, const NewOperator& known);
// The bytes of a new database that knows this one operator.
absl::StatusOr<std::string> DatabaseWith(const NewOperator& first);

}  // namespace belay
