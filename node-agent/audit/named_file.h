// Is a file that a component is given what a control asks of it?  Pure.
#pragma once
#include <string>

#include "common/catalog/catalog.h"
#include "node-agent/configfile/config_value.h"

namespace belay {

struct FileVerdict {
  enum class Kind { Pass, Fail, Unknown };
  Kind kind = Kind::Fail;
  std::string found;  // never more of the content than a name or a number
};

// `document` is of the file.  Not for the rules Exists and DiffersFrom.
FileVerdict JudgeDocument(const NamedFileCheck& check, const ConfigValue& document);

}  // namespace belay
