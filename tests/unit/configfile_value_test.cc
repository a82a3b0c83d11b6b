// What texts, numbers and booleans become in a file (sections D, E and F of the edit cases), and
// what kubelet makes of plain scalars.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "node-agent/configfile/config_value.h"
#include "tests/unit/configfile_edits.h"

namespace belay {
namespace {

using Kind = ConfigValue::Kind;

std::string Typed(const std::string& plain) {
  const ConfigValue value = ResolvePlainScalar(plain);
  switch (value.kind) {
    case Kind::Null:
      return "null";
    case Kind::Bool:
      return "bool " + value.text;
    case Kind::Number:
      return "number " + value.text;
    case Kind::Text:
      return "text " + value.text;
    case Kind::List:
    case Kind::Map:
      break;
  }
  return "?";
}

TEST(ConfigValues, I11PlainScalarsAreReadAsGoYamlReadsThem) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "null"},
      {"~", "null"},
      {"null", "null"},
      {"NULL", "null"},
      {"nUll", "text nUll"},
      {"true", "bool true"},
      {"True", "bool true"},
      {"tRue", "text tRue"},
      {"y", "bool true"},
      {"Y", "bool true"},
      {"yes", "bool true"},
      {"on", "bool true"},
      {"ON", "bool true"},
      {"n", "bool false"},
      {"No", "bool false"},
      {"off", "bool false"},
      {"oFF", "text oFF"},
      {"0", "number 0"},
      {"-0", "number 0"},
      {"+7", "number 7"},
      {"010", "number 8"},
      {"0o17", "number 15"},
      {"0x1F", "number 31"},
      {"-0x10", "number -16"},
      {"0b101", "number 5"},
      {"089", "number 89"},
      {"1_000", "number 1000"},
      {"1_000.5", "number 1000.5"},
      {"18446744073709551615", "number 18446744073709551615"},
      {"-9223372036854775808", "number -9223372036854775808"},
      {"1.0", "number 1"},
      {"1e3", "number 1000"},
      {"1E-2", "number 0.01"},
      {".5", "number 0.5"},
      {"5.", "number 5"},
      {"-.5", "number -0.5"},
      {".", "text ."},
      {"..", "text .."},
      {"1e", "text 1e"},
      {"0x", "text 0x"},
      {"0xFFFFFFFFFFFFFFFFF", "text 0xFFFFFFFFFFFFFFFFF"},
      {".inf", "number .inf"},
      {".nan", "number .nan"},
      {"inf", "text inf"},
      {"1:30", "text 1:30"},
      {"2001-01-01", "text 2001-01-01"},
      {"10.96.0.10", "text 10.96.0.10"},
      {"5m0s", "text 5m0s"},
      {"100Mi", "text 100Mi"},
      {"15%", "text 15%"},
      {"1_", "number 1"},
      {"_1", "text _1"},
      {"-", "text -"},
      {"+", "text +"},
      {"--1", "text --1"},
      {"1e999", "text 1e999"}};
  for (const auto& [plain, wanted] : cases) EXPECT_EQ(Typed(plain), wanted) << plain;
}

TEST(ConfigValues, D4TextsThatReadAsSomethingElseAreQuoted) {
  for (const std::string text :
       {"true", "no",    "on",         "y",    "N", "~",  "null",  "1e3", "0x1F",
        "010",  "1_000", "2001-01-01", "1:30", "1", "-1", "1.5",   ".5",  ".inf",
        "",     "0o17",  "0b1",        "+1",   "=", "<<", "1.2.3", "0"}) {
    EXPECT_EQ(Edited("a: x\n", SetKeyEdit("a", "\"" + text + "\"")), "a: \"" + text + "\"\n");
    EXPECT_EQ(Edited("b: x\n", SetKeyEdit("a", "\"" + text + "\"")), "b: x\na: \"" + text + "\"\n");
    EXPECT_EQ(Edited("a: ['x']\n", SetKeyEdit("a[0]", "\"" + text + "\"")),
              "a: ['" + text + "']\n");
  }
}

