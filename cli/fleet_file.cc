#include "cli/fleet_file.h"

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/duration.h"
#include "cli/window_text.h"
#include "common/base/status_macros.h"
#include "common/plan/suggest.h"
#include "common/plan/yaml_tree.h"
#include "common/select/selector.h"

namespace belay {
namespace {

using Field = std::function<absl::Status(const YamlNode&)>;

// What every reader below is given: where the file is, for messages.
struct At {
  const std::string& file;
  absl::Status Wrong(int line, int column, const std::string& message) const {
    return absl::InvalidArgumentError(absl::StrCat(file, ":", line, ":", column, ": ", message));
  }
  absl::Status Wrong(const YamlNode& node, const std::string& message) const {
    return Wrong(node.line, node.column, message);
  }
};

absl::Status ReadMap(const At& at, const YamlNode& node, const std::string& what,
                     const std::map<std::string, Field>& fields) {
  if (node.kind != YamlNode::Kind::Map) return at.Wrong(node, absl::StrCat(what, " must be a map"));
  std::vector<std::string> known;
  for (const auto& [name, field] : fields) known.push_back(name);
  for (const YamlEntry& entry : node.entries) {
    const auto field = fields.find(entry.key);
    if (field == fields.end()) {
      return at.Wrong(
          entry.line, entry.column,
          absl::StrCat("unknown key '", entry.key, "' in ", what, DidYouMean(entry.key, known)));
    }
    RETURN_IF_ERROR(field->second(entry.value));
  }
  return absl::OkStatus();
}

Field Exactly(const At& at, const std::string& wanted) {
  return [&at, wanted](const YamlNode& node) {
    if (node.kind == YamlNode::Kind::Scalar && node.text == wanted) return absl::OkStatus();
    return at.Wrong(node, absl::StrCat("must be ", wanted));
  };
}

Field Texts(const At& at, google::protobuf::RepeatedPtrField<std::string>* out) {
  return [&at, out](const YamlNode& node) -> absl::Status {
    if (node.kind != YamlNode::Kind::Sequence) return at.Wrong(node, "must be a list of names");
    for (const YamlNode& item : node.items) {
      if (item.kind != YamlNode::Kind::Scalar || item.text.empty()) {
        return at.Wrong(item, "must be a name");
      }
      *out->Add() = item.text;
    }
    return absl::OkStatus();
  };
}

Field Number(const At& at, const std::function<void(std::uint32_t)>& set) {
  return [&at, set](const YamlNode& node) {
    std::uint32_t value = 0;
    if (node.kind != YamlNode::Kind::Scalar || node.quoted ||
        !absl::SimpleAtoi(node.text, &value)) {
      return at.Wrong(node, "must be a number");
    }
    set(value);
    return absl::OkStatus();
  };
}

Field Duration(const At& at, const std::function<void(std::uint64_t)>& set) {
  return [&at, set](const YamlNode& node) {
    const absl::StatusOr<std::int64_t> seconds =
        node.kind == YamlNode::Kind::Scalar ? ParseSeconds(node.text)
                                            : absl::InvalidArgumentError("must be a duration");
    if (!seconds.ok()) return at.Wrong(node, std::string(seconds.status().message()));
    set(static_cast<std::uint64_t>(*seconds) * 1000);
    return absl::OkStatus();
  };
}

Field Boolean(const At& at, const std::function<void(bool)>& set) {
  return [&at, set](const YamlNode& node) {
    if (node.kind != YamlNode::Kind::Scalar || node.quoted ||
        (node.text != "true" && node.text != "false")) {
      return at.Wrong(node, "must be true or false");
    }
    set(node.text == "true");
    return absl::OkStatus();
  };
}

Field Waves(const At& at, v1::FleetStrategy* out) {
  return [&at, out](const YamlNode& node) -> absl::Status {
    if (node.kind != YamlNode::Kind::Sequence) return at.Wrong(node, "must be a list of waves");
    for (const YamlNode& item : node.items) {
      const absl::StatusOr<v1::FleetWave> wave = ParseWave(item.text);
      if (item.kind != YamlNode::Kind::Scalar || !wave.ok()) {
        return at.Wrong(item, "must be a number of clusters such as 3, or a part such as 50%");
      }
      *out->add_waves() = *wave;
    }
    return absl::OkStatus();
  };
}

Field PauseAfter(const At& at, v1::FleetStrategy* out) {
  return [&at, out](const YamlNode& node) {
    if (node.text != "canary" && node.text != "each") {
      return at.Wrong(node, "must be canary or each");
    }
    out->set_pause_after_canary(node.text == "canary");
    out->set_pause_after_each(node.text == "each");
    return absl::OkStatus();
  };
}

Field TextField(const At& at, const std::string& what,
                const std::function<absl::Status(const std::string&)>& take) {
  return [&at, what, take](const YamlNode& node) {
    if (node.kind != YamlNode::Kind::Scalar) return at.Wrong(node, absl::StrCat("must be ", what));
    const absl::Status taken = take(node.text);
    return taken.ok() ? taken : at.Wrong(node, std::string(taken.message()));
  };
}

Field SelectorField(const At& at, const std::function<void(const std::string&)>& set) {
  return TextField(at, "a label selector such as env=prod", [set](const std::string& text) {
    RETURN_IF_ERROR(ParseSelector(text).status());
    set(text);
    return absl::OkStatus();
  });
}

absl::Status ReadWindow(const At& at, const YamlNode& node, v1::MaintenanceWindow* out) {
  const auto time = [&at](const std::function<void(std::uint32_t)>& set) {
    return TextField(at, "a time such as 22:00", [set](const std::string& text) -> absl::Status {
      ASSIGN_OR_RETURN(const std::uint32_t minute, ParseTimeOfDay(text));
      set(minute);
      return absl::OkStatus();
    });
  };
  const Field days = [&at, out](const YamlNode& list) -> absl::Status {
    if (list.kind != YamlNode::Kind::Sequence || list.items.empty()) {
      return at.Wrong(list, "must be a list of days such as [sat, sun]");
    }
    for (const YamlNode& day : list.items) {
      RETURN_IF_ERROR(TextField(
          at, "a day", [out](const std::string& text) { return AddDays(text, out); })(day));
    }
    return absl::OkStatus();
  };
  out->set_from_minute(UINT32_MAX);
  RETURN_IF_ERROR(ReadMap(
      at, node, "a window",
      {{"days", days},
       {"from", time([=](std::uint32_t minute) { out->set_from_minute(minute); })},
       {"to",
        time([=](std::uint32_t minute) { out->set_to_minute(minute == 0 ? 1440 : minute); })}}));
  const absl::Status times = CheckTimes(*out);
  return times.ok() ? times : at.Wrong(node, std::string(times.message()));
}

Field WindowList(const At& at, v1::FleetOptions* out) {
  return [&at, out](const YamlNode& node) -> absl::Status {
    if (node.kind != YamlNode::Kind::Sequence) return at.Wrong(node, "must be a list of windows");
    for (const YamlNode& item : node.items) {
      RETURN_IF_ERROR(ReadWindow(at, item, out->add_windows()));
    }
    return absl::OkStatus();
  };
}

absl::Status ReadSpec(const At& at, const YamlNode& node, v1::FleetStrategy* out) {
  v1::FleetOptions* const options = out->mutable_options();
  const Field soak = [&at, options](const YamlNode& of) {
    return ReadMap(
        at, of, "soak",
        {{"node", Duration(at, [=](std::uint64_t ms) { options->set_node_soak_ms(ms); })},
         {"stage", Duration(at, [=](std::uint64_t ms) { options->set_soak_ms(ms); })}});
  };
  return ReadMap(
      at, node, "spec",
      {{"clusters", Texts(at, out->mutable_clusters())},
       {"everyCluster", Boolean(at, [=](bool on) { out->set_every_cluster(on); })},
       {"canary", Texts(at, out->mutable_canary())},
       {"selector", SelectorField(at, [=](const std::string& text) { out->set_selector(text); })},
       {"canarySelector",
        SelectorField(at, [=](const std::string& text) { out->set_canary_selector(text); })},
       {"nodeSelector",
        SelectorField(at, [=](const std::string& text) { options->set_node_selector(text); })},
       {"windows", WindowList(at, options)},
       {"waves", Waves(at, out)},
       {"parallel", Number(at, [=](std::uint32_t n) { options->set_parallel(n); })},
       {"failureBudget", Number(at, [=](std::uint32_t n) { options->set_failure_budget(n); })},
       {"pauseAfter", PauseAfter(at, out)},
       {"approval", Boolean(at, [=](bool on) { options->set_approval(on); })},
       {"deadline", Duration(at, [=](std::uint64_t ms) { options->set_deadline_ms(ms); })},
       {"soak", soak}});
}

}  // namespace

absl::StatusOr<v1::FleetWave> ParseWave(std::string_view text) {
  constexpr std::uint32_t kWhole = 100;
  const bool percent = !text.empty() && text.back() == '%';
  if (percent) text.remove_suffix(1);
  std::uint32_t number = 0;
  if (!absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &number) || number == 0 ||
      (percent && number > kWhole)) {
    return absl::InvalidArgumentError(
        "a wave is a number of clusters such as 3, or a part such as 50%");
  }
  v1::FleetWave wave;
  if (percent) {
    wave.set_percent(number);
  } else {
    wave.set_count(number);
  }
  return wave;
}

