#include "tokenizers/normalizers.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json_reader.h"
#include "base/utf8.h"
#include "tokenizers/aligned_text.h"
#include "tokenizers/normalizer.h"
#include "tokenizers/registry.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/unicode_class.h"

namespace merle {
namespace {

// Bytes of a text that a step puts in or looks for; models have "▁" and the like.
constexpr std::size_t kMostStepText = 64;

std::string ShortText(const JsonValue& json) {
  const std::string_view text = json.AsString();
  if (text.size() > kMostStepText) {
    json.Fail(Format("has {} bytes, at most {} are read", text.size(), kMostStepText));
  }
  return std::string(text);
}

// A text may become longer, but steps that a file has chosen must not fill the memory. NFKC makes
// 33 bytes of 3.
void CheckGrowth(std::size_t before, const AlignedText& after) {
  constexpr std::size_t kTimes = 16;
  constexpr std::size_t kMore = 256;
  if (after.text().size() <= kTimes * before + kMore) return;
  throw Error(ErrorCode::kDataLoss,
              Format("the normalizer of tokenizer.json makes {} bytes of a text of {}",
                     after.text().size(), before));
}

// Decomposes and puts marks into canonical order. A decomposition's first code point stands for the
// old character and the rest is new; marks keep that role when they are sorted, as in the
// reference, so that alignments may change hands among the marks of one letter.
std::vector<Change> DecomposeAll(std::string_view text, Decomposition kind) {
  std::vector<Change> out;
  out.reserve(text.size());
  std::size_t first_mark = 0;  // Marks from here on are not sorted yet.
  const auto sort_marks = [&] {
    if (out.size() - first_mark < 2) return;
    std::stable_sort(out.begin() + static_cast<std::ptrdiff_t>(first_mark), out.end(),
                     [](const Change& a, const Change& b) {
                       return CombiningClass(a.value) < CombiningClass(b.value);
                     });
  };
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = DecodeUtf8(text, i);
    i += c.bytes;
    int change = 0;
    for (const char32_t value : Decompose(c.value, kind)) {
      if (CombiningClass(value) == 0) {
        sort_marks();
        first_mark = out.size() + 1;
      }
      out.push_back({value, change});
      change = 1;
    }
  }
  sort_marks();
  return out;
}

// Canonical composition (UAX #15) in place; a composed pair eats what its second half stood for.
void ComposeAll(std::vector<Change>& changes) {
  std::size_t kept = 0;
  std::size_t starter = 0;
  bool has_starter = false;
  int last_class = 0;  // Of the code point before, if it was not composed away; 0 after a starter.
  for (const Change next : changes) {
    const int its_class = CombiningClass(next.value);
    const bool adjacent = has_starter && kept == starter + 1;
    if (has_starter && (adjacent || last_class < its_class)) {
      if (const char32_t composed = Compose(changes[starter].value, next.value)) {
        changes[starter] = {composed, changes[starter].change + next.change - 1};
        continue;
      }
    }
    if (its_class == 0) {
      starter = kept;
      has_starter = true;
    }
    last_class = its_class;
    changes[kept++] = next;
  }
  changes.resize(kept);
}

}  // namespace

std::unique_ptr<Normalizer> Lowercase::FromJson(const JsonValue&) {
  return std::make_unique<Lowercase>();
}

void Lowercase::Normalize(AlignedText& text) const {
  text.Map([](char32_t c, auto&& emit) {
    for (const char32_t lower : LowerCase(c)) emit(lower);
  });
}

std::unique_ptr<Normalizer> StripAccents::FromJson(const JsonValue&) {
  return std::make_unique<StripAccents>();
}

void StripAccents::Normalize(AlignedText& text) const {
  text.Map([](char32_t c, auto&& emit) {
    if (!HasClass(c, kMark)) emit(c);
  });
}

void NormalizationForm::Normalize(AlignedText& text) const {
  auto changes = DecomposeAll(text.text(), decomposition_);
  if (recompose_ == Recompose::kYes) ComposeAll(changes);
  text.Transform(changes);
}

std::unique_ptr<Normalizer> Strip::FromJson(const JsonValue& json) {
  return std::make_unique<Strip>(json.At("strip_left").AsBool(), json.At("strip_right").AsBool());
}

void Strip::Normalize(AlignedText& text) const {
  const std::string_view all = text.text();
  std::size_t begin = 0, end = 0;  // Of what stays.
  bool inside = !left_;
  for (std::size_t i = 0; i < all.size();) {
    const CodePoint c = DecodeUtf8(all, i);
    const bool space = HasClass(c.value, kSpace);
    if (!inside && !space) {
      inside = true;
      begin = i;
    }
    i += c.bytes;
    if (!space || !right_) end = i;
  }
  AlignedText out(text.origin(), text.aligned());
  if (inside && begin < end) out.Append(text, begin, end);
  text = std::move(out);
}

std::unique_ptr<Normalizer> Replace::FromJson(const JsonValue& json) {
  const JsonValue pattern = json.At("pattern");
  const auto text = pattern.Find("String");
  if (!text) {
    pattern.Fail("is a regular expression, which Merle does not know yet",
                 ErrorCode::kUnimplemented);
  }
  if (text->AsString().empty()) text->Fail("must not be empty");
  return std::make_unique<Replace>(ShortText(*text), ShortText(json.At("content")));
}

void Replace::Normalize(AlignedText& text) const {
  AlignedText out(text.origin(), text.aligned());
  std::size_t done = 0;
  for (;;) {
    const std::size_t found = text.text().find(pattern_, done);
    if (found == std::string_view::npos) break;
    out.Append(text, done, found);
    done = found + pattern_.size();
    const Offset from =
        text.AlignmentAt(done - 1);  // As the reference: that of the last character.
    for (std::size_t i = 0; i < content_.size();) {
      const CodePoint c = DecodeUtf8(content_, i);
      out.Append(c.value, from);
      i += c.bytes;
    }
    CheckGrowth(text.text().size(), out);
  }
  out.Append(text, done, text.text().size());
  text = std::move(out);
}

std::unique_ptr<Normalizer> Prepend::FromJson(const JsonValue& json) {
  return std::make_unique<Prepend>(ShortText(json.At("prepend")));
}

void Prepend::Normalize(AlignedText& text) const {
  if (text.text().empty()) return;
  AlignedText out(text.origin(), text.aligned());
  for (std::size_t i = 0; i < prefix_.size();) {
    const CodePoint c = DecodeUtf8(prefix_, i);
    out.Append(c.value, text.AlignmentAt(0));
    i += c.bytes;
  }
  out.Append(text, 0, text.text().size());
  text = std::move(out);
}

std::unique_ptr<Normalizer> NormalizerSequence::FromJson(const JsonValue& json) {
  std::vector<std::unique_ptr<Normalizer>> steps;
  for (const JsonValue& step : json.At("normalizers").Elements()) {
    steps.push_back(MakeNormalizer(step));
  }
  return std::make_unique<NormalizerSequence>(std::move(steps));
}

void NormalizerSequence::Normalize(AlignedText& text) const {
  const std::size_t before = text.text().size();
  for (const auto& step : steps_) {
    step->Normalize(text);
    CheckGrowth(before, text);
  }
}

}  // namespace merle