TEST(ConfigValues, D4NumbersBooleansAndNullArePlain) {
  for (const std::string json : {"true", "false", "null", "0", "-1", "10250", "1.5", "0.01"}) {
    EXPECT_EQ(Edited("a: \"x\" # c\n", SetKeyEdit("a", json)), "a: " + json + " # c\n");
    EXPECT_EQ(Edited("{\"a\":\"x\"}", SetKeyEdit("a", json)), "{\"a\":" + json + "}");
  }
  EXPECT_EQ(Edited("a: x\n", SetKeyEdit("a", "1e3")), "a: 1000\n");
  EXPECT_EQ(Edited("a: x\n", SetKeyEdit("a", "1E+30")), "a: 1e+30\n");
  EXPECT_EQ(Edited("a: x\n", SetKeyEdit("a", "18446744073709551615")), "a: 18446744073709551615\n");
}

TEST(ConfigValues, D2TextsThatAreTextsEverywhereStayPlain) {
  for (const std::string text :
       {"Webhook", "/etc/kubernetes/pki/ca.crt", "cluster.local", "5m0s", "1h30m", "1.5s", "100Mi",
        "15%", "10.96.0.10", "10.0.0.0/8", "0.0.0.0:10249", "unix:///run/x.sock", "a b", "x:y",
        "RequestReceived", "system:masters", "kernel.msg*"}) {
    EXPECT_EQ(Edited("a: x\n", SetKeyEdit("a", "\"" + text + "\"")), "a: " + text + "\n");
  }
}

TEST(ConfigValues, D1TextsThatNeedQuotesGetThem) {
  for (const std::string text :
       {"a: b", "a #b", "*a", "&a", "!a",  "%a",  "@a",  "`a", "{a", "[a",  ">a", "|a",
        "a:",   " a",   "a ", "#a", "- a", "? a", ", a", "'a", "-",  "---", "..."}) {
    EXPECT_EQ(Edited("a: x\n", SetKeyEdit("a", "\"" + text + "\"")), "a: \"" + text + "\"\n");
  }
  EXPECT_EQ(Edited("a: x\n", SetKeyEdit("a", "\"q\\\"b\\\\\"")), "a: q\"b\\\n");
  EXPECT_EQ(Edited("a: x\n", SetKeyEdit("a", "\"\\\"q\\\\\"")), "a: \"\\\"q\\\\\"\n");
}

TEST(ConfigValues, D3InBracketsMoreTextsNeedQuotes) {
  EXPECT_EQ(Edited("a: [x, y]\n", SetKeyEdit("a[1]", "\"p,q\"")), "a: [x, \"p,q\"]\n");
  EXPECT_EQ(Edited("a: {b: x}\n", SetKeyEdit("a.b", "\"{p}\"")), "a: {b: \"{p}\"}\n");
  EXPECT_EQ(Edited("a: {b: x}\n", SetKeyEdit("a.b", "\"10.0.0.1:80\"")),
            "a: {b: \"10.0.0.1:80\"}\n");
  EXPECT_EQ(Edited("a: {b: x}\n", SetKeyEdit("a.b", "\"p:q\"")), "a: {b: \"p:q\"}\n");
}

TEST(ConfigValues, D5TheOldQuotesStay) {
  EXPECT_EQ(Edited("a: 'x'\n", SetKeyEdit("a", "\"it's\"")), "a: 'it''s'\n");
  EXPECT_EQ(Edited("a: \"x\"\n", SetKeyEdit("a", "\"p\\\"q\\\\\"")), "a: \"p\\\"q\\\\\"\n");
  EXPECT_EQ(Edited("a: 'x'\n", SetKeyEdit("a", "\"two\\nlines\"")), "a: \"two\\nlines\"\n");
}

TEST(ConfigValues, ControlCharactersAreEscaped) {
  EXPECT_EQ(Edited("a: x\n", SetKeyEdit("a", "\"\\u0001\\t\\r\\n\\u0085\\u2028\\ufeff\\u007f\"")),
            "a: \"\\u0001\\t\\r\\n\\u0085\\u2028\\ufeff\\u007f\"\n");
  EXPECT_EQ(Edited("{\"a\": 1}\n", SetKeyEdit("a", "\"\\u0001\\n\"")), "{\"a\": \"\\u0001\\n\"}\n");
}

TEST(ConfigValues, D6LettersOfAllLanguagesStay) {
  EXPECT_EQ(
      Edited("# 所有节点 \xF0\x9F\x98\x80\na: 值 # при\n", SetKeyEdit("a", "\"\xD0\xB4\xD0\xB0\"")),
      "# 所有节点 \xF0\x9F\x98\x80\na: \"\xD0\xB4\xD0\xB0\" # при\n");
  EXPECT_EQ(Edited("a: {值: 1, b: 2}\n", UnsetKeyEdit("a.值")), "a: {b: 2}\n");
}

