#include "node-agent/manifest/verify.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "node-agent/manifest/model.h"

namespace belay {
namespace {

absl::Status Wrong(std::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat(
      "the edit was checked and ", std::string(what),
      "; this manifest has a form that cannot be edited with certainty, edit it by hand"));
}

Model* ContainerOf(Model& pod, const std::string& name) {
  Model* const spec = pod.Find("spec");
  Model* const containers = spec == nullptr ? nullptr : spec->Find("containers");
  if (containers == nullptr) return nullptr;
  for (Model& container : containers->list) {
    Model* const given = container.Find("name");
    if (given != nullptr && given->text == name) return &container;
  }
  return nullptr;
}

// One word of a command line: a flag with its value, or anything else.
struct Word {
  std::string flag;  // empty when it is not a flag
  std::string text;
  std::string value;
  bool operator==(const Word& other) const { return text == other.text && value == other.value; }
};

std::string FileName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Words from the program on are read as flags; those in front of it are a wrapper's.
std::vector<Word> WordsOf(const std::vector<std::string>& argv,
                          const std::set<std::string>& names) {
  size_t program = 0;
  for (size_t i = 0; i < argv.size(); ++i) {
    if (argv[i].rfind('-', 0) != 0 && names.count(FileName(argv[i])) > 0) {
      program = i;
      break;
    }
  }
  std::vector<Word> words;
  bool over = false;
  for (size_t i = 0; i < argv.size(); ++i) {
    const std::string& text = argv[i];
    Word word{"", text, ""};
    over = over || (i > program && text == "--");
    const bool flag = i >= program && !over && text.size() > 1 && text[0] == '-' &&
                      !absl::ascii_isdigit(static_cast<unsigned char>(text[1]));
    if (flag) {
      const size_t equals = text.find('=');
      word.flag =
          text.substr(text[1] == '-' ? 2 : 1,
                      equals == std::string::npos ? equals : equals - (text[1] == '-' ? 2 : 1));
      std::replace(word.flag.begin(), word.flag.end(), '_', '-');
      if (equals != std::string::npos) {
        word.value = text.substr(equals + 1);
      } else if (i + 1 < argv.size() && !argv[i + 1].empty() && argv[i + 1] != "--" &&
                 (argv[i + 1][0] != '-' ||
                  (argv[i + 1].size() > 1 &&
                   absl::ascii_isdigit(static_cast<unsigned char>(argv[i + 1][1]))))) {
        word.value = argv[++i];
      } else if (i + 1 < argv.size() && argv[i + 1].empty()) {
        ++i;
      } else {
        word.value = "true";
      }
    }
    words.push_back(std::move(word));
  }
  return words;
}

struct FlagWords {
  std::vector<Word> others;
  std::vector<std::string> values;
};
FlagWords Split(const std::vector<Word>& words, std::string flag) {
  std::replace(flag.begin(), flag.end(), '_', '-');
  FlagWords split;
  for (const Word& word : words) {
    if (!word.flag.empty() && word.flag == flag) {
      split.values.push_back(word.value);
    } else {
      split.others.push_back(word);
    }
  }
  return split;
}

std::vector<std::string> Elements(const std::vector<std::string>& values) {
  std::vector<std::string> elements;
  for (const std::string& value : values) {
    for (const auto part : absl::StrSplit(value, ',')) {
      const std::string element(absl::StripAsciiWhitespace(part));
      if (!element.empty()) elements.push_back(element);
    }
  }
  return elements;
}

absl::Status CheckMerge(const std::vector<std::string>& before,
                        const std::vector<std::string>& after, const v1::MergeListFlag& edit) {
  std::vector<std::string> intended;
  for (const std::string& element : Elements(before)) {
    const std::string key = element.substr(0, element.find('='));
    bool gone = false;
    for (const std::string& remove : edit.remove())
      gone = gone || remove == element || remove == key;
    if (!gone) intended.push_back(element);
  }
  for (const std::string& add : edit.add()) {
    const size_t equals = add.find('=');
    bool there = false;
    for (std::string& element : intended) {
      const bool same_key = equals != std::string::npos &&
                            element.substr(0, element.find('=')) == add.substr(0, equals);
      if (same_key) element = add;
      there = there || element == add;
    }
    if (!there) intended.push_back(add);
  }
  // Which of several uses takes the new element is free, so the union is compared, sorted.
  std::vector<std::string> found = Elements(after);
  std::sort(found.begin(), found.end());
  std::sort(intended.begin(), intended.end());
  if (found != intended) return Wrong("the list is not the intended one");
  return absl::OkStatus();
}

absl::Status CheckFlag(Model before, Model after, const std::string& name,
                       const std::string& manifest, const v1::Edit& edit, const std::string& flag) {
  Model* const old_container = ContainerOf(before, name);
  Model* const new_container = ContainerOf(after, name);
  if (old_container == nullptr || new_container == nullptr) return Wrong("the container is gone");
  const std::set<std::string> names = {name, manifest, "kube-" + manifest, "hyperkube"};
  std::vector<std::string> argv[2];
  Model* const containers[2] = {old_container, new_container};
  for (int side = 0; side < 2; ++side) {
    for (const char* const key : {"command", "args"}) {
      Model* const list = containers[side]->Find(key);
      const std::vector<std::string> texts = TextsOf(list);
      argv[side].insert(argv[side].end(), texts.begin(), texts.end());
      if (list == nullptr) continue;
      // Judged above all by the words below; items that are no texts stay in the comparison.
      std::erase_if(list->list, [](const Model& item) { return item.kind == Model::Kind::Text; });
    }
  }
  if (!(before == after)) return Wrong("something else would change as well");
  const FlagWords old_words = Split(WordsOf(argv[0], names), flag);
  const FlagWords new_words = Split(WordsOf(argv[1], names), flag);
  if (!(old_words.others == new_words.others))
    return Wrong("another argument would change as well");
  if (edit.has_set_flag()) {
    if (new_words.values != std::vector<std::string>{edit.set_flag().value()}) {
      return Wrong("the flag would not have the value");
    }
  }
  if (edit.has_unset_flag() && !new_words.values.empty())
    return Wrong("the flag would still be there");
  if (edit.has_merge_list_flag()) {
    return CheckMerge(old_words.values, new_words.values, edit.merge_list_flag());
  }
  return absl::OkStatus();
}

Model MapOf(const std::vector<std::pair<std::string, std::string>>& texts) {
  Model map;
  for (const auto& [key, text] : texts) map.Set(key, TextModel(text));
  return map;
}

void Append(Model& owner, const std::string& key, Model item) {
  if (owner.Find(key) == nullptr) {
    Model empty;
    empty.kind = Model::Kind::List;
    owner.Set(key, std::move(empty));
  }
  owner.Find(key)->list.push_back(std::move(item));
}

bool SamePath(const std::string& given, const std::string& wanted) {
  return given == wanted || given == wanted + "/" || given + "/" == wanted;
}

// Does the model already give the container that host path in that place?
bool Mounts(Model& pod, Model& container, const v1::MountPath& edit,
            const std::string& mount_path) {
  Model* const mounts = container.Find("volumeMounts");
  Model* const volumes = pod.Find("spec")->Find("volumes");
  if (mounts == nullptr || volumes == nullptr) return false;
  for (Model& mount : mounts->list) {
    Model* const path = mount.Find("mountPath");
    Model* const volume_name = mount.Find("name");
    if (path == nullptr || volume_name == nullptr || mount.Find("subPath") != nullptr) continue;
    Model* const read_only = mount.Find("readOnly");
    if ((read_only != nullptr && read_only->text == "true") != edit.read_only()) continue;
    if (!SamePath(path->text, mount_path)) continue;
    for (Model& volume : volumes->list) {
      Model* const name = volume.Find("name");
      Model* const host = volume.Find("hostPath");
      Model* const host_path = host == nullptr ? nullptr : host->Find("path");
      if (name != nullptr && host_path != nullptr && name->text == volume_name->text &&
          SamePath(host_path->text, edit.host_path())) {
        return true;
      }
    }
  }
  return false;
}

absl::Status CheckMount(Model intended, const Model& after, const std::string& name,
                        const v1::MountPath& edit) {
  Model* const container = ContainerOf(intended, name);
  if (container == nullptr) return Wrong("the container is gone");
  const std::string mount_path = edit.mount_path().empty() ? edit.host_path() : edit.mount_path();
  if (!Mounts(intended, *container, edit, mount_path)) {
    Model mount = MapOf({{"mountPath", mount_path}, {"name", edit.name()}});
    if (edit.read_only()) {
      Model yes;
      yes.kind = Model::Kind::Other;
      yes.text = "true";
      mount.Set("readOnly", yes);
    }
    Append(*container, "volumeMounts", mount);
    Model& spec = *intended.Find("spec");
    bool has_volume = false;
    if (Model* const volumes = spec.Find("volumes")) {
      for (Model& volume : volumes->list) {
        Model* const given = volume.Find("name");
        Model* const host = volume.Find("hostPath");
        Model* const path = host == nullptr ? nullptr : host->Find("path");
        has_volume = has_volume || (given != nullptr && given->text == edit.name() &&
                                    path != nullptr && SamePath(path->text, edit.host_path()));
      }
    }
    if (!has_volume) {
      Model volume = MapOf({{"name", edit.name()}});
      volume.Set("hostPath",
                 MapOf({{"path", edit.host_path()},
                        {"type", edit.type().empty() ? "DirectoryOrCreate" : edit.type()}}));
      Append(spec, "volumes", volume);
    }
  }
  if (!(intended == after)) return Wrong("the volumes or mounts would not be the intended ones");
  return absl::OkStatus();
}

}  // namespace

