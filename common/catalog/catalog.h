// A catalog: what a benchmark asks of a node, as typed checks.  Values only; read_catalog.h makes
// them of YAML, docs/catalog.md describes them, and whoever evaluates knows nothing of YAML.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belay/v1/plan.pb.h"

namespace belay {

struct KubernetesMinor {
  int major = 1;
  int minor = 0;
  auto operator<=>(const KubernetesMinor&) const = default;
};

// Both ends belong to it; an end that is not given is open.
struct VersionRange {
  std::optional<KubernetesMinor> from;
  std::optional<KubernetesMinor> until;
  bool Contains(const KubernetesMinor& version) const;
  bool operator==(const VersionRange&) const = default;
};

// "1.32", "v1.32.4", "1.32.0-rc.1"; nothing for anything else.
std::optional<KubernetesMinor> ParseKubernetesMinor(std::string_view text);
std::string KubernetesMinorText(const KubernetesMinor& version);

// What one effective value must be.
struct ValueTest {
  enum class Kind {
    Present,
    Absent,
    Equals,  // values[0]; true and false in any case
    NotEquals,
    OneOf,
    Contains,         // values[0] is an item of the list
    Lacks,            // values[0] is none
    OnlyFrom,         // every item is one of values, and there is one
    AtLeast,          // number
    DurationAtLeast,  // milliseconds in number
    HostOneOf,        // the host of "HOST:PORT" or "HOST"
  };
  Kind kind = Kind::Present;
  std::vector<std::string> values;
  std::int64_t number = 0;
  bool operator==(const ValueTest&) const = default;
};

// The value that a component takes where it is given none.
struct DefaultValue {
  std::string value;
  VersionRange versions;
  bool operator==(const DefaultValue&) const = default;
};

// A flag of a component, or a key of its configuration file, or both: a flag beats the file.
struct SettingCheck {
  std::string component;
  std::string flag;         // without dashes; empty: only the file says it
  std::string environment;  // a variable that gives the flag where it is not on the command line
  std::string key;          // "authentication.anonymous.enabled"; empty: only the flag says it
  std::string entry;        // of a value that is a map: "RotateKubeletServerCertificate"
  bool flag_ignored_with_file = false;  // by this component, once it is given --config
  bool zero_is_unset = false;           // in the file: 0 and 0s stand for the default
  ValueTest test;
  std::vector<DefaultValue> defaults;               // empty: it has none
  std::vector<DefaultValue> defaults_without_file;  // where --config is not given; empty: the same
  bool operator==(const SettingCheck&) const = default;
};

// Files by where they are; `paths` are on the node.
struct FileCheck {
  enum class Missing { Error, Fail, NotApplicable };  // when there is none of them
  std::string manifest;                               // of this static pod, where the node has it
  std::string component, flag, key;  // what this setting of the component names, before `paths`
  bool first_only = false;           // of `paths`, the first that is there
  std::vector<std::string> paths;
  std::vector<std::string> below;  // everything in and below these directories
  std::vector<std::string> names;  // of `below` only such names: "*.crt", "exact"
  bool directories = false;        // `below`: directories too; `paths`: it is a directory
  std::optional<std::uint32_t> mode_at_most;
  std::string owner;  // "root:root"
  Missing missing = Missing::Error;
  bool operator==(const FileCheck&) const = default;
};

// A file that a flag names.
struct NamedFileCheck {
  enum class Rule {
    Exists,
    ValidKind,            // decodes, and has this kind
    StrongFirstProvider,  // EncryptionConfiguration: first provider for secrets is one of `values`
    AuditRules,           // Policy with at least one rule
    EventRateLimits,      // AdmissionConfiguration with a limit of EventRateLimit
    NoOpenAnonymous,      // AuthenticationConfiguration: anonymous off, or only on some paths
    Authorizers,          // AuthorizationConfiguration: has the type values[0]
    NoAuthorizer,         // the same: has it not
    DiffersFrom,          // holds other bytes than the file that flag values[1] of values[0] names
  };
  std::string component;
  std::string flag;
  std::string key;  // as in SettingCheck; one of the two may be empty
  std::string kind;
  Rule rule = Rule::Exists;
  std::vector<std::string> values;
  bool operator==(const NamedFileCheck&) const = default;
};

struct Check {
  enum class Kind { None, Setting, File, NamedFile, All, Any };
  Kind kind = Kind::None;
  SettingCheck setting;
  FileCheck file;
  NamedFileCheck named;
  std::vector<Check> children;  // of All and Any
};

struct Applicability {
  std::string component;  // must be on the node: a manifest or a process
  VersionRange versions;
};

struct Remediation {
  std::vector<v1::Edit> edits;
  bool files_as_checked = false;  // give each file that fails the mode or owner of the check
  std::string manual;             // what a person should look at, where neither of the above
};

enum class Risk { Low, Medium, High };  // of the fix, to what runs on the cluster

struct Control {
  std::string id;
  std::string section;  // "1.2"
  std::uint32_t level = 1;
  bool automated = false;
  std::string component;
  std::string title;
  std::string why;
  Risk risk = Risk::Low;
  std::string risk_note;
  Check check;
  Applicability when;
  Remediation fix;
};

struct CatalogSection {
  std::string id;
  std::string title;
};

struct Catalog {
  std::string name;
  std::string title;
  std::string extends;
  VersionRange kubernetes;
  std::vector<CatalogSection> sections;
  std::vector<Control> controls;     // sorted by number
  std::vector<std::string> without;  // of the extended one
};

const Control* FindControl(const Catalog& catalog, std::string_view id);

// "1.2.10" behind "1.2.9".
bool ControlIdLess(std::string_view a, std::string_view b);

// The components that a catalog may speak of.
const std::vector<std::string>& CatalogComponents();

}  // namespace belay