TEST(ConfigValues, D7LongLinesAreNotFolded) {
  const std::string long_text(3000, 'x');
  EXPECT_EQ(Edited("a: " + long_text + "\nb: 1\n", SetKeyEdit("b", "\"" + long_text + "\"")),
            "a: " + long_text + "\nb: " + long_text + "\n");
}

TEST(ConfigValues, G3SatisfiedMeansEqualAsKubeletReadsIt) {
  for (const auto& [bytes, json] : std::vector<std::pair<std::string, std::string>>{
           {"a: no\n", "false"},
           {"a: 0x10\n", "16"},
           {"a: 1.0\n", "1"},
           {"a: \"5m0s\"\n", "\"5m0s\""},
           {"a:\n", "null"},
           {"a: {c: 1, b: [x, 'y']}\n", "{\"b\":[\"x\",\"y\"],\"c\":1}"},
           {"a:\n- x # c\n-   \"y\"\n", "[\"x\",\"y\"]"},
           {"a: |-\n  x\n  y\n", "\"x\\ny\""}}) {
    EXPECT_EQ(Edited(bytes, SetKeyEdit("a", json)), bytes);
  }
  EXPECT_EQ(Edited("a: \"false\"\n", SetKeyEdit("a", "false")), "a: false\n");
  EXPECT_EQ(Edited("a: [x, y]\n", SetKeyEdit("a", "[\"y\",\"x\"]")), "a: [\"y\", x]\n");
}

TEST(ConfigValues, ValuesOfEveryShapeAreReplaced) {
  const std::string block = "a: |\n  text\n  # no comment\nb: 1\n";
  EXPECT_EQ(Edited(block, SetKeyEdit("a", "\"x\"")), "a: x\nb: 1\n");
  EXPECT_EQ(Edited("a: one\n  two\nb: 1\n", SetKeyEdit("a", "2")), "a: 2\nb: 1\n");
  EXPECT_EQ(Edited("a:\n  \"x\" # c\nb: 1\n", SetKeyEdit("a", "2")), "a: 2\nb: 1\n");
  EXPECT_EQ(Edited("a:\n  b: 1\n  c: 2 # c\nd: 3\n", SetKeyEdit("a", "[]")), "a: []\nd: 3\n");
  EXPECT_EQ(Edited("a: x # c\nd: 3\n", SetKeyEdit("a", "{\"b\":[1]}")),
            "a: # c\n  b:\n  - 1\nd: 3\n");
  EXPECT_EQ(Edited("a:\n- x\n- y # c\n", SetKeyEdit("a", "{\"b\":1}")), "a:\n  b: 1 # c\n");
  EXPECT_EQ(Edited("a: null\n", SetKeyEdit("a", "\"\"")), "a: \"\"\n");
  EXPECT_EQ(Edited("a:", SetKeyEdit("a", "1")), "a: 1");
  EXPECT_EQ(Edited("a:", SetKeyEdit("a.b", "1")), "a:\n  b: 1");
  EXPECT_EQ(Edited("a:\n  b: 1", SetKeyEdit("a", "1")), "a: 1");
  EXPECT_EQ(Edited("a:\n-\n- x\n", SetKeyEdit("a[0]", "1")), "a:\n- 1\n- x\n");
  EXPECT_EQ(Edited("a:\n- # c\n- x\n", SetKeyEdit("a[0].b", "1")), "a:\n- b: 1 # c\n- x\n");
  EXPECT_EQ(Edited("a:\n- ~\n-\n", SetKeyEdit("a[2]", "{\"b\":1,\"c\":2}")),
            "a:\n- ~\n-\n- b: 1\n  c: 2\n");
  EXPECT_EQ(Edited("{}", SetKeyEdit("a.b", "1")), "{\"a\": {\"b\": 1}}");
}