absl::Status VerifyEdit(const ManifestNode& before, const ManifestNode& after,
                        const std::string& manifest, const v1::Edit& edit) {
  const auto named = [&](const std::string& container) {
    return container.empty() ? manifest : container;
  };
  const Model old_model = ModelOf(before);
  const Model new_model = ModelOf(after);
  switch (edit.kind_case()) {
    case v1::Edit::kSetFlag:
      return CheckFlag(old_model, new_model, named(edit.set_flag().container()), manifest, edit,
                       edit.set_flag().flag());
    case v1::Edit::kUnsetFlag:
      return CheckFlag(old_model, new_model, named(edit.unset_flag().container()), manifest, edit,
                       edit.unset_flag().flag());
    case v1::Edit::kMergeListFlag:
      return CheckFlag(old_model, new_model, named(edit.merge_list_flag().container()), manifest,
                       edit, edit.merge_list_flag().flag());
    case v1::Edit::kMountPath:
      return CheckMount(old_model, new_model, named(edit.mount_path().container()),
                        edit.mount_path());
    case v1::Edit::kUnmountPath:
    case v1::Edit::kPutFile:
    case v1::Edit::kSetConfigKey:
    case v1::Edit::kUnsetConfigKey:
    case v1::Edit::kRemoveFile:
    case v1::Edit::kSetMode:
    case v1::Edit::kSetOwner:
    case v1::Edit::KIND_NOT_SET:
      break;
  }
  return Wrong("it is no edit of a manifest");
}

absl::Status VerifyBytes(std::string_view before, std::string_view after,
                         const std::vector<Splice>& splices) {
  std::map<size_t, const Splice*> by_place;
  for (const Splice& splice : splices) by_place[splice.begin] = &splice;
  size_t in_before = 0;
  size_t in_after = 0;
  for (const auto& [begin, splice] : by_place) {
    const std::string_view kept = before.substr(in_before, begin - in_before);
    if (after.substr(in_after, kept.size()) != kept ||
        after.substr(in_after + kept.size(), splice->text.size()) != splice->text) {
      return Wrong("bytes outside of it would change");
    }
    in_before = splice->end;
    in_after += kept.size() + splice->text.size();
  }
  if (after.substr(in_after) != before.substr(in_before)) {
    return Wrong("bytes outside of it would change");
  }
  return absl::OkStatus();
}

}  // namespace belay
