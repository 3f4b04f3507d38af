// The texts that a command works on: its arguments, or what -i names, or standard input.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/shard.h"
#include "documents/record.h"
#include "documents/text_source.h"
#include "embedding/embedder.h"

namespace merle {

// Texts in memory at once: batches for all threads, and results soon enough for who reads them.
inline constexpr std::size_t kBlockTexts = 4096;

// Gives the texts in order, in bounded memory.
class InputTexts {
 public:
  // texts: the arguments that are texts. With none and no -i it is standard input.
  // Throws UsageError if there are both or --shard is none, NoInputError if a person sits at
  // standard input, and what TextSource throws. options: beyond what the flags say.
  InputTexts(const Invocation& invocation, std::vector<std::string> texts,
             TextSourceOptions options = {});

  // The next text, of this process's --shard. Throws what TextSource::Next throws, and Interrupted.
  std::optional<Record> Next();

  // The next texts: as many as `most`, or fewer if together they are long. Empty after the last.
  std::vector<Record> NextBlock(std::size_t most);

  // Makes passages that lose nothing to the length limit of `embedder`, which must outlive this.
  // `prompt` gets its room, and so do the model's own, used or not: embed and search shall make the
  // same passages.
  void FitPassages(const Embedder& embedder, std::string_view prompt = {});

  const SkippedTexts& skipped() const;
  // Share of the input that has been read, where its size is known.
  std::optional<double> share() const;

 private:
  std::optional<Record> NextOfAll();

  Shard shard_;
  std::size_t read_ = 0;  // Texts, of all shards.
  std::vector<std::string> texts_;
  std::size_t next_ = 0;
  std::optional<TextSource> source_;
};

// Says how many input rows were left out. Returns kExitBadRows if any were, else kExitOk.
int ReportSkipped(const Invocation& invocation, const InputTexts& inputs);

// What messages call a record: "notes/a.txt:12", or "text 3" where it is an argument, the third.
std::string PlaceOf(const Record& record, std::size_t number);

// The texts of `records`, which must outlive the result.
std::vector<std::string_view> TextsOf(std::span<const Record> records);

}  // namespace merle
