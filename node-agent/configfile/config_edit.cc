#include "node-agent/configfile/config_edit.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/plan/config_path.h"
#include "node-agent/configfile/check_edit.h"
#include "node-agent/configfile/document.h"
#include "node-agent/configfile/key_edit.h"
#include "node-agent/configfile/verify_config.h"
#include "node-agent/manifest/verify.h"

namespace belay {
namespace {

absl::StatusOr<std::string> Spliced(const std::string& bytes, const v1::Edit& edit,
                                    const absl::StatusOr<std::vector<Splice>>& splices) {
  RETURN_IF_ERROR(splices.status());
  std::string result = bytes;
  if (!splices->empty()) {
    ASSIGN_OR_RETURN(result, ApplySplices(bytes, *splices));
  }
  // Also without splices: "already so" is a claim that is checked like any other.
  RETURN_IF_ERROR(VerifyConfigEdit(bytes, result, edit));
  RETURN_IF_ERROR(VerifyBytes(bytes, result, *splices));
  return result;
}

absl::StatusOr<std::string> ApplyOneConfigEdit(const std::string& bytes, const v1::Edit& edit) {
  RETURN_IF_ERROR(CheckConfigEdit(edit));
  ASSIGN_OR_RETURN(const std::vector<ConfigDocument> documents, ReadConfigDocuments(bytes));
  const bool set = edit.has_set_config_key();
  ASSIGN_OR_RETURN(const size_t chosen,
                   ChooseDocument(documents, set ? edit.set_config_key().kind()
                                                 : edit.unset_config_key().kind()));
  const ManifestNode& root = documents[chosen].root;
  if (!set) return Spliced(bytes, edit, UnsetKeySplices(bytes, root, edit.unset_config_key()));
  absl::StatusOr<std::string> result = absl::UnknownError("");
  for (const ReplaceWith with : {ReplaceWith::Differences, ReplaceWith::Whole}) {
    result = Spliced(bytes, edit, SetKeySplices(bytes, root, edit.set_config_key(), with));
    if (result.ok()) break;
  }
  return result;
}

std::string Describe(const v1::Edit& edit) {
  const bool set = edit.has_set_config_key();
  const std::string& file = set ? edit.set_config_key().file() : edit.unset_config_key().file();
  return absl::StrCat(
      "cannot edit ", file.empty() ? "the config file" : file, " (",
      set ? "setConfigKey " : "unsetConfigKey ",
      ConfigPathText(set ? edit.set_config_key().path() : edit.unset_config_key().path()),
      "), it is unchanged");
}

}  // namespace

absl::StatusOr<EditOutcome> ApplyConfigEdits(std::string_view bytes,
                                             const std::vector<v1::Edit>& edits) {
  EditOutcome outcome;
  outcome.bytes = std::string(bytes);
  for (const v1::Edit& edit : edits) {
    if (!edit.has_set_config_key() && !edit.has_unset_config_key()) {
      return absl::InvalidArgumentError("an edit that is not of a config file's keys");
    }
    absl::StatusOr<std::string> next = ApplyOneConfigEdit(outcome.bytes, edit);
    if (!next.ok()) return WithContext(next.status(), Describe(edit));
    outcome.bytes = *std::move(next);
  }
  outcome.changed = outcome.bytes != bytes;
  return outcome;
}

}  // namespace belay
