// Made by CMake from catalog/*.yaml; see CMakeLists.txt.
#pragma once
#include <vector>

#include "common/catalog/embedded.h"

namespace belay {

std::vector<EmbeddedCatalog> EmbeddedCatalogData();

}  // namespace belay
