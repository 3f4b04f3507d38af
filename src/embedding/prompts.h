// Prompts: texts that a model wants before its input ("query: "), by name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace merle {

// Which prompt a call asks for. Both empty: the model's default.
struct PromptChoice {
  std::optional<std::string> text = {};  // This text itself; wins over `name`.
  std::optional<std::string> name = {};  // A name from the model's table.
};

// The prompts of a model, from config_sentence_transformers.json. Immutable.
class Prompts {
 public:
  // "query" and "document" are always there, empty unless given.
  // Throws kDataLoss if default_name is given and not in the table.
  explicit Prompts(std::map<std::string, std::string> by_name = {},
                   std::optional<std::string> default_name = std::nullopt);

  // The text to put before each input; empty for none. Borrowed from this table or from `choice`.
  // Throws kInvalidArgument for a text that is not UTF-8, and for an unknown name; lists the known.
  std::string_view Choose(const PromptChoice& choice) const;

  const std::map<std::string, std::string>& by_name() const { return by_name_; }
  const std::optional<std::string>& default_name() const { return default_name_; }

 private:
  std::map<std::string, std::string> by_name_;
  std::optional<std::string> default_name_;
};

}  // namespace merle
