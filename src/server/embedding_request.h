// What requests for vectors have in common: their inputs, and the way from these to tokens.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json_reader.h"
#include "embedding/batcher.h"
#include "embedding/embedder.h"
#include "server/call.h"
#include "server/request_json.h"
#include "server/routes.h"
#include "server/service.h"
#include "tokenizers/tokenizer.h"

namespace merle {

// Texts, or ids of the model's own vocabulary.
struct Inputs {
  std::vector<std::string_view> texts;        // Borrowed from the body.
  std::optional<TokenizedTexts> tokens = {};  // Instead: taken as they are.
};

// What a field with inputs may hold.
struct InputRules {
  ErrorShape errors;
  std::size_t most;      // Inputs.
  std::size_t id_limit;  // Highest id + 1; 0: no ids, only texts.
  bool take_ids = true;  // False: ids are refused with the reason.
};

// Reads a string, a list of strings, a list of ids (one input), or a list of lists of ids. `field`
// names it in errors: "input", "inputs.sentences". Throws ApiError if it is something else, empty,
// or has an empty string.
Inputs ReadInputs(const JsonValue& value, std::string_view field, const InputRules& rules);

// That of a request for vectors of `embedder`, with ids.
InputRules RulesFor(const Call& call, const Service& service, const Embedder& embedder);

// A list of ids below `limit`. Throws ApiError.
std::vector<std::int32_t> ReadIds(const JsonValue& value, std::string_view field, std::size_t limit,
                                  ErrorShape errors);

// What a request says about texts that are too long, and the model's prompt.
struct TokenizeRules {
  PromptChoice prompt = {};
  bool cut;                       // `truncate`; else what is too long is an error.
  std::optional<Side> side = {};  // `truncation_direction`: where tokens are cut off.
};

// The fields `truncate`, `truncation_direction` and `prompt_name`, which must be of `embedder`'s.
TokenizeRules ReadTokenizeRules(const RequestJson& body, const Service& service,
                                const Embedder& embedder);

// The tokens that run for `inputs`, which `field` names. Counts them in the metrics, with the times
// of this stage and the one before. Throws ApiError for an input that is too long, and for too many
// tokens in all.
TokenizedTexts TokenizeInputs(Service& service, Call& call, const Embedder& embedder, Inputs inputs,
                              const TokenizeRules& rules, std::string_view field);

// Throws ApiError if a request of so many tokens is too large.
void CheckRequestTokens(const Service& service, ErrorShape errors, std::size_t tokens);

// That something is empty, as each API says it: "`inputs` cannot be empty".
[[noreturn]] void FailOnEmpty(std::string_view field, ErrorShape errors,
                              std::string_view detail = {});

// The header that tells of inputs that were cut; none of them: no header.
void AddTruncated(std::size_t cut_inputs, Reply& reply);

}  // namespace merle
