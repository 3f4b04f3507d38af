#include "embedding/prompts.h"

#include <map>
#include <optional>
#include <ranges>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/format.h"

namespace merle {
namespace {

std::string NamesOf(const std::map<std::string, std::string>& prompts) {
  return Join(std::views::keys(prompts), ", ");
}

}  // namespace

Prompts::Prompts(std::map<std::string, std::string> by_name,
                 std::optional<std::string> default_name)
    : by_name_(std::move(by_name)), default_name_(std::move(default_name)) {
  by_name_.try_emplace("query");
  by_name_.try_emplace("document");
  if (default_name_ && !by_name_.contains(*default_name_)) {
    throw Error(ErrorCode::kDataLoss, Format("the default prompt '{}' is not one of: {}",
                                             *default_name_, NamesOf(by_name_)));
  }
}

std::string_view Prompts::Choose(const PromptChoice& choice) const {
  if (choice.text) return *choice.text;
  const auto& name = choice.name ? choice.name : default_name_;
  if (!name) return {};
  const auto found = by_name_.find(*name);
  if (found == by_name_.end()) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("the model has no prompt '{}'; it has: {}", *name, NamesOf(by_name_)));
  }
  return found->second;
}

}  // namespace merle