TEST(ConfigValues, G2WhatIsEqualInTheOldAndTheNewValueStaysAsItIsWritten) {
  const std::string map = "a:\n  # one\n  b: 'x' # first\n  c: 2 # second\n  d:\n    - p # third\n";
  EXPECT_EQ(Edited(map, SetKeyEdit("a", "{\"b\":\"x\",\"c\":3,\"d\":[\"p\",\"q\"],\"e\":{}}")),
            "a:\n  # one\n  b: 'x' # first\n  c: 3 # second\n  d:\n    - p # third\n    - q\n"
            "  e: {}\n");
  EXPECT_EQ(Edited(map, SetKeyEdit("a", "{\"b\":\"x\"}")), "a:\n  # one\n  b: 'x' # first\n");
  const std::string list = "l:\n- A # a\n# of b\n- 'B'\n- C # c\n";
  EXPECT_EQ(Edited(list, SetKeyEdit("l", "[\"A\",\"C\"]")), "l:\n- A # a\n# of b\n- C # c\n");
  EXPECT_EQ(Edited(list, SetKeyEdit("l", "[\"A\",\"B\",\"X\",\"D\",\"C\"]")),
            "l:\n- A # a\n# of b\n- 'B'\n- 'X'\n- 'D'\n- C # c\n");
  EXPECT_EQ(Edited(list, SetKeyEdit("l", "[\"A\",\"B\",\"Z\"]")),
            "l:\n- A # a\n# of b\n- 'B'\n- Z # c\n");
  EXPECT_EQ(Edited("l: [A, \"B\", C]\n", SetKeyEdit("l", "[\"A\",\"C\",\"D\",\"E\"]")),
            "l: [A, \"C\", D, E]\n");
  EXPECT_EQ(Edited("l:\n- A\n- B # b\n", SetKeyEdit("l", "[\"A\",\"B\",\"B\"]")),
            "l:\n- A\n- B # b\n- B\n");
  EXPECT_EQ(Edited("l:\n- A\n- B", SetKeyEdit("l", "[\"A\"]")), "l:\n- A");
  EXPECT_EQ(Edited("l:\n- A\n- B\n- C", SetKeyEdit("l", "[\"A\"]")), "l:\n- A");
  EXPECT_EQ(Edited("l:\n- A\n- B", SetKeyEdit("l", "[\"Z\",\"A\",\"B\"]")), "l:\n- Z\n- A\n- B");
}

TEST(ConfigValues, E6ToE11WhatStandsAroundStays) {
  EXPECT_EQ(Edited("a: x  \nb: 1 \n", SetKeyEdit("a", "\"z\"")), "a: z  \nb: 1 \n");
  EXPECT_EQ(Edited("a:\n- x\n\n# c\n- y\n# behind\n\n\n", SetKeyEdit("a[2]", "\"z\"")),
            "a:\n- x\n\n# c\n- y\n- z\n# behind\n\n\n");
  EXPECT_EQ(Edited("a: 1\n# of b\nb: 2\n\n# of c\nc: 3\n", UnsetKeyEdit("b")),
            "a: 1\n# of b\n\n# of c\nc: 3\n");
  EXPECT_EQ(Edited("l:\n- a: 1 # c\n  # about b\n  b: 2\n", UnsetKeyEdit("l[0].a")),
            "l:\n-\n  # about b\n  b: 2\n");
}

TEST(ConfigValues, E4TheByteOrderMarkStays) {
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_EQ(Edited(mark + "a: 1\nb: 2\n", UnsetKeyEdit("a")), mark + "b: 2\n");
  EXPECT_EQ(Edited(mark + "a: 1\n", UnsetKeyEdit("a")), mark + "{}\n");
  EXPECT_EQ(Edited(mark + "a: 1\n", SetKeyEdit("b", "2")), mark + "a: 1\nb: 2\n");
  EXPECT_EQ(Edited(mark + "a:\n", SetKeyEdit("a.b", "[1]")), mark + "a:\n  b:\n  - 1\n");
}

TEST(ConfigValues, G5DashesStandAsElsewhereInTheFile) {
  EXPECT_EQ(Edited("a:\n  b:\n    - x\nc: 1\n", SetKeyEdit("d", "[\"p\"]")),
            "a:\n  b:\n    - x\nc: 1\nd:\n  - p\n");
  EXPECT_EQ(Edited("a: ['x']\nc: 1\n", SetKeyEdit("d", "[\"p\",\"q\"]")),
            "a: ['x']\nc: 1\nd: [p, q]\n");
}

TEST(ConfigValues, E12TheWidthOfTheDashIsCopied) {
  EXPECT_EQ(Edited("a:\n-   x\n", SetKeyEdit("a[1]", "{\"b\":1,\"c\":2}")),
            "a:\n-   x\n-   b: 1\n    c: 2\n");
}

