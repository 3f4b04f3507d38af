#include "server/embedding_request.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "embedding/embedder.h"
#include "embedding/tokenized_texts.h"
#include "server/call.h"
#include "server/http_error.h"
#include "server/message.h"
#include "server/metrics.h"
#include "server/request_json.h"
#include "server/routes.h"
#include "server/service.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

// What is wrong with an input, in OpenAI's words first where the API is OpenAI's.
[[noreturn]] void FailOnInput(std::string_view field, ErrorShape errors, std::string_view detail) {
  const std::string base(field.substr(0, field.find('[')));
  if (errors != ErrorShape::kOpenAi) throw ApiError(400, detail, base);
  throw ApiError(400,
                 Format("'$.{}' is invalid. Please check the API reference: "
                        "https://platform.openai.com/docs/api-reference. {}",
                        base, detail),
                 base);
}

void CheckCount(std::size_t count, std::string_view field, const InputRules& rules) {
  if (count == 0) FailOnEmpty(field, rules.errors, Format("{} is an empty list.", field));
  if (count <= rules.most) return;
  FailOnInput(field, rules.errors,
              rules.errors == ErrorShape::kOpenAi
                  ? Format("It has {} inputs, one request may have {}.", count, rules.most)
                  : Format("batch size {} > maximum allowed batch size {}", count, rules.most));
}

// Without a copy of all: there may be millions.
JsonValue FirstOf(const JsonValue& array) {
  std::optional<JsonValue> first;
  array.ForEachElement([&](const JsonValue& element) {
    if (!first) first = element;
  });
  return *first;
}

std::string_view ReadText(const JsonValue& value, std::string_view field, ErrorShape errors) {
  if (!value.IsString()) {
    FailOnInput(field, errors,
                Format("{} is {}, but a string is wanted.", field, JsonTypeName(value)));
  }
  const std::string_view text = value.AsString();
  if (text.empty()) FailOnEmpty(field, errors, Format("{} is an empty string.", field));
  return text;
}

// Clients made for OpenAI's models send ids of another vocabulary, which look just like ours.
void CheckTakesIds(std::string_view field, const InputRules& rules) {
  if (rules.id_limit == 0) {
    FailOnInput(field, rules.errors, Format("{} must be a string or a list of strings.", field));
  }
  if (rules.take_ids) return;
  FailOnInput(
      field, rules.errors,
      Format("{} has token ids, which this server does not take: send texts. With LangChain "
             "write OpenAIEmbeddings(check_embedding_ctx_length=False).",
             field));
}

void AppendIds(const JsonValue& value, std::string_view field, const InputRules& rules,
               TokenizedTexts& tokens) {
  const auto ids = ReadIds(value, field, rules.id_limit, rules.errors);
  tokens.ids.insert(tokens.ids.end(), ids.begin(), ids.end());
  tokens.starts.push_back(tokens.ids.size());
}

// Which input has more tokens than the model takes, and how many. An error is being made, so the
// time that this takes does not count.
[[noreturn]] void FailOnLong(const Embedder& embedder, const Inputs& inputs,
                             const TokenizeRules& rules, std::string_view field,
                             ErrorShape errors) {
  const std::size_t most = embedder.max_tokens();
  const std::string_view prompt = embedder.prompts().Choose(rules.prompt);
  const std::size_t count = inputs.tokens ? inputs.tokens->size() : inputs.texts.size();
  std::size_t index = 0, tokens = 0;
  for (; index < count; ++index) {
    if (inputs.tokens) {
      tokens = inputs.tokens->Tokens(index, index + 1);
    } else {
      std::vector<std::int32_t> ids;
      embedder.tokenizer().EncodeIds(std::string(prompt).append(inputs.texts[index]), {}, ids);
      tokens = ids.size();
    }
    if (tokens > most) break;
  }
  if (errors != ErrorShape::kOpenAi) {
    throw ApiError(400,
                   Format("Input validation error: `{}` must have less than {} tokens. Given: {}",
                          field, most + 1, tokens),
                   std::string(field));
  }
  throw ApiError(
      400,
      Format("This model's maximum context length is {0} tokens, however you requested {1} "
             "tokens ({1} in your prompt; 0 for the completion). Please reduce your "
             "prompt; or completion length. It is input {2} of {3}; with \"truncate\": "
             "true its first {0} tokens count.",
             most, tokens, index + 1, count),
      std::string(field), "context_length_exceeded");
}

