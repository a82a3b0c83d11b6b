#include "common/base/csv_items.h"

#include <cstddef>

namespace belay {
namespace {

std::string Trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace

std::optional<std::vector<std::string>> CsvItems(std::string_view text) {
  std::vector<std::string> items;
  std::string item;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        item += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        item += text[++i];
      } else if (i + 1 == text.size() || text[i + 1] == ',') {
        quoted = false;
      } else {
        return std::nullopt;
      }
    } else if (c == ',') {
      items.push_back(Trimmed(item));
      item.clear();
    } else if (c == '"') {
      if (!item.empty()) return std::nullopt;
      quoted = true;
    } else {
      item += c;
    }
  }
  if (quoted) return std::nullopt;
  items.push_back(Trimmed(item));
  return items;
}

}  // namespace belay
