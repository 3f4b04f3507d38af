#include "documents/passages.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "documents/fit_text.h"
#include "documents/line_reader.h"
#include "documents/record.h"
#include "documents/row_error.h"

namespace merle {
namespace {

constexpr std::string_view kParagraphBreak = "\n\n";

bool IsSpace(char c) { return kWhiteSpace.find(c) != std::string_view::npos; }

std::string_view TrimEnd(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kWhiteSpace) + 1);
}

// Length in bytes of the first `characters` code points, or all of `text` if it has no more.
std::size_t PrefixBytes(std::string_view text, std::size_t characters) {
  std::size_t offset = 0;
  for (; characters > 0 && offset < text.size(); --characters) {
    offset += DecodeUtf8(text, offset).bytes;
  }
  return offset;
}

// True if a sentence ends right before text[offset].
bool SentenceEndsAt(std::string_view text, std::size_t offset) {
  std::string_view before = text.substr(0, offset);
  for (const std::string_view wide : {"。", "！", "？"}) {
    if (before.ends_with(wide)) return true;
  }
  if (offset < text.size() && !IsSpace(text[offset])) return false;
  while (!before.empty() && std::string_view("\"')]").find(before.back()) != before.npos) {
    before.remove_suffix(1);
  }
  return !before.empty() && std::string_view(".!?").find(before.back()) != before.npos;
}

// Where to cut `text` so that the first part has at most `limit` bytes, which end a character.
std::size_t FindCut(std::string_view text, std::size_t limit) {
  for (std::size_t cut = limit; cut > limit / 2; --cut) {
    if (SentenceEndsAt(text, cut)) return cut;
  }
  const std::size_t line_end = text.rfind('\n', limit);
  if (line_end != text.npos && line_end > limit / 2) return line_end;
  const std::size_t word_end = text.find_last_of(kWhiteSpace, limit);
  // Text never starts with white space, so a word end is not at 0.
  return word_end != text.npos ? word_end : limit;
}

}  // namespace

PassageReader::PassageReader(LineReader lines, std::size_t target_characters, FitText fit)
    : lines_(std::move(lines)), target_characters_(target_characters), fit_(std::move(fit)) {}

std::optional<Passage> PassageReader::Next() {
  while (ready_.empty()) {
    const auto line = lines_.Next();
    if (!line) break;
    CheckRowUtf8(*line, lines_.name(), lines_.line());
    TakeLine(*line);
  }
  if (ready_.empty()) {
    EndParagraph();
    GiveCollected();
  }
  if (ready_.empty()) return std::nullopt;
  Passage passage = std::move(ready_.front());
  ready_.pop_front();
  return passage;
}

void PassageReader::TakeLine(std::string_view line) {
  line = TrimEnd(line);
  if (line.empty()) return EndParagraph();
  if (paragraph_.empty()) {
    line.remove_prefix(line.find_first_not_of(kWhiteSpace));
  } else {
    paragraph_.push_back('\n');
  }
  lines_of_paragraph_.push_back({paragraph_.size(), lines_.line()});
  paragraph_.append(line);
  paragraph_characters_ += CountCodePoints(line) + 1;
  if (paragraph_characters_ > target_characters_) CutParagraph();
}

bool PassageReader::Fits(std::string_view text) const {
  return CountCodePoints(text) <= target_characters_ && !(fit_ && fit_(text));
}

std::size_t PassageReader::PartBytes(std::string_view text) const {
  std::size_t limit = PrefixBytes(text, target_characters_);
  if (const auto fitting = fit_ ? fit_(text.substr(0, limit)) : std::nullopt) {
    limit = PrefixBytes(text, std::max<std::size_t>(*fitting, 1));
  }
  return limit == text.size() ? limit : FindCut(text, limit);
}

void PassageReader::CutParagraph() {
  const std::string_view whole = paragraph_;
  std::size_t begin = 0;
  for (;;) {
    const std::string_view rest = whole.substr(begin);
    const std::size_t part = PartBytes(rest);
    if (part == rest.size()) break;
    const std::size_t end = begin + part;
    GiveCollected();
    ready_.push_back(PartOfParagraph(begin, end));
    begin = std::min(whole.find_first_not_of(kWhiteSpace, end), whole.size());
  }
  ForgetParagraph(begin);
}

void PassageReader::EndParagraph() {
  CutParagraph();
  if (paragraph_.empty()) return;
  Passage passage = PartOfParagraph(0, paragraph_.size());
  ForgetParagraph(paragraph_.size());
  if (collected_) {
    std::string joined = collected_->text;
    joined.append(kParagraphBreak).append(passage.text);
    if (Fits(joined)) {
      collected_->text = std::move(joined);
      collected_->last_line = passage.last_line;
      return;
    }
  }
  GiveCollected();
  collected_ = std::move(passage);
}

void PassageReader::GiveCollected() {
  if (collected_) ready_.push_back(*std::exchange(collected_, std::nullopt));
}

Passage PassageReader::PartOfParagraph(std::size_t begin, std::size_t end) const {
  const std::string_view part = TrimEnd(std::string_view(paragraph_).substr(begin, end - begin));
  return {.text = std::string(part),
          .line = LineAt(begin),
          .last_line = LineAt(begin + part.size() - 1)};
}

void PassageReader::ForgetParagraph(std::size_t bytes) {
  if (bytes == 0) return;
  paragraph_.erase(0, bytes);
  paragraph_characters_ = CountCodePoints(paragraph_);
  const auto first_kept = std::upper_bound(
      lines_of_paragraph_.begin(), lines_of_paragraph_.end(), bytes,
      [](std::size_t offset, const LineStart& line) { return offset < line.offset; });
  // The line that `bytes` falls into stays, from offset 0 on.
  lines_of_paragraph_.erase(lines_of_paragraph_.begin(), first_kept - 1);
  for (LineStart& line : lines_of_paragraph_) line.offset -= std::min(line.offset, bytes);
  if (paragraph_.empty()) lines_of_paragraph_.clear();
}

std::size_t PassageReader::LineAt(std::size_t offset) const {
  const auto behind = std::upper_bound(
      lines_of_paragraph_.begin(), lines_of_paragraph_.end(), offset,
      [](std::size_t value, const LineStart& line) { return value < line.offset; });
  return (behind - 1)->line;
}

}  // namespace merle