absl::StatusOr<v1::FleetStrategy> ParseFleetFile(std::string_view yaml, const std::string& file) {
  const At at{file};
  const YamlDocument document = ReadYaml(yaml);
  if (!document.mistakes.empty()) {
    const Mistake& first = document.mistakes.front();
    return at.Wrong(first.line, first.column, first.message);
  }
  v1::FleetStrategy strategy;
  std::set<std::string> seen;
  for (const YamlEntry& entry : document.root.entries) seen.insert(entry.key);
  const Field metadata = [&at](const YamlNode& node) {
    return ReadMap(at, node, "metadata", {{"name", [&at](const YamlNode& name) {
                                             return name.kind == YamlNode::Kind::Scalar &&
                                                            !name.text.empty()
                                                        ? absl::OkStatus()
                                                        : at.Wrong(name, "must be a name");
                                           }}});
  };
  RETURN_IF_ERROR(
      ReadMap(at, document.root, "a rollout file",
              {{"apiVersion", Exactly(at, "belay.dev/v1")},
               {"kind", Exactly(at, "Rollout")},
               {"metadata", metadata},
               {"spec", [&](const YamlNode& node) { return ReadSpec(at, node, &strategy); }}}));
  for (const char* key : {"apiVersion", "kind", "spec"}) {
    if (!seen.contains(key)) return at.Wrong(1, 1, absl::StrCat("'", key, "' is missing"));
  }
  return strategy;
}

}  // namespace belay