TEST(ConfigValues, E14NothingIsWrittenBehindTheEndOfADocument) {
  EXPECT_EQ(Edited("a: 1\n...\n# end\n", SetKeyEdit("b", "2")), "a: 1\nb: 2\n...\n# end\n");
}

TEST(ConfigValues, F1AndF2BracketsOverOneOrMoreLines) {
  EXPECT_EQ(Edited("a: [ x,y ]\n", SetKeyEdit("a[2]", "\"z\"")), "a: [ x,y,z ]\n");
  EXPECT_EQ(Edited("a: [x, y]\n", SetKeyEdit("a", "[\"p\"]")), "a: [p]\n");
  EXPECT_EQ(Edited("a: {\n  b: 1, # one\n  c: 2 # two\n}\n", SetKeyEdit("a.d", "3")),
            "a: {\n  b: 1, # one\n  c: 2, # two\n  d: 3\n}\n");
  EXPECT_EQ(Edited("a: {\n  b: 1,\n  c: 2, # two\n}\n", SetKeyEdit("a.d", "3")),
            "a: {\n  b: 1,\n  c: 2, # two\n  d: 3,\n}\n");
  EXPECT_EQ(Edited("a: {\n  b: 1, # one\n  c: 2\n}\n", UnsetKeyEdit("a.b")), "a: {\n  c: 2\n}\n");
  EXPECT_EQ(Edited("{\"a\":\"x #y\",\"b\":\"x #y\"}", UnsetKeyEdit("b")), "{\"a\":\"x #y\"}");
  EXPECT_EQ(Edited("a: {b: 1, c: 2}\n", UnsetKeyEdit("a.c")), "a: {b: 1}\n");
  EXPECT_EQ(Edited("a: [{name: x}, {name: p, z: 1}]\n", UnsetKeyEdit("a[name=p].z")),
            "a: [{name: x}, {name: p}]\n");
}

TEST(ConfigValues, F3JsonStaysStrictJson) {
  const std::string tabs = "{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n";
  EXPECT_EQ(Edited(tabs, SetKeyEdit("a.c", "{\"d\":[]}")),
            "{\n\t\"a\": {\n\t\t\"b\": 1,\n\t\t\"c\": {\n\t\t\t\"d\": []\n\t\t}\n\t}\n}\n");
  EXPECT_EQ(Edited(tabs, UnsetKeyEdit("a.b")), "{\n\t\"a\": {}\n}\n");
  EXPECT_EQ(Edited("{\"a\":1}", SetKeyEdit("b", "\"x\"")), "{\"a\":1,\"b\":\"x\"}");
  EXPECT_EQ(Edited("{\"a\": [\n    1,\n    2\n  ]}", SetKeyEdit("a[2]", "3")),
            "{\"a\": [\n    1,\n    2,\n    3\n  ]}");
}

TEST(ConfigValues, SelectorsMatchNumbersToo) {
  EXPECT_EQ(Edited("l:\n- port: 80\n- port: 0x50f\n", SetKeyEdit("l[port=1295].x", "1")),
            "l:\n- port: 80\n- port: 0x50f\n  x: 1\n");
  EXPECT_EQ(Edited("l: []\n", SetKeyEdit("l[name=x].z", "1")), "l:\n- name: x\n  z: 1\n");
  EXPECT_EQ(Edited("l:\n- name: x\n", SetKeyEdit("l[name=x]", "{\"name\":\"x\",\"z\":2}")),
            "l:\n- name: x\n  z: 2\n");
}

TEST(ConfigValues, I8LargeFilesAreEdited) {
  std::string comments;
  for (int i = 0; i < 100000; ++i) comments += "# a comment\n";
  EXPECT_EQ(Edited(comments + "a: 1\n", SetKeyEdit("a", "2")), comments + "a: 2\n");
  const std::string long_line = "b: " + std::string(1 << 20, 'x') + "\n";
  EXPECT_EQ(Edited(long_line + "a: 1\n", SetKeyEdit("a", "2")), long_line + "a: 2\n");
  std::string json = "{\"k\":0";
  for (int i = 0; i < 20000; ++i) json += ",\"k" + std::to_string(i) + "\":{\"v\":[1]}";
  EXPECT_EQ(Edited(json + "}", SetKeyEdit("new", "true")), json + ",\"new\":true}");
}

}  // namespace
}  // namespace belay
