// Writes typed values as YAML blocks, as YAML in braces, or as JSON, in a file's own style and so
// that every reader gets the same types back.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "node-agent/configfile/config_value.h"
#include "node-agent/configfile/file_style.h"
#include "node-agent/manifest/tree.h"

namespace belay {

// A text as one scalar: plain where every YAML reads it as a text, else in quotes.
std::string WriteText(std::string_view text, ManifestNode::Style like, bool flow, bool json);

// Scalars, {} and [], and lists of scalars where the style has them in []: what stands behind
// "key:".
bool IsWrittenInline(const ConfigValue& value, const FileStyle& style);
// `like` is the style of the text that stood there.
std::string WriteInline(const ConfigValue& value, const FileStyle& style, bool in_flow,
                        ManifestNode::Style like);

// A map or list that is not empty, as lines without indentation; `like` is for the texts in a list.
std::vector<std::string> WriteBlock(const ConfigValue& value, const FileStyle& style,
                                    ManifestNode::Style like);
// One entry of a block map: "key: value" or the key with the lines below it.
std::vector<std::string> WriteBlockEntry(const std::string& key, const ConfigValue& value,
                                         const FileStyle& style, ManifestNode::Style key_like,
                                         ManifestNode::Style like);

// In braces and brackets; over several lines when the style is so, then further lines begin with
// `indent`.
std::string WriteFlow(const ConfigValue& value, const FileStyle& style, const std::string& indent,
                      ManifestNode::Style like);

}  // namespace belay
