// What `cluster label` and `node label` are told: key=value sets, key- removes, as kubectl label
// has it.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/select/labels.h"

namespace belay {

struct LabelOptions {
  std::vector<std::string> changes;
  bool overwrite = false;
};

inline void AddLabelOptions(CLI::App& verb, LabelOptions& options) {
  verb.add_option("LABEL", options.changes, "key=value or key-; several are one change")
      ->required();
  verb.add_flag("--overwrite", options.overwrite,
                "also where the label has another value, which is refused else");
}

// Into the request of either; INVALID_ARGUMENT for what is neither, and for a key with two fates.
template <class Request>
absl::Status AddLabelChanges(const LabelOptions& options, Request* request) {
  request->set_overwrite(options.overwrite);
  for (const std::string& change : options.changes) {
    const std::size_t equals = change.find('=');
    const bool removes = equals == std::string::npos && !change.empty() && change.back() == '-';
    if (equals == std::string::npos && !removes) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", change, "' is neither key=value nor key-; nothing was changed"));
    }
    const std::string key = change.substr(0, removes ? change.size() - 1 : equals);
    RETURN_IF_ERROR(CheckLabelKey(key));
    if (removes) {
      request->add_remove(key);
      continue;
    }
    const std::string value = change.substr(equals + 1);
    RETURN_IF_ERROR(CheckLabelValue(value));
    if (!request->mutable_set()->insert({key, value}).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", key, "' is given twice; nothing was changed"));
    }
  }
  for (const std::string& key : request->remove()) {
    if (!request->set().contains(key)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("'", key, "' is to be set and to be removed; nothing was changed"));
  }
  return absl::OkStatus();
}

}  // namespace belay
