#include "tests/support/oracle/refusals.h"

namespace belay::oracle {
namespace {

struct Allowed {
  std::string_view words;
  std::string_view id;
};

// The first that matches counts.
constexpr Allowed kAllowed[] = {
    {"started by a shell", "A15"},
    {"cannot tell which item of the command is the program", "A14"},
    {"the program could be", "A14"},
    {"neither command nor args", "A12"},
    {"a text over several lines", "A16"},
    {"holds several YAML documents", "A18"},
    {"holds flag and value in one item", "B16"},
    {"stands in its own item behind", "B3"},
    {"holds quotes", "B13"},
    {"stands here a second time", "G6"},
    {"explicit tags", "I10"},
    {"aliases", "I5"},
    {"anchors", "I5"},
    {"merge keys", "I6"},
    {"the file is a template", "I2"},
    {"is taken by another volume", "H4"},
    {"has hostPath type", "H4"},
    {"something else is mounted", "H4"},
    {"is already mounted with readOnly", "H4"},
    {"control character", "I9"},
    {"a tab stands", "E13"},
    {"directives", "I11"},
    {"nested too deeply", "I7"},
    {"not YAML that can be edited", "I1"},
};

}  // namespace

std::string AllowedRefusal(std::string_view message) {
  for (const Allowed& allowed : kAllowed) {
    if (message.find(allowed.words) != std::string_view::npos) return std::string(allowed.id);
  }
  return "";
}

}  // namespace belay::oracle
