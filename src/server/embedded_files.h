// Files of this folder that are compiled into the program: CMakeLists.txt makes the source.
#pragma once

#include <string_view>

namespace merle {

extern const std::string_view kApiSchemas;  // api_schemas.json
extern const std::string_view kDocsPage;    // docs_page.html

}  // namespace merle
