// merle tokenize: the tokens of texts, their ids and where they stand.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/format.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "cli/model_access.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "documents/record.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

std::string JsonLine(const Record& record, const Encoding& encoding, const Tokenizer& tokenizer) {
  JsonWriter json;
  json.BeginObject();
  if (!record.id.empty()) json.Key("id").Value(record.id);
  json.Key("ids").Value(std::span(encoding.ids)).Key("tokens").BeginArray();
  for (const std::int32_t id : encoding.ids) json.Value(tokenizer.TokenOf(id));
  json.EndArray().Key("offsets").BeginArray();
  for (const Offset& offset : encoding.offsets) {
    json.BeginArray().Value(offset.begin).Value(offset.end).EndArray();
  }
  json.EndArray().Key("type_ids").Value(std::span(encoding.type_ids));
  json.Key("special_tokens_mask").BeginArray();
  for (const std::uint8_t special : encoding.special_tokens_mask) json.Value(int{special});
  json.EndArray().EndObject();
  return json.text() + "\n";
}

std::string CountLine(const Encoding& encoding, bool json) {
  return json ? Format("{{\"count\":{}}}\n", encoding.ids.size())
              : Format("{}\n", encoding.ids.size());
}

std::string IdLine(const Encoding& encoding) {
  std::string line;
  for (const std::int32_t id : encoding.ids)
    AppendFormat(line, "{}{}", line.empty() ? "" : " ", id);
  return line + "\n";
}

// Tokens side by side with their ids below, as many in a row as the screen has room for.
std::string Cells(const Encoding& encoding, const Tokenizer& tokenizer, const Terminal& screen) {
  const std::string bar = screen.Dim("│");
  std::string text, tokens, ids;
  std::size_t width = 0;
  const auto end_row = [&] {
    text += tokens + "\n" + ids + "\n";
    tokens = ids = "";
    width = 0;
  };
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    std::string token = OneLine(tokenizer.TokenOf(encoding.ids[i]));
    token = Ellipsize(token, screen.width() - 4);
    const std::string id = std::to_string(encoding.ids[i]);
    const std::size_t cell = std::max(DisplayWidth(token), id.size());
    if (width > 0 && width + cell + 3 > screen.width()) end_row();
    if (width > 0) {
      tokens += " " + bar;
      ids += " " + bar;
      width += 2;
    }
    const std::string padded = PadRight(token, cell);
    const bool special = encoding.special_tokens_mask[i] != 0;
    tokens += " " + (special ? screen.Dim(padded) : screen.Accent(padded));
    ids += " " + screen.Dim(PadRight(id, cell));
    width += cell + 1;
  }
  if (width > 0) end_row();
  return text;
}

std::string ForPeople(const Record& record, const Encoding& encoding, const Tokenizer& tokenizer,
                      const Terminal& screen) {
  const std::size_t count = encoding.ids.size();
  std::string facts = Format("{} token{}", WithCommas(count), count == 1 ? "" : "s");
  if (encoding.cut_tokens > 0) facts += Format(", {} cut", WithCommas(encoding.cut_tokens));
  const std::string text = Ellipsize(OneLine(record.text), screen.width() - facts.size() - 3);
  return screen.Bold(text) + (text.empty() ? "" : "   ") + screen.Dim(facts) + "\n" +
         Cells(encoding, tokenizer, screen);
}

int Run(const Invocation& invocation) {
  const Options& options = invocation.options;
  InputTexts inputs(invocation, invocation.arguments);
  const Tokenizer tokenizer = OpenTokenizer(invocation);
  const EncodeOptions encode{.add_special_tokens = !options.no_special_tokens,
                             .max_length = options.max_length.value_or(kNoLimit)};
  bool first = true;
  while (const auto record = inputs.Next()) {
    const Encoding encoding = options.pair
                                  ? tokenizer.EncodePair(record->text, *options.pair, encode)
                                  : tokenizer.Encode(record->text, encode);
    if (options.count) {
      invocation.out.Write(CountLine(encoding, options.json));
    } else if (options.json) {
      invocation.out.Write(JsonLine(*record, encoding, tokenizer));
    } else if (options.quiet) {
      invocation.out.Write(IdLine(encoding));
    } else {
      if (!first) invocation.out.Write("\n");
      invocation.out.Write(ForPeople(*record, encoding, tokenizer, invocation.screen));
    }
    first = false;
  }
  return ReportSkipped(invocation, inputs);
}

}  // namespace

CommandDetails TokenizeDetails() {
  return {
      .arguments = "[TEXT…]",
      .least_arguments = 0,
      .most_arguments = std::numeric_limits<std::size_t>::max(),
      .options = {"model", "input", "input-form", "field", "id-field", "skip-bad", "json", "pair",
                  "max-length", "no-special-tokens", "count"},
      .description =
          "A model does not see words but tokens: common words are one, rare ones are several. "
          "Each has an id, the number of its row in the model's embedding table.\n"
          "--json writes {\"ids\":[…],\"tokens\":[…],\"offsets\":[[begin,end],…],\"type_ids\":[…],"
          "\"special_tokens_mask\":[…]}, a line for each text; offsets count characters. -q writes "
          "the ids alone. The weights are not needed.",
      .examples = {{"merle tokenize 'unbelievable catnip'", "tokens with their ids"},
                   {"merle tokenize -i texts.txt --count", "how long is each line?"},
                   {"merle tokenize 'a question' --pair 'an answer' --json",
                    "a pair, for programs"}},
      .run = Run,
  };
}

}  // namespace merle