// Ids that are too long lose what is over, at their end or at the other.
TokenizedTexts CutIds(const TokenizedTexts& texts, std::size_t most, Side side) {
  TokenizedTexts cut;
  cut.starts.push_back(0);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto begin = texts.ids.begin() + static_cast<std::ptrdiff_t>(texts.starts[i]);
    auto end = texts.ids.begin() + static_cast<std::ptrdiff_t>(texts.starts[i + 1]);
    const auto over = std::max<std::ptrdiff_t>(0, end - begin - static_cast<std::ptrdiff_t>(most));
    cut.cut_texts += over > 0 ? 1 : 0;
    (side == Side::kLeft ? begin : end) += side == Side::kLeft ? over : -over;
    cut.ids.insert(cut.ids.end(), begin, end);
    cut.starts.push_back(cut.ids.size());
  }
  return cut;
}

// Replaces the tokens of `texts` by those that stay when they are cut at `side`.
void CutTextsAt(Side side, const Embedder& embedder, const Inputs& inputs,
                const TokenizeRules& rules, TokenizedTexts& texts) {
  const std::string_view prompt = embedder.prompts().Choose(rules.prompt);
  texts.ids.clear();
  texts.starts.assign(1, 0);
  for (const std::string_view text : inputs.texts) {
    embedder.tokenizer().EncodeIds(std::string(prompt).append(text),
                                   {.max_length = embedder.max_tokens(), .truncation_side = side},
                                   texts.ids, true);
    texts.starts.push_back(texts.ids.size());
  }
}

}  // namespace

void FailOnEmpty(std::string_view field, ErrorShape errors, std::string_view detail) {
  if (errors == ErrorShape::kOpenAi) FailOnInput(field, errors, detail);
  const std::string base(field.substr(0, field.find('[')));
  throw ApiError(400, Format("`{}` cannot be empty", base), base, {}, "Empty");
}

std::vector<std::int32_t> ReadIds(const JsonValue& value, std::string_view field, std::size_t limit,
                                  ErrorShape errors) {
  if (!value.IsArray()) {
    FailOnInput(field, errors,
                Format("{} is {}, but a list of ids is wanted.", field, JsonTypeName(value)));
  }
  std::vector<std::int32_t> ids;
  value.ForEachElement([&](const JsonValue& element) {
    const auto fail = [&](std::string_view problem) {
      FailOnInput(field, errors,
                  Format("{}[{}] {}. Ids are those of this model's own vocabulary, 0 to {}; with "
                         "LangChain, which sends others, write "
                         "OpenAIEmbeddings(check_embedding_ctx_length=False).",
                         field, ids.size(), problem, limit - 1));
    };
    const auto id = WholeNumber(element);
    if (!id) fail(Format("is {}, but an id is wanted", JsonTypeName(element)));
    if (*id < 0 || *id >= static_cast<std::int64_t>(limit)) fail(Format("is {}", *id));
    ids.push_back(static_cast<std::int32_t>(*id));
  });
  if (ids.empty()) FailOnEmpty(field, errors, Format("{} is an empty list.", field));
  return ids;
}

