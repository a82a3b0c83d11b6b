// What the manifest editor must refuse, with the line, instead of guessing.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "node-agent/manifest/edit.h"
#include "tests/unit/manifest_edits.h"

namespace belay {
namespace {

const std::string kHead =
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: kube-apiserver\nspec:\n  containers:\n";

struct Refused {
  std::string why;
  std::string bytes;
  std::string line;  // "" when the message names none
  v1::Edit edit = SetFlagEdit("profiling", "false");
};

std::string Container(const std::string& items) {
  return kHead + "  - name: kube-apiserver\n    command:\n" + items;
}

class Refusals : public testing::TestWithParam<Refused> {};

TEST_P(Refusals, NameTheLineAndChangeNothing) {
  const Refused& c = GetParam();
  SCOPED_TRACE(c.why);
  const auto outcome = ApplyEdits(c.bytes, "kube-apiserver", {c.edit});
  ASSERT_FALSE(outcome.ok()) << outcome->bytes.substr(0, 2000);
  EXPECT_TRUE(absl::IsFailedPrecondition(outcome.status()) ||
              absl::IsInvalidArgument(outcome.status()))
      << outcome.status();
  if (!c.line.empty()) {
    EXPECT_TRUE(absl::StrContains(outcome.status().message(), "line " + c.line + ":"))
        << outcome.status();
  }
  EXPECT_LT(outcome.status().message().size(), 800U);
}

std::string Deep(const std::string& open, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += open;
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Documents, Refusals,
    testing::Values(
        Refused{"I3 empty", "", ""}, Refused{"I3 only comments", "# nothing\n", ""},
        Refused{"I3 only a separator", "---\n", ""}, Refused{"I4 a list", "- a\n", "1"},
        Refused{"I4 a text", "kube-apiserver\n", "1"},
        Refused{"A18 several pods",
                Container("    - kube-apiserver\n") + "---\n" + Container("    - x\n"), "11"},
        Refused{"A19 kind List", "apiVersion: v1\nkind: List\nitems: []\n", "2"},
        Refused{"I1 does not parse", kHead + "  - name: {{ name }}\n", "7"},
        Refused{"I1 lost indentation", kHead + "  - name: a\n command: b\n", ""},
        Refused{"I2 template logic", Container("    - kube-apiserver\n    {% if x %}\n"), "10"},
        Refused{"I2 Go template logic", Container("    - kube-apiserver\n    - --v={{- .v }}\n"),
                "10"},
        Refused{"I5 anchor in use",
                Container("    - &a kube-apiserver\n    - &b --profiling=x\n    - *b\n"), "10"},
        Refused{"I5 alias", Container("    - kube-apiserver\n") + "  - name: x\n    command: *a\n",
                ""},
        Refused{"I6 merge key", Container("    - kube-apiserver\n") + "    <<: {a: b}\n", "10"},
        Refused{"I10 own tag on a list",
                kHead + "  - name: kube-apiserver\n    command: !x [kube-apiserver]\n", "8"},
        Refused{"I11 directive", "%YAML 1.1\n---\n" + Container("    - kube-apiserver\n"), "1"},
        Refused{"I7 deep flow", Deep("[", 100000), "1"},
        Refused{"I7 deep block", "a: " + Deep("- ", 100000), "1"},
        Refused{"I7 deep lists", Deep("- ", 100000), "1"},
        Refused{"I7 deep JSON", Deep("{\"a\":", 100000), "1"},
        Refused{"I9 NUL", Container("    - kube-apiserver\n") + std::string("#\0\n", 3), "10"},
        Refused{"I9 escape character", Container("    - kube-apiserver # \x1b\n"), "9"},
        Refused{"E5 not UTF-8", Container("    - kube-apiserver # \xFF\n"), "9"},
        Refused{"E5 overlong", Container("    - kube-apiserver # \xC0\x80\n"), "9"},
        Refused{"E5 UTF-16",
                std::string("\xFF\xFE"
                            "a\0",
                            4),
                "1"},
        Refused{"E3 lone carriage return", Container("    - kube-apiserver\r"), "9"},
        Refused{"I11 line separator", Container("    - kube-apiserver # \xE2\x80\xA8\n"), "9"},
        Refused{"E13 tab as indentation", Container("\t- kube-apiserver\n"), "9"},
        Refused{"above 16 MiB", std::string((size_t{16} << 20) + 1, '#'), "1"}),
    [](const auto& one) { return "case" + std::to_string(one.index); });

INSTANTIATE_TEST_SUITE_P(
    Places, Refusals,
    testing::Values(
        Refused{"A6 no such container", kHead + "  - name: other\n    command: [kube-apiserver]\n",
                "7"},
        Refused{"A6 two of that name",
                kHead + "  - name: kube-apiserver\n    command: [kube-apiserver]\n  - name: "
                        "kube-apiserver\n    command: [kube-apiserver]\n",
                "9"},
        Refused{"A7 only an init container",
                "kind: Pod\nspec:\n  initContainers:\n  - name: kube-apiserver\n    command: "
                "[kube-apiserver]\n  containers: []\n",
                "6"},
        Refused{"A12 neither command nor args, and a key that kubelet ignores",
                kHead + "  - name: kube-apiserver\n    image: x\n    cmd: [x]\n", "9"},
        Refused{"G6 key twice on the way",
                Container("    - kube-apiserver\n") + "    command:\n    - kube-apiserver\n", "10"},
        Refused{"G6 spec twice",
                Container("    - kube-apiserver\n") + "spec:\n  hostNetwork: true\n", "10"},
        Refused{"A17 an omitted item where flags begin",
                Container("    - kube-apiserver\n    - ~\n"), "10"},
        Refused{"A17 an omitted item behind a flag",
                Container("    - kube-apiserver\n    - --v\n    - ~\n"), "11"},
        Refused{"A15 sh -c",
                Container("    - /bin/sh\n    - -c\n    - kube-apiserver --v=$(cat x) 2>&1\n"),
                "9"},
        Refused{"A15 a shell that starts the program with the items behind it",
                Container("    - /bin/sh\n    - -c\n    - exec \"$0\" \"$@\"\n    - "
                          "kube-apiserver\n    - --v=1\n"),
                "9"},
        Refused{"A15 a script as only item", Container("    - kube-apiserver --v=1 2>&1\n"), "9"},
        Refused{"A14 unknown wrapper", Container("    - /wrapper\n    - --x\n    - /bin/program\n"),
                "9"},
        Refused{"A14 two candidates",
                Container("    - flock\n    - kube-apiserver\n    - --x\n    - kube-apiserver\n"),
                "12"},
        Refused{"A17 a block scalar is the flag",
                Container("    - kube-apiserver\n    - |-\n      --profiling=true\n"), "10"},
        Refused{"A16 a flag over several lines",
                Container("    - kube-apiserver\n    - --profiling=true\n      --v=1\n"), "10"},
        Refused{"B16 blank between flag and value",
                Container("    - kube-apiserver\n    - --profiling true\n"), "10"},
        Refused{"B2 a boolean's value as second item",
                Container("    - kube-apiserver\n    - --profiling\n    - \"true\"\n"), "11"},
        Refused{"B13 literal quotes in a list",
                Container("    - kube-apiserver\n    - --a=\"A,B\"\n"), "10",
                MergeEdit("a", {"C"})},
        Refused{"B3 merge into a bare flag",
                Container("    - kube-apiserver\n    - --a\n    - --b=1\n"), "10",
                MergeEdit("a", {"C"})},
        Refused{"a value with a newline", Container("    - kube-apiserver\n"), "",
                SetFlagEdit("v", "a\nb")},
        Refused{"a flag with dashes", Container("    - kube-apiserver\n"), "",
                SetFlagEdit("--v", "a")},
        Refused{"an element that is two", Container("    - kube-apiserver\n"), "",
                MergeEdit("v", {"a,b"})},
        Refused{"another manifest", Container("    - kube-apiserver\n"), "",
                SetFlagEdit("v", "1", "etcd")},
        Refused{"no kind of edit", Container("    - kube-apiserver\n"), "", v1::Edit()}),
    [](const auto& one) { return "case" + std::to_string(one.index); });

TEST(ManifestLimits, BigFilesAreEditedQuickly) {
  std::string bytes;
  for (int i = 0; i < 100000; ++i)
    bytes += "# a comment line that is there to make the file long\n";
  bytes +=
      Container("    - kube-apiserver\n    - --v=1\n    - --x=" + std::string(1000000, 'a') + "\n");
  const auto outcome = ApplyEdits(bytes, "kube-apiserver", {SetFlagEdit("v", "2")});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->bytes.size(), bytes.size());
}

}  // namespace
}  // namespace belay
