#include "embedding/prompts.h"

#include <cstddef>
#include <map>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace merle {
namespace {

std::string NamesOf(const std::map<std::string, std::string>& prompts) {
  constexpr std::size_t kMostShown = 16;
  std::vector<std::string> names;
  for (const std::string& name : std::views::keys(prompts) | std::views::take(kMostShown)) {
    names.push_back(Quoted(name));
  }
  if (prompts.size() > kMostShown) names.emplace_back("…");
  return Join(names, ", ");
}

}  // namespace

Prompts::Prompts(std::map<std::string, std::string> by_name,
                 std::optional<std::string> default_name)
    : by_name_(std::move(by_name)), default_name_(std::move(default_name)) {
  by_name_.try_emplace("query");
  by_name_.try_emplace("document");
  if (default_name_ && !by_name_.contains(*default_name_)) {
    throw Error(ErrorCode::kDataLoss, Format("the default prompt {} is not one of: {}",
                                             Quoted(*default_name_), NamesOf(by_name_)));
  }
}

std::string_view Prompts::Choose(const PromptChoice& choice) const {
  if (choice.text) {
    CheckUtf8(*choice.text, "the prompt");
    return *choice.text;
  }
  const auto& name = choice.name ? choice.name : default_name_;
  if (!name) return {};
  const auto found = by_name_.find(*name);
  if (found == by_name_.end()) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("the model has no prompt {}; it has: {}", Quoted(*name), NamesOf(by_name_)));
  }
  return found->second;
}

}  // namespace merle
