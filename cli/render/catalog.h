// `belayctl catalog show`.  Pure.
#pragma once
#include <string>

#include "common/catalog/catalog.h"

namespace belay {

std::string RenderCatalog(const Catalog& catalog, bool wide);
std::string RenderControl(const Catalog& catalog, const Control& control);

}  // namespace belay
