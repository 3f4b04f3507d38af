// The API's document: OpenAPI 3.1, made from the table of routes.
#pragma once

#include <string>

namespace merle {

struct Call;
class Service;

// What this server takes and gives, with its own models and limits. Where one model is all that it
// serves, that is loaded, and its vocabulary, prompts and dimensions are told too. Throws what
// Service::Model throws.
std::string OpenApiText(Service& service, const Call& call);

}  // namespace merle
