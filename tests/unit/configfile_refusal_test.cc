// What the config editor refuses (sections G, E and I of the edit cases), with the line and a word
// of what to do.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/configfile_edits.h"

namespace belay {
namespace {

// The reason alone.
std::string Refused(const std::string& bytes, const v1::Edit& edit) {
  const auto outcome = ApplyConfigEdits(bytes, {edit});
  if (outcome.ok()) return "edited: " + outcome->bytes;
  const std::string message(outcome.status().message());
  EXPECT_EQ(outcome.status().code(), message.find(": line ") == std::string::npos
                                         ? absl::StatusCode::kInvalidArgument
                                         : absl::StatusCode::kFailedPrecondition)
      << message;
  const std::string unchanged = "it is unchanged: ";
  const size_t at = message.find(unchanged);
  EXPECT_NE(at, std::string::npos) << message;
  return message.substr(at + unchanged.size());
}
bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct RefusedCase {
  std::string name;
  std::string bytes;
  v1::Edit edit;
  std::string reason;
};

void CheckAll(const std::vector<RefusedCase>& cases) {
  for (const RefusedCase& c : cases) {
    const std::string reason = Refused(c.bytes, c.edit);
    EXPECT_PRED2(Has, reason, c.reason) << c.name;
  }
}

TEST(ConfigRefusals, TheMessageNamesFileEditLineAndWhatToDo) {
  v1::Edit edit = SetKeyEdit("a.b", "1");
  edit.mutable_set_config_key()->set_file("/var/lib/kubelet/config.yaml");
  const auto outcome = ApplyConfigEdits("# c\na: x\n", {edit});
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.status().message(),
            "cannot edit /var/lib/kubelet/config.yaml (setConfigKey a.b), it is unchanged: line 2: "
            "'a' is not a map, which the path expects there; change it by hand first");
}

TEST(ConfigRefusals, PathsThatDoNotFitTheFile) {
  CheckAll({
      {"text for map", "a: x\n", SetKeyEdit("a.b", "1"), "line 1: 'a' is not a map"},
      {"list for map", "a: [x]\n", SetKeyEdit("a.b", "1"), "line 1: 'a' is not a map"},
      {"[] for map", "a: []\n", SetKeyEdit("a.b", "1"), "line 1: 'a' is not a map"},
      {"map for list", "x: 1\na: {}\n", SetKeyEdit("a[0]", "1"), "line 2: 'a' is not a list"},
      {"unset below a text", "a: x\n", UnsetKeyEdit("a.b"), "line 1: 'a' is not a map"},
      {"index too high", "a:\n- x\n", SetKeyEdit("a[2]", "1"), "line 2: 'a' has only 1 items"},
      {"index of a new list", "b: 1\n", SetKeyEdit("a[1]", "1"), "begin with [0] or set the whole"},
      {"two items match", "a:\n- k: x\n- k: x\n", SetKeyEdit("a[k=x].b", "1"),
       "line 3: a second item has k 'x' (the first is in line 2); use an index"},
      {"a key that is a boolean", "a:\n  on: 1\n", SetKeyEdit("a.\"on\"", "2"),
       "line 2: kubelet reads on as true; put it in quotes first"},
      {"a name that is a number", "a:\n- k: 010\n", SetKeyEdit("a[k=010].b", "2"),
       "line 2: kubelet reads 010 as 8; put it in quotes first"},
  });
}

TEST(ConfigRefusals, EditsThatWouldNotBeTheSameTwice) {
  CheckAll({
      {"unset by index", "a: [1, 2]\n", UnsetKeyEdit("a[0]"), "select it by a key ([name=x])"},
      {"set of the selecting key", "a: [{n: x}]\n", SetKeyEdit("a[n=x].n", "\"y\""),
       "the edit would change 'n', by which its path selects the item"},
      {"set of the item without it", "a: [{n: x}]\n", SetKeyEdit("a[n=x]", "{\"m\":1}"),
       "the value must be a map with n: x"},
      {"selector and index", "a: [{n: x}]\n", SetKeyEdit("a[n=x][0]", "1"),
       "behind a selector the path must go on with a key"},
      {"kind of the chosen document", "kind: K\n", SetKeyEdit("kind", "\"L\"", "K"),
       "the edit would change 'kind'"},
      {"unset kind", "kind: K\n", UnsetKeyEdit("kind", "K"), "the edit would change 'kind'"},
  });
}

TEST(ConfigRefusals, ValuesThatAreNotOneJsonValue) {
  for (const std::string json :
       {"", "{", "[1,]", "{\"a\":1,}", "nul", "01", "1.", "+1", "'a'", "\"a", "\"\n\"", "1 2",
        "NaN", "1e999", "\"\\ud800\"", "\"\\x\"", "\"\xff\"", "{a:1}", "tru"}) {
    EXPECT_PRED2(Has, Refused("a: 1\n", SetKeyEdit("a", json)), "not JSON") << json;
  }
  EXPECT_PRED2(Has, Refused("a: 1\n", SetKeyEdit("a", "{\"x\":1,\"x\":2}")), "the key 'x' twice");
  EXPECT_PRED2(Has, Refused("a: 1\n", SetKeyEdit("a", "{\"\":1}")), "an empty key");
  EXPECT_PRED2(Has, Refused("a: 1\n", SetKeyEdit("a", "\"\\u0000\"")), "NUL");
  EXPECT_PRED2(Has,
               Refused("a: 1\n", SetKeyEdit("a", std::string(200, '[') + std::string(200, ']'))),
               "nested too deeply");
}

TEST(ConfigRefusals, G6KeysGivenTwiceOnThePath) {
  CheckAll({
      {"the key", "a: 1\na: 2\n", SetKeyEdit("a", "3"), "line 2: the key 'a' stands here a second"},
      {"a parent", "a:\n  b: 1\na:\n  c: 1\n", SetKeyEdit("a.b", "3"), "line 3: the key 'a'"},
      {"as kubelet names them", "on: 1\n\"true\": 2\n", SetKeyEdit("\"true\"", "3"),
       "line 2: the key 'true'"},
      {"kind", "kind: A\nkind: B\n", SetKeyEdit("a", "1"), "line 2: the key 'kind'"},
      {"the selecting key", "l:\n- k: x\n  k: z\n", SetKeyEdit("l[k=z].a", "1"), "line 3: the key"},
  });
}

TEST(ConfigRefusals, G7DocumentsThatAreNotClearlyMeant) {
  const std::string two = "kind: A\na: 1\n---\nkind: B\n";
  CheckAll({
      {"none said", two, SetKeyEdit("a", "2"),
       "line 4: the file holds several documents; say which by its kind (A in line 1, B in line "
       "4)"},
      {"not there", two, SetKeyEdit("a", "2", "C"),
       "line 1: the file holds no document of kind 'C'; it holds A in line 1, B in line 4"},
      {"twice there", "kind: A\n---\nkind: A\n", SetKeyEdit("a", "2", "A"),
       "line 3: the file holds several documents of kind 'A'; keep one of them"},
      {"another kind", "kind: A\n", SetKeyEdit("a", "2", "B"), "no document of kind 'B'"},
      {"text behind ---", "kind: A\n--- x\n", SetKeyEdit("a", "1"),
       "line 2: something stands behind"},
      {"text behind ...", "kind: A\n...\nb: 1\n", SetKeyEdit("a", "1"), "line 3: something stands"},
  });
}

TEST(ConfigRefusals, E3ToE13BytesThatAreReadDifferently) {
  CheckAll({
      {"E3 lone CR", "a: 1\rb: 2\n", SetKeyEdit("a", "2"), "line 1: a carriage return"},
      {"E5 UTF-16",
       std::string("\xFF\xFE"
                   "a\0",
                   4),
       SetKeyEdit("a", "2"), "UTF-16"},
      {"E5 not UTF-8", "a: 1\nb: \xff\n", SetKeyEdit("a", "2"), "line 2: the bytes are not UTF-8"},
      {"E13 tab", "a:\n\tb: 1\n", SetKeyEdit("a.b", "2"), "line 2: "},
      {"I9 NUL", std::string("a: \0\n", 5), SetKeyEdit("a", "2"),
       "line 1: the file holds a control"},
      {"I9 control", "a: 1\nb: \x01\n", SetKeyEdit("a", "2"), "line 2: the file holds a control"},
  });
}

TEST(ConfigRefusals, I1ToI10FilesThatCannotBeEditedWithCertainty) {
  CheckAll({
      {"I1 broken", "a: 1\n b: 2\n", SetKeyEdit("a", "2"), "line 2: "},
      {"I1 unclosed", "a: [1\nb: 2\n", SetKeyEdit("a", "2"), "line "},
      {"I2 template", "a: 1\n{% if x %}\nb: 2\n{% endif %}\n", SetKeyEdit("a", "2"),
       "line 2: the file is a template"},
      {"I2 value of a template", "a: 1\nb: {{ x }}\n", SetKeyEdit("a", "2"), "line 2: "},
      {"I3 empty", "", SetKeyEdit("a", "2"), "line 1: the file holds nothing"},
      {"I3 comments", "# a: 1\n\n", SetKeyEdit("a", "2"), "line 1: the file holds nothing"},
      {"I3 markers", "---\n", SetKeyEdit("a", "2"), "line 1: the file holds nothing"},
      {"I4 list", "- a\n", SetKeyEdit("a", "2"), "line 1: the document is not a map"},
      {"I4 text", "# c\nabc\n", SetKeyEdit("a", "2"), "line 2: the document is not a map"},
      {"I5 alias", "a: &x {b: 1}\nc: *x\n", SetKeyEdit("c.b", "2"), "line "},
      {"I6 merge", "a: &x {b: 1}\nc:\n  <<: *x\n", SetKeyEdit("c.b", "2"), "line "},
      {"I6 merge key", "c:\n  <<: {b: 1}\n", SetKeyEdit("c.b", "2"), "line 2: "},
      {"I7 deep", "a: " + std::string(9000, '['), SetKeyEdit("a", "2"), "nested too deeply"},
      {"I10 tag", "a: !!str 1\n", SetKeyEdit("a", "2"), "line 1: "},
      {"I11 directive", "%YAML 1.1\n---\na: 1\n", SetKeyEdit("a", "2"), "line 1: "},
  });
}

TEST(ConfigRefusals, FormsWhoseEndIsDoubtful) {
  CheckAll({
      {"? key", "? a\n: 1\nb: 2\n", SetKeyEdit("a", "2"), "line 1: "},
      {"comment in braces", "a: {\n  b: 1, # one\n  c: 2 }\n", UnsetKeyEdit("a.c"),
       "line 3: a comment stands beside it"},
      {"comment line in braces", "a: {\n  b: 1,\n  # two\n  c: 2 }\n", UnsetKeyEdit("a.b"),
       "line 2: a comment stands beside it"},
      {"block text at the end", "a: |\n  x", SetKeyEdit("b", "1"), "something else would change"},
  });
}

TEST(ConfigRefusals, OnlyEditsOfKeysAreTaken) {
  v1::Edit other;
  other.mutable_set_flag()->set_flag("x");
  EXPECT_EQ(ApplyConfigEdits("a: 1\n", {other}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ApplyConfigEdits("a: 1\n", {v1::Edit()}).status().code(),
            absl::StatusCode::kInvalidArgument);
  v1::Edit no_path = SetKeyEdit("a", "1");
  no_path.mutable_set_config_key()->clear_path();
  EXPECT_EQ(ApplyConfigEdits("a: 1\n", {no_path}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ConfigRefusals, OneRefusedEditOfSeveralRefusesAll) {
  const auto outcome = ApplyConfigEdits("a: 1\n", {SetKeyEdit("b", "1"), SetKeyEdit("a.c", "1")});
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace belay
