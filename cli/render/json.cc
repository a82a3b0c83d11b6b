#include "cli/render/json.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <map>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace belay {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

// YAML's double quotes, not JSON's: YAML does not join \u surrogate pairs, so text stays as UTF-8.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += absl::StrFormat("\\x%02x", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string Number(double value) {
  std::string text = absl::StrFormat("%.15g", value);
  return std::stod(text) == value ? text : absl::StrFormat("%.17g", value);
}

void AppendMap(const Struct& map, int indent, std::string& out);
void AppendList(const ListValue& list, int indent, std::string& out);

// What follows "key:" or "-", with the line's end.
void AppendValue(const Value& value, int indent, bool in_list, std::string& out) {
  switch (value.kind_case()) {
    case Value::kStructValue:
      if (value.struct_value().fields().empty()) {
        out += " {}\n";
      } else if (in_list) {
        // The first key stands on the line of the dash.
        std::string inner;
        AppendMap(value.struct_value(), indent + 2, inner);
        out += " " + inner.substr(static_cast<std::size_t>(indent) + 2);
      } else {
        out += "\n";
        AppendMap(value.struct_value(), indent + 2, out);
      }
      return;
    case Value::kListValue:
      if (value.list_value().values().empty()) {
        out += " []\n";
      } else {
        out += "\n";
        AppendList(value.list_value(), in_list ? indent + 2 : indent, out);
      }
      return;
    case Value::kStringValue:
      out += " " + Quoted(value.string_value()) + "\n";
      return;
    case Value::kNumberValue:
      out += " " + Number(value.number_value()) + "\n";
      return;
    case Value::kBoolValue:
      out += value.bool_value() ? " true\n" : " false\n";
      return;
    case Value::kNullValue:
    case Value::KIND_NOT_SET:
      out += " null\n";
      return;
  }
}

void AppendList(const ListValue& list, int indent, std::string& out) {
  for (const Value& value : list.values()) {
    out.append(static_cast<std::size_t>(indent), ' ');
    out += "-";
    AppendValue(value, indent, true, out);
  }
}

bool IsPlainKey(const std::string& key) {
  if (key.empty()) return false;
  for (char c : key) {
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) return false;
  }
  return key.find_first_not_of("0123456789") != std::string::npos;
}

void AppendMap(const Struct& map, int indent, std::string& out) {
  std::map<std::string, const Value*> sorted;
  for (const auto& [key, value] : map.fields()) sorted.emplace(key, &value);
  for (const auto& [key, value] : sorted) {
    out.append(static_cast<std::size_t>(indent), ' ');
    out += (IsPlainKey(key) ? key : Quoted(key)) + ":";
    AppendValue(*value, indent, false, out);
  }
}

std::string Json(const google::protobuf::Message& message, bool whitespace) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = whitespace;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  // It fails for well-known types out of range only, and our messages have none.
  if (!status.ok()) json = "{}";
  if (json.empty() || json.back() != '\n') json += "\n";
  return json;
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message) { return Json(message, true); }
std::string ToJsonLine(const google::protobuf::Message& message) { return Json(message, false); }

absl::StatusOr<std::string> JsonToYaml(const std::string& json) {
  Struct data;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &data);
  if (!status.ok()) {
    return absl::InternalError(
        absl::StrCat("cannot turn JSON into YAML: ", std::string(status.message())));
  }
  std::string out;
  if (data.fields().empty()) return std::string("{}\n");
  AppendMap(data, 0, out);
  return out;
}

}  // namespace belay
