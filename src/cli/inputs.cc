#include "cli/inputs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/output_files.h"
#include "cli/shard.h"
#include "cli/terminal.h"
#include "documents/folder_walker.h"
#include "documents/record.h"
#include "documents/text_source.h"
#include "embedding/embedder.h"
#include "embedding/prompts.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

// A block this long is enough to fill every batch; more only costs memory.
constexpr std::size_t kBlockBytes = 4 << 20;

TextSourceOptions WithFlags(const Options& options, TextSourceOptions source) {
  source.field = options.field;
  source.id_field = options.id_field;
  source.skip_bad = options.skip_bad;
  if (options.input_form) source.form = ParseTextForm(*options.input_form);
  return source;
}

Shard ShardOf(const Options& options) {
  if (!options.shard) return {};
  if (const auto shard = ParseShard(*options.shard)) return *shard;
  throw UsageError(Format("--shard can't be '{}': I/N is wanted, from 1/N to N/N", *options.shard));
}

bool IsStandardInput(const std::vector<std::string>& paths) {
  return paths.size() == 1 && paths.front() == "-";
}

// Whether the two are one regular file, by whatever names. "-" is standard input.
bool IsSameFile(const std::string& input, const std::string& output) {
  struct stat in{}, out{};
  const bool there =
      input == "-" ? ::fstat(STDIN_FILENO, &in) == 0 : ::stat(input.c_str(), &in) == 0;
  return there && S_ISREG(in.st_mode) && ::stat(output.c_str(), &out) == 0 &&
         in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

void CheckOutput(const std::vector<std::string>& inputs, const Options& options) {
  if (!options.output || *options.output == "-") return;
  const std::string output = OneLine(*options.output);
  const OutputFiles files(*options.output);
  for (const std::string& input : inputs) {
    if (IsSameFile(input, files.target)) {
      throw UsageError(
          Format("-o {}: is an input too and would be lost; write to another file", output));
    }
    for (const std::string* beside : {&files.partial, &files.journal, &files.whole}) {
      if (!IsSameFile(input, *beside)) continue;
      throw UsageError(
          Format("-o {}: is written by way of {}, which is an input and would be lost; "
                 "write to another file",
                 output, OneLine(*beside)));
    }
  }
}

// Tokens that the texts of a model share with its prompts. At most half of all: a text counts more.
std::size_t PromptTokens(const Embedder& embedder, std::string_view prompt, std::size_t room) {
  const auto tokens = [&](std::string_view text) {
    return embedder.tokenizer().Encode(text, {.add_special_tokens = false}).ids.size();
  };
  std::size_t most = tokens(prompt);
  for (const auto& [name, text] : embedder.prompts().by_name()) most = std::max(most, tokens(text));
  return std::min(most, room / 2);
}

}  // namespace

InputTexts::InputTexts(const Invocation& invocation, std::vector<std::string> texts,
                       TextSourceOptions options)
    : shard_(ShardOf(invocation.options)), texts_(std::move(texts)) {
  std::vector<std::string> paths = invocation.options.inputs;
  if (!texts_.empty()) {
    if (!paths.empty()) throw UsageError("give texts, or files with -i, but not both");
    return;
  }
  if (paths.empty()) {
    if (StandardInputIsTerminal()) throw NoInputError();
    paths = {"-"};
  }
  CheckOutput(paths, invocation.options);
  options = WithFlags(invocation.options, std::move(options));
  // Standard input has no ending; whoever names a field has fields.
  if (!options.form && IsStandardInput(paths) && (options.field || options.id_field)) {
    options.form = TextForm::kJsonl;
  }
  source_.emplace(std::move(paths), std::move(options));
}

std::optional<Record> InputTexts::Next() {
  for (;;) {
    ThrowIfInterrupted();
    std::optional<Record> record = NextOfAll();
    if (!record || shard_.Takes(read_++)) return record;
  }
}

std::optional<Record> InputTexts::NextOfAll() {
  if (source_) return source_->Next();
  if (next_ == texts_.size()) return std::nullopt;
  Record record;
  record.row = next_;
  record.text = texts_[next_++];
  CheckUtf8(record.text, Format("text {}", next_));
  return record;
}

std::vector<Record> InputTexts::NextBlock(std::size_t most) {
  std::vector<Record> block;
  std::size_t bytes = 0;
  while (block.size() < most && bytes < kBlockBytes) {
    std::optional<Record> record = Next();
    if (!record) break;
    bytes += record->text.size();
    block.push_back(std::move(*record));
  }
  return block;
}

void InputTexts::FitPassages(const Embedder& embedder, std::string_view prompt) {
  if (!source_) return;
  const Tokenizer& tokenizer = embedder.tokenizer();
  EncodeOptions options{.add_special_tokens = false, .truncation_side = Side::kRight};
  options.max_length = embedder.max_tokens() - tokenizer.special_tokens_added(false);
  options.max_length -= PromptTokens(embedder, prompt, options.max_length);
  source_->FitPassages([&tokenizer, options](std::string_view text) -> std::optional<std::size_t> {
    std::vector<std::int32_t> ids;
    if (tokenizer.EncodeIds(text, options, ids, true) == 0) return std::nullopt;
    return tokenizer.Encode(text, options).offsets.back().end;
  });
}

const SkippedTexts& InputTexts::skipped() const {
  static const SkippedTexts kNone;
  return source_ ? source_->skipped() : kNone;
}

std::optional<double> InputTexts::share() const {
  if (!source_) return std::nullopt;
  const auto total = source_->total_bytes();
  if (!total || *total == 0) return std::nullopt;
  return std::min(1.0, static_cast<double>(source_->bytes_read()) / static_cast<double>(*total));
}

std::string PlaceOf(const Record& record, std::size_t number) {
  if (record.path.empty()) return Format("text {}", number);
  return record.line == 0 ? record.path : Format("{}:{}", record.path, record.line);
}

std::vector<std::string_view> TextsOf(std::span<const Record> records) {
  std::vector<std::string_view> texts;
  texts.reserve(records.size());
  for (const Record& record : records) texts.emplace_back(record.text);
  return texts;
}

int ReportSkipped(const Invocation& invocation, const InputTexts& inputs) {
  const SkippedTexts& skipped = inputs.skipped();
  const SkippedFiles& files = skipped.files;
  if (files.total() > 0) {
    invocation.SayIfVerbose(
        Format("left out in folders: {} hidden, {} binary, {} links, {} special, "
               "{} unreadable files",
               files.hidden, files.binary, files.links, files.special, files.unreadable));
  }
  if (files.not_utf8 > 0) {
    invocation.Say(Format("left out {} file{} that {} not UTF-8, the first: {} (iconv converts)",
                          WithCommas(files.not_utf8), files.not_utf8 == 1 ? "" : "s",
                          files.not_utf8 == 1 ? "is" : "are", OneLine(files.first_not_utf8)));
  }
  if (skipped.bad_rows == 0) return kExitOk;
  invocation.Say(Format("left out {} bad row{}, the first: {}", WithCommas(skipped.bad_rows),
                        skipped.bad_rows == 1 ? "" : "s", skipped.first_bad_row));
  return kExitBadRows;
}

}  // namespace merle
