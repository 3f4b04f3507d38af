#include "hub/model_name.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/folder.h"
#include "base/format.h"

namespace merle {
namespace {

// Models that are older than organisations on the hub.
// Peer: ORIGINAL_TRANSFORMER_MODELS of sentence-transformers.
constexpr std::string_view kOriginalModels[] = {
    // clang-format off
    "albert-base-v1", "albert-base-v2", "albert-large-v1", "albert-large-v2", "albert-xlarge-v1",
    "albert-xlarge-v2", "albert-xxlarge-v1", "albert-xxlarge-v2", "bert-base-cased",
    "bert-base-cased-finetuned-mrpc", "bert-base-chinese", "bert-base-german-cased",
    "bert-base-german-dbmdz-cased", "bert-base-german-dbmdz-uncased",
    "bert-base-multilingual-cased", "bert-base-multilingual-uncased", "bert-base-uncased",
    "bert-large-cased", "bert-large-cased-whole-word-masking",
    "bert-large-cased-whole-word-masking-finetuned-squad", "bert-large-uncased",
    "bert-large-uncased-whole-word-masking",
    "bert-large-uncased-whole-word-masking-finetuned-squad", "camembert-base", "ctrl",
    "distilbert-base-cased", "distilbert-base-cased-distilled-squad",
    "distilbert-base-german-cased", "distilbert-base-multilingual-cased", "distilbert-base-uncased",
    "distilbert-base-uncased-distilled-squad", "distilbert-base-uncased-finetuned-sst-2-english",
    "distilgpt2", "distilroberta-base", "gpt2", "gpt2-large", "gpt2-medium", "gpt2-xl",
    "openai-gpt", "roberta-base", "roberta-base-openai-detector", "roberta-large",
    "roberta-large-mnli", "roberta-large-openai-detector", "t5-11b", "t5-3b", "t5-base", "t5-large",
    "t5-small", "transfo-xl-wt103", "xlm-clm-ende-1024", "xlm-clm-enfr-1024", "xlm-mlm-100-1280",
    "xlm-mlm-17-1280", "xlm-mlm-en-2048", "xlm-mlm-ende-1024", "xlm-mlm-enfr-1024",
    "xlm-mlm-enro-1024", "xlm-mlm-tlm-xnli15-1024", "xlm-mlm-xnli15-1024", "xlm-roberta-base",
    "xlm-roberta-large", "xlm-roberta-large-finetuned-conll02-dutch",
    "xlm-roberta-large-finetuned-conll02-spanish", "xlm-roberta-large-finetuned-conll03-english",
    "xlm-roberta-large-finetuned-conll03-german", "xlnet-base-cased", "xlnet-large-cased",
    // clang-format on
};

std::string LowerCase(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool IsOriginalModel(const std::string& name) {
  return std::ranges::find(kOriginalModels, LowerCase(name)) != std::end(kOriginalModels);
}

// A part of "org/name" as the hub allows it: no separators, nothing that climbs.
bool IsNamePart(std::string_view part) {
  return !part.empty() && part.front() != '.' && part.front() != '-' &&
         part.find("..") == part.npos && part.find("--") == part.npos &&
         std::all_of(part.begin(), part.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace

bool IsCommit(std::string_view text) {
  return text.size() == 40 && std::all_of(text.begin(), text.end(),
                                          [](unsigned char c) { return std::isxdigit(c) != 0; });
}

ModelName ParseModelName(const std::string& model) {
  const auto invalid = [&](std::string_view why) {
    throw Error(ErrorCode::kInvalidArgument,
                Format("'{}' is neither a folder nor a model's name: {}", model, why));
  };
  ModelName name;
  const std::size_t at = model.rfind('@');
  name.repository = model.substr(0, at);
  name.revision = at == model.npos ? "main" : model.substr(at + 1);
  if (IsCommit(name.revision)) name.revision = LowerCase(name.revision);
  const std::size_t slash = name.repository.find('/');
  if (slash != name.repository.rfind('/')) {
    invalid("a name has one '/' at most, and no such folder exists");
  }
  // Without a slash both parts are the name.
  if (!IsNamePart(name.repository.substr(0, slash)) ||
      !IsNamePart(name.repository.substr(slash + 1))) {
    invalid("a name is org/name, of letters, digits, '.', '_' and '-'");
  }
  if (ProblemOfName(name.revision)) {
    invalid("what follows '@' must be a commit, a branch or a tag");
  }
  if (slash == name.repository.npos && !IsOriginalModel(name.repository)) {
    name.repository = "sentence-transformers/" + name.repository;
  }
  return name;
}

}  // namespace merle
