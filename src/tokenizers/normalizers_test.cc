#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/format.h"
#include "base/json_reader.h"
#include "base/utf8.h"
#include "tokenizers/aligned_text.h"
#include "tokenizers/registry.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

// The characters of the original text that each code point stands for: "0-1 0-1 2-3".
std::string Alignment(const AlignedText& text) {
  std::string out;
  for (std::size_t i = 0; i < text.text().size();) {
    const std::size_t bytes = DecodeUtf8(text.text(), i).bytes;
    const Offset offset = text.OffsetOf(i, i + bytes);
    AppendFormat(out, "{}{}-{}", out.empty() ? "" : " ", offset.begin, offset.end);
    i += bytes;
  }
  return out;
}

struct Case {
  const char* name;
  const char* json;
  const char* text;
  const char* normalized;
  const char* alignment;
};

#define BERT(clean, chinese, strip, lower)                                                  \
  R"({"type":"BertNormalizer","clean_text":)" #clean R"(,"handle_chinese_chars":)" #chinese \
  R"(,"strip_accents":)" #strip R"(,"lowercase":)" #lower "}"

class NormalizerTest : public testing::TestWithParam<Case> {};

TEST_P(NormalizerTest, RewritesTheTextAndKeepsItsAlignment) {
  const auto document = JsonDocument::Parse(GetParam().json, "test");
  const auto normalizer = MakeNormalizer(document.root());
  for (const bool aligned : {false, true}) {
    AlignedText text(0, aligned);
    text.AppendOriginal(GetParam().text, 0);
    normalizer->Normalize(text);
    EXPECT_EQ(text.text(), GetParam().normalized);
    if (!aligned) continue;
    EXPECT_EQ(Alignment(text), GetParam().alignment);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Steps, NormalizerTest,
    testing::ValuesIn(std::vector<Case>{
        {"Lowercase", R"({"type":"Lowercase"})", "AÉİ", "aéi̇", "0-1 1-2 2-3 2-3"},
        {"StripAccents", R"({"type":"StripAccents"})", "e\u0301\u0903é", "eé", "0-1 3-4"},
        {"NfdMakesSeveral", R"({"type":"NFD"})", "xé각", "xe\u0301\u1100\u1161\u11A8",
         "0-1 1-2 1-2 2-3 2-3 2-3"},
        {"NfdSortsMarks", R"({"type":"NFD"})", "a\u0301\u0316b", "a\u0316\u0301b",
         "0-1 1-2 2-3 3-4"},
        {"NfdSortsMarksAtTheStart", R"({"type":"NFD"})", "\u0301\u0316", "\u0316\u0301", "0-1 1-2"},
        // The mark that came out of é follows the other one, and so takes its alignment.
        {"SortedMarksChangeAlignment", R"({"type":"NFD"})", "é\u0316", "e\u0316\u0301",
         "0-1 1-2 1-2"},
        {"NfcComposes", R"({"type":"NFC"})", "e\u0301x", "éx", "0-1 2-3"},
        {"NfcKeepsWhatIsComposed", R"({"type":"NFC"})", "é각", "é각", "0-1 1-2"},
        {"NfcLooksPastOtherMarks", R"({"type":"NFC"})", "a\u0316\u0301", "á\u0316", "0-1 2-3"},
        {"NfcIsBlockedByAnEqualMark", R"({"type":"NFC"})", "u\u0301\u0308", "ú\u0308", "0-1 2-3"},
        {"NfcLeavesExclusions", R"({"type":"NFC"})", "\u0308\u0301", "\u0308\u0301", "0-1 1-2"},
        {"NfkdOpensLigatures", R"({"type":"NFKD"})", "ﬁx", "fix", "0-1 0-1 1-2"},
        {"NfkcComposesAfterwards", R"({"type":"NFKC"})", "①é", "1é", "0-1 1-2"},
        {"StripBoth", R"({"type":"Strip","strip_left":true,"strip_right":true})", " \u3000a b\t",
         "a b", "2-3 3-4 4-5"},
        {"StripLeft", R"({"type":"Strip","strip_left":true,"strip_right":false})", " a ", "a ",
         "1-2 2-3"},
        {"StripRight", R"({"type":"Strip","strip_left":false,"strip_right":true})", " a ", " a",
         "0-1 1-2"},
        {"StripAll", R"({"type":"Strip","strip_left":true,"strip_right":true})", " \n", "", ""},
        {"Replace", R"({"type":"Replace","pattern":{"String":"ab"},"content":"xyz"})", "cabab",
         "cxyzxyz", "0-1 2-3 2-3 2-3 4-5 4-5 4-5"},
        {"ReplaceByNothing", R"({"type":"Replace","pattern":{"String":" "},"content":""})", "a b",
         "ab", "0-1 2-3"},
        {"Prepend", R"({"type":"Prepend","prepend":"▁_"})", "ab", "▁_ab", "0-1 0-1 0-1 1-2"},
        {"PrependNothingToNothing", R"({"type":"Prepend","prepend":"▁"})", "", "", ""},
        {"SequenceInOrder",
         R"({"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"},{"type":"Lowercase"}]})",
         "ÉA", "ea", "0-1 1-2"},
        {"BertDropsControls", BERT(true, false, false, false), "a\u0001\u00AD\u200Bb\uFFFD", "ab",
         "0-1 4-5"},
        {"BertMakesBlanks", BERT(true, false, false, false), "a\t\n\u00A0\u3000b", "a    b",
         "0-1 1-2 2-3 3-4 4-5 5-6"},
        {"BertDropsNextLine", BERT(true, false, false, false), "a\u0085b", "ab", "0-1 2-3"},
        {"BertKeepsUnassigned", BERT(true, false, false, false), "\u0378", "\u0378", "0-1"},
        {"BertIsolatesIdeographs", BERT(false, true, false, false), "a中b", "a 中 b",
         "0-1 1-2 1-2 1-2 2-3"},
        {"BertStripsAccents", BERT(false, false, true, false), "Éa\u0301", "Ea", "0-1 1-2"},
        {"BertKeepsHangulOpen", BERT(false, false, true, false), "가", "\u1100\u1161", "0-1 0-1"},
        {"BertNullFollowsLowercase", BERT(false, false, null, true), "É", "e", "0-1"},
        {"BertNullFollowsNoLowercase", BERT(false, false, null, false), "É", "É", "0-1"},
        {"BertLowercases", BERT(false, false, false, true), "ÉİA", "éi̇a", "0-1 1-2 1-2 2-3"},
        {"EmptyText", BERT(true, true, true, true), "", "", ""},
    }),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace merle
