// What a control asks, in words for people.  Pure.
#pragma once
#include <string>

#include "common/catalog/catalog.h"

namespace belay {

// "is 'false'", "has the item 'RBAC'": behind the name of a setting.
std::string DescribeTest(const ValueTest& test);
// "--profiling of kube-apiserver is 'false'"; several lines for all and any.
std::string DescribeCheck(const Check& check);
std::string OctalMode(std::uint32_t mode);  // "0600"
std::string SettingName(const std::string& flag, const std::string& key);
const char* RiskWord(Risk risk);

}  // namespace belay