Inputs ReadInputs(const JsonValue& value, std::string_view field, const InputRules& rules) {
  Inputs inputs;
  if (value.IsString()) {
    inputs.texts.push_back(ReadText(value, field, rules.errors));
    return inputs;
  }
  if (!value.IsArray()) {
    FailOnInput(field, rules.errors,
                Format("{} is {}, but a string or a list is wanted.", field, JsonTypeName(value)));
  }
  const std::size_t count = value.Size();
  if (count == 0) CheckCount(count, field, rules);
  const JsonValue first = FirstOf(value);
  if (first.IsNumber() && rules.id_limit != 0) {
    CheckTakesIds(field, rules);
    AppendIds(value, field, rules, inputs.tokens.emplace(TokenizedTexts{.ids = {}, .starts = {0}}));
    return inputs;
  }
  CheckCount(count, field, rules);
  const bool ids = first.IsArray();
  if (ids) {
    CheckTakesIds(field, rules);
    inputs.tokens.emplace(TokenizedTexts{.ids = {}, .starts = {0}});
  }
  std::size_t index = 0;
  value.ForEachElement([&](const JsonValue& element) {
    const std::string name = Format("{}[{}]", field, index++);
    if (ids) {
      AppendIds(element, name, rules, *inputs.tokens);
    } else {
      inputs.texts.push_back(ReadText(element, name, rules.errors));
    }
  });
  return inputs;
}

InputRules RulesFor(const Call& call, const Service& service, const Embedder& embedder) {
  return {.errors = call.errors,
          .most = service.options().inputs,
          .id_limit = embedder.tokenizer().id_limit(),
          .take_ids = service.options().take_token_ids};
}

TokenizeRules ReadTokenizeRules(const RequestJson& body, const Service& service,
                                const Embedder& embedder) {
  TokenizeRules rules{.cut = body.OptionalBool("truncate").value_or(service.options().cut_long)};
  const auto side = body.OptionalChoice("truncation_direction", {"left", "right", "Left", "Right"});
  if (side) rules.side = *side == "left" || *side == "Left" ? Side::kLeft : Side::kRight;
  rules.prompt.name = body.OptionalString("prompt_name");
  try {
    embedder.prompts().Choose(rules.prompt);
  } catch (const Error& error) {
    throw ApiError(400, error.what(), "prompt_name");
  }
  return rules;
}

TokenizedTexts TokenizeInputs(Service& service, Call& call, const Embedder& embedder, Inputs inputs,
                              const TokenizeRules& rules, std::string_view field) {
  service.metrics().AddStage(Stage::kParse, call.watch.Lap());
  TokenizedTexts texts;
  if (inputs.tokens) {
    texts = CutIds(*inputs.tokens, embedder.max_tokens(), rules.side.value_or(Side::kRight));
  } else {
    texts = embedder.Tokenize(inputs.texts, {.prompt = rules.prompt, .on_long = OnLong::kCut});
  }
  if (texts.cut_texts > 0 && !rules.cut) FailOnLong(embedder, inputs, rules, field, call.errors);
  if (texts.cut_texts > 0 && rules.side && !inputs.tokens) {
    CutTextsAt(*rules.side, embedder, inputs, rules, texts);
  }
  CheckRequestTokens(service, call.errors, texts.ids.size());
  call.tokenize_seconds += call.watch.Lap();
  service.metrics().AddStage(Stage::kTokenize, call.tokenize_seconds);
  service.metrics().AddInputs(texts.size(), texts.ids.size(), texts.cut_texts);
  return texts;
}

void CheckRequestTokens(const Service& service, ErrorShape errors, std::size_t tokens) {
  const std::size_t most = service.options().request_tokens;
  if (tokens <= most) return;
  throw ApiError(400, Format("Requested {} tokens, max {} tokens per request", tokens, most),
                 errors == ErrorShape::kOpenAi ? "input" : "", "max_tokens_per_request",
                 "max_tokens_per_request");
}

void AddTruncated(std::size_t cut_inputs, Reply& reply) {
  if (cut_inputs > 0) {
    reply.headers.emplace_back("x-merle-truncated-inputs", Format("{}", cut_inputs));
  }
}

}  // namespace merle
