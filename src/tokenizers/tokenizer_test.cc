#include "tokenizers/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_matcher.h"
#include "base/format.h"
#include "base/test_folder.h"
#include "base/thread_pool.h"
#include "tokenizers/small_tokenizer.h"

namespace merle {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Tokens(const Tokenizer& tokenizer, std::string_view text,
                                const EncodeOptions& options = {}) {
  std::vector<std::string> tokens;
  for (const std::int32_t id : tokenizer.Encode(text, options).ids) {
    tokens.emplace_back(tokenizer.TokenOf(id));
  }
  return tokens;
}

class SmallTokenizer : public testing::Test {
 protected:
  static Tokenizer Make(const std::string& json) {
    const TestFolder folder;
    folder.Write("tokenizer.json", json);
    return Tokenizer::Load(folder.path());
  }
  const Tokenizer tokenizer_ = Make(SmallTokenizerJson());
};

TEST_F(SmallTokenizer, GivesAllOfAnEncoding) {
  const Encoding encoding = tokenizer_.Encode("Ab 中\u0301.");
  EXPECT_THAT(encoding.ids, ElementsAre(2, 4, 6, 9, 8, 3));
  EXPECT_THAT(encoding.offsets, ElementsAre(Offset{0, 0}, Offset{0, 1}, Offset{1, 2}, Offset{3, 4},
                                            Offset{5, 6}, Offset{0, 0}));
  EXPECT_THAT(encoding.type_ids, ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_THAT(encoding.special_tokens_mask, ElementsAre(1, 0, 0, 0, 0, 1));
  EXPECT_EQ(encoding.cut_tokens, 0u);
}

TEST_F(SmallTokenizer, PutsPairsIntoTheirTemplate) {
  const Encoding encoding = tokenizer_.EncodePair("a", "b c");
  EXPECT_THAT(encoding.ids, ElementsAre(4, 5, 7));
  EXPECT_THAT(encoding.type_ids, ElementsAre(0, 1, 1));
  EXPECT_THAT(encoding.offsets, ElementsAre(Offset{0, 1}, Offset{0, 1}, Offset{2, 3}));
}

TEST_F(SmallTokenizer, CountsWhatIsCut) {
  EXPECT_EQ(tokenizer_.Encode("a b c", {.max_length = 4}).cut_tokens, 1u);
  EXPECT_EQ(tokenizer_.EncodePair("a b c", "a b", {.max_length = 3}).cut_tokens, 2u);
  std::vector<std::int32_t> ids;
  EXPECT_EQ(tokenizer_.EncodeIds("a b c a b", {.max_length = 4}, ids), 3u);
  EXPECT_EQ(tokenizer_.EncodeIds("a b c a b", {.max_length = 4}, ids, true), 1u);
  EXPECT_THAT(ids, ElementsAre(2, 4, 5, 3, 2, 4, 5, 3));
}

TEST_F(SmallTokenizer, EncodesABatchAsEachTextAlone) {
  ThreadPool pool(3);
  const std::vector<std::string_view> texts = {"a", "", "b c", "Ab 中", "a b c a b"};
  const std::vector<Encoding> batch = tokenizer_.EncodeBatch(texts, pool, {.max_length = 4});
  ASSERT_EQ(batch.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(batch[i].ids, tokenizer_.Encode(texts[i], {.max_length = 4}).ids);
  }
  const std::string_view bad[] = {"a", "\xFF"};
  EXPECT_THAT([&] { tokenizer_.EncodeBatch(bad, pool); },
              ThrowsError(ErrorCode::kInvalidArgument, testing::HasSubstr("text 1")));
}

TEST_F(SmallTokenizer, CutsOnTheLeft) {
  const EncodeOptions options = {.max_length = 4, .truncation_side = Side::kLeft};
  EXPECT_THAT(tokenizer_.Encode("a b c", options).ids, ElementsAre(2, 5, 7, 3));
  std::vector<std::int32_t> ids;
  EXPECT_EQ(tokenizer_.EncodeIds("a b c", options, ids), 1u);
  EXPECT_THAT(ids, ElementsAre(2, 5, 7, 3));
}

struct CutSide {
  const char* name;
  const char* truncation;  // In tokenizer.json.
  const char* config;      // tokenizer_config.json; null: no such file.
  std::vector<std::int32_t> ids;
};

class FolderSaysWhichSide : public testing::TestWithParam<CutSide> {};

TEST_P(FolderSaysWhichSide, IsCutUnlessTheCallDoes) {
  const TestFolder folder;
  folder.Write("tokenizer.json",
               Replaced(SmallTokenizerJson(), R"({"max_length":3})", GetParam().truncation));
  if (GetParam().config != nullptr) folder.Write("tokenizer_config.json", GetParam().config);
  const Tokenizer tokenizer = Tokenizer::Load(folder.path());
  EXPECT_EQ(tokenizer.Encode("a b c", {.max_length = 4}).ids, GetParam().ids);
  std::vector<std::int32_t> ids;
  EXPECT_EQ(tokenizer.EncodeIds("a b c", {.max_length = 4}, ids, true), 1u);
  EXPECT_EQ(ids, GetParam().ids);
  const EncodeOptions options = {.max_length = 4, .truncation_side = Side::kRight};
  EXPECT_THAT(tokenizer.Encode("a b c", options).ids, ElementsAre(2, 4, 5, 3));
}

INSTANTIATE_TEST_SUITE_P(
    Rules, FolderSaysWhichSide,
    testing::ValuesIn(std::vector<CutSide>{
        {"NobodyIsRight", "null", nullptr, {2, 4, 5, 3}},
        {"NoDirectionIsRight", R"({"max_length":9})", nullptr, {2, 4, 5, 3}},
        {"Right", R"({"direction":"Right"})", nullptr, {2, 4, 5, 3}},
        {"Left", R"({"direction":"Left"})", nullptr, {2, 5, 7, 3}},
        {"ConfigLeft", "null", R"({"truncation_side":"left"})", {2, 5, 7, 3}},
        {"ConfigWins", R"({"direction":"Left"})", R"({"truncation_side":"right"})", {2, 4, 5, 3}},
    }),
    [](const auto& test) { return test.param.name; });

TEST_F(SmallTokenizer, RefusesASideThatIsNone) {
  const std::string json =
      Replaced(SmallTokenizerJson(), R"("max_length":3)", R"("direction":"left")");
  EXPECT_THAT(
      [&] { Make(json); },
      ThrowsError(ErrorCode::kDataLoss, HasSubstr("'direction' is 'left', not Left or Right")));
}

TEST_F(SmallTokenizer, RefusesInvalidUtf8AndNamesTheByte) {
  std::vector<std::int32_t> ids = {5};
  for (const auto& encode : std::vector<std::function<void()>>{
           [&] { tokenizer_.Encode("ab\xFF"); },
           [&] { tokenizer_.EncodePair("a", "ab\xC3"); },
           [&] { tokenizer_.EncodeIds("ab\xED\xA0\x80", {}, ids); },
       }) {
    EXPECT_THAT(encode, ThrowsError(ErrorCode::kInvalidArgument, HasSubstr("byte 2")));
  }
  EXPECT_THAT(ids, ElementsAre(5));
}

TEST_F(SmallTokenizer, RefusesALengthWithoutRoomForSpecialTokens) {
  EXPECT_THROW(tokenizer_.Encode("a", {.max_length = 1}), Error);
  EXPECT_THAT(tokenizer_.Encode("a", {.max_length = 2}).ids, ElementsAre(2, 3));
  EXPECT_THAT(tokenizer_.Encode("a b", {.add_special_tokens = false, .max_length = 1}).ids,
              ElementsAre(4));
}

TEST_F(SmallTokenizer, LeavesTheIdsAsTheyWereAfterAnError) {
  std::vector<std::int32_t> ids = {5};
  const EncodeOptions options = {.max_length = 3, .truncation = Truncation::kOnlySecond};
  EXPECT_THROW(tokenizer_.EncodeIds("a b", options, ids), Error);
  EXPECT_THAT(ids, ElementsAre(5));
}

TEST_F(SmallTokenizer, Decodes) {
  const std::vector<std::int32_t> ids = {2, 4, 6, 8, 1, 3, 77};
  EXPECT_EQ(tokenizer_.Decode(ids, false), "[CLS] ab. [UNK] [SEP]");
  // Only the added tokens are known to be special: [PAD] and [SEP] here.
  EXPECT_EQ(tokenizer_.Decode(ids, true), "[CLS] ab. [UNK]");
}

TEST_F(SmallTokenizer, KnowsItsTokens) {
  EXPECT_EQ(tokenizer_.TokenOf(9), "中");
  EXPECT_THROW(tokenizer_.TokenOf(10), Error);
  EXPECT_THROW(tokenizer_.TokenOf(-1), Error);
  EXPECT_EQ(tokenizer_.IdOf("##b"), 6);
  EXPECT_EQ(tokenizer_.IdOf("zz"), std::nullopt);
  EXPECT_EQ(tokenizer_.vocab_size(), 10u);
  EXPECT_EQ(tokenizer_.id_limit(), 10u);
  EXPECT_EQ(tokenizer_.special_tokens_added(false), 2u);
  EXPECT_EQ(tokenizer_.special_tokens().sep, 3);
  EXPECT_EQ(tokenizer_.special_tokens().mask, std::nullopt);
  EXPECT_EQ(tokenizer_.model_max_length(), std::nullopt);
}

TEST_F(SmallTokenizer, CountsAddedTokens) {
  const Tokenizer more = Make(Replaced(
      SmallTokenizerJson(), R"("added_tokens":[)",
      R"("added_tokens":[{"id":10,"content":"New","single_word":false,"lstrip":false,"rstrip":false,"normalized":true,"special":false},)"));
  EXPECT_EQ(more.vocab_size(), 11u);
  EXPECT_EQ(more.id_limit(), 11u);
  EXPECT_EQ(more.IdOf("New"), 10);
  EXPECT_EQ(more.TokenOf(10), "new") << "as it stands in the normalized text";
  EXPECT_THAT(more.Encode("aNEWb").ids, ElementsAre(2, 4, 10, 5, 3));
}

TEST_F(SmallTokenizer, WorksWithoutItsOptionalSteps) {
  std::string json = SmallTokenizerJson();
  for (const char* const step : {"normalizer", "pre_tokenizer", "post_processor", "decoder"}) {
    json = Replaced(json, std::string("\"") + step + "\":{", std::string("\"") + step + "_\":{");
  }
  const Tokenizer bare = Make(json);
  EXPECT_THAT(bare.Encode("abb").ids, ElementsAre(4, 6, 6));
  EXPECT_THAT(bare.Encode("a b").ids, ElementsAre(1));
  EXPECT_THAT(bare.EncodePair("a", "b").type_ids, ElementsAre(0, 1));
  EXPECT_EQ(bare.Decode(std::vector<std::int32_t>{4, 6}, false), "a ##b");
}

TEST_F(SmallTokenizer, LowercasesFirstWhereAsked) {
  const std::string cased =
      Replaced(SmallTokenizerJson(), R"("lowercase":true)", R"("lowercase":false)");
  const TestFolder folder;
  folder.Write("tokenizer.json", cased);
  EXPECT_THAT(Tokenizer::Load(folder.path()).Encode("A").ids, ElementsAre(2, 1, 3));
  EXPECT_THAT(Tokenizer::Load(folder.path(), {.lowercase_first = true}).Encode("A").ids,
              ElementsAre(2, 4, 3));
}

// A text of 10 MB a case. Without linear time a test takes hours.
TEST_F(SmallTokenizer, TakesHostileTextsInLinearTime) {
  for (const char* const piece : {"a", "[SE", "[SEP]", "\u0301", "\u302E", "\U0001D165", "中", " ",
                                  "a ", "ab", "\u0001", "é", "각", ".", "\u302E\u0001"}) {
    std::string text;
    while (text.size() < 10'000'000) text += piece;
    std::vector<std::int32_t> ids;
    tokenizer_.EncodeIds(text, {.max_length = 16}, ids);
    EXPECT_LE(ids.size(), 16u);
    text.resize(300 * std::string_view(piece).size());
    ids.clear();
    tokenizer_.EncodeIds(text, {}, ids);
    EXPECT_EQ(ids, tokenizer_.Encode(text).ids) << piece;
  }
}

TEST(TokenizerLoadTest, ReadsVocabTxt) {
  const TestFolder folder;
  folder.Write("vocab.txt", "[PAD]\n[UNK]\r\n[CLS]\n[SEP]\n[MASK]\nA \na\n##b\nx\nx\n");
  folder.Write("tokenizer_config.json",
               R"({"do_lower_case":false,"model_max_length":1000000000000000019884624838656})");
  const Tokenizer tokenizer = Tokenizer::Load(folder.path());
  EXPECT_THAT(Tokens(tokenizer, "Abab x[MASK]"),
              ElementsAre("[CLS]", "[UNK]", "x", "[MASK]", "[SEP]"));
  EXPECT_THAT(tokenizer.Encode("Ab x").ids, ElementsAre(2, 5, 7, 9, 3));
  EXPECT_THAT(tokenizer.EncodePair("a", "a").type_ids, ElementsAre(0, 0, 0, 1, 1));
  EXPECT_EQ(tokenizer.special_tokens().mask, 4);
  EXPECT_EQ(tokenizer.model_max_length(), std::nullopt);
  EXPECT_EQ(tokenizer.vocab_size(), 9u);
  EXPECT_EQ(tokenizer.id_limit(), 10u);
}

TEST(TokenizerLoadTest, GivesMissingSpecialTokensTheNextIds) {
  const TestFolder folder;
  folder.Write("vocab.txt", "<unk>\na\n");
  folder.Write("tokenizer_config.json",
               R"({"unk_token":{"content":"<unk>"},"model_max_length":128})");
  folder.Write("special_tokens_map.json", R"({"cls_token":"<cls>"})");
  const Tokenizer tokenizer = Tokenizer::Load(folder.path());
  EXPECT_THAT(Tokens(tokenizer, "A b"), ElementsAre("<cls>", "a", "<unk>", "[SEP]"));
  EXPECT_EQ(tokenizer.IdOf("[SEP]"), 2) << "after unk_token, in transformers' order";
  EXPECT_EQ(tokenizer.special_tokens().cls, 4);
  EXPECT_EQ(tokenizer.model_max_length(), 128u);
}

struct BrokenFile {
  const char* name;
  const char* from;  // This part of the small tokenizer.json
  const char* to;    // becomes this.
  ErrorCode code;
  const char* problem;
};

class BrokenTokenizerJson : public testing::TestWithParam<BrokenFile> {};

TEST_P(BrokenTokenizerJson, IsRefusedWithItsNameAndTheProblem) {
  const TestFolder folder;
  folder.Write("tokenizer.json", Replaced(SmallTokenizerJson(), GetParam().from, GetParam().to));
  EXPECT_THAT([&] { Tokenizer::Load(folder.path()); },
              ThrowsError(GetParam().code, AllOf(HasSubstr(folder.Path("tokenizer.json") + ": "),
                                                 HasSubstr(GetParam().problem))));
}

constexpr auto kDataLoss = ErrorCode::kDataLoss;
constexpr auto kUnimplemented = ErrorCode::kUnimplemented;

INSTANTIATE_TEST_SUITE_P(
    Rows, BrokenTokenizerJson,
    testing::ValuesIn(std::vector<BrokenFile>{
        {"NotJson", "{\"version\"", "{version", kDataLoss, "not valid JSON"},
        {"OtherVersion", "\"1.0\"", "\"2.0\"", kUnimplemented, "'version' is '2.0'"},
        {"NoModel", "\"model\"", "\"model_\"", kDataLoss, "lacks the key 'model'"},
        {"UnknownModel", "{\"type\":\"WordPiece\",\"unk", "{\"type\":\"BPE\",\"unk", kUnimplemented,
         "'model' has the type 'BPE'"},
        {"UnknownNormalizer", "\"BertNormalizer\"", "\"Nmt\"", kUnimplemented,
         "'normalizer' has the type 'Nmt'"},
        {"NormalizerOfNoType", "\"type\":\"BertNormalizer\",", "", kDataLoss,
         "lacks the key 'type'"},
        {"NormalizerIsAString", "\"normalizer\":{", "\"normalizer\":\"x\",\"x\":{", kDataLoss,
         "'normalizer' must be an object"},
        {"TypeIsANumber", "\"BertPreTokenizer\"", "7", kDataLoss, "'type' must be a string"},
        {"FlagIsAString", "\"clean_text\":true", "\"clean_text\":\"yes\"", kDataLoss,
         "'clean_text' must be true or false"},
        {"FlagIsMissing", "\"clean_text\":true,", "", kDataLoss, "lacks the key 'clean_text'"},
        {"UnknownPreTokenizer", "\"BertPreTokenizer\"", "\"Metaspace\"", kUnimplemented,
         "'Metaspace'"},
        {"UnknownPostProcessor", "\"TemplateProcessing\"", "\"ByteLevel\"", kUnimplemented,
         "'ByteLevel'"},
        {"UnknownDecoder", "\"decoder\":{\"type\":\"WordPiece\"", "\"decoder\":{\"type\":\"CTC\"",
         kUnimplemented, "'CTC'"},
        {"TemplateOfAnUnknownToken", "{\"SpecialToken\":{\"id\":\"[CLS]\"",
         "{\"SpecialToken\":{\"id\":\"[X]\"", kDataLoss, "'[X]'"},
        {"TemplateOfAnUnknownText", "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Special",
         "{\"Sequence\":{\"id\":\"C\",\"type_id\":0}},{\"Special", kDataLoss, "must be A or B"},
        {"SingleTemplateWithTwoTexts", "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"Special",
         "{\"Sequence\":{\"id\":\"B\",\"type_id\":0}},{\"Special", kDataLoss, "'single'"},
        {"NegativeTypeId", "\"B\",\"type_id\":1", "\"B\",\"type_id\":-1", kDataLoss,
         "'type_id' is -1"},
        {"TemplateIdAboveTheVocabulary", "\"ids\":[2]", "\"ids\":[10]", kDataLoss, "adds token 10"},
        {"TemplateIdIsNegative", "\"ids\":[2]", "\"ids\":[-2]", kDataLoss, "'ids' is -2"},
        {"TemplateIdsAndTokensDiffer", "\"ids\":[2]", "\"ids\":[2,2]", kDataLoss, "as many"},
        {"AddedTokenWithoutContent", "\"content\":\"[PAD]\",", "", kDataLoss,
         "lacks the key 'content'"},
        {"AddedTokensAreAnObject", "\"added_tokens\":[", "\"added_tokens\":{\"a\":[", kDataLoss,
         "not valid JSON"},
        {"VocabIsAList", "\"vocab\":{", "\"vocab\":[],\"vocab_\":{", kDataLoss,
         "'vocab' must be an object"},
        {"IdIsAString", "\"a\":4", "\"a\":\"4\"", kDataLoss, "'a' must be an integer"},
        {"IdIsNegative", "\"a\":4", "\"a\":-4", kDataLoss, "'a' is -4"},
        {"IdIsHuge", "\"a\":4", "\"a\":4294967296", kDataLoss, "'a' is 4294967296"},
        {"IdIsFarFromTheOthers", "\"a\":4", "\"a\":1000000", kDataLoss, "'a' has id 1000000"},
        {"IdTwice", "\"a\":4", "\"a\":5", kDataLoss, "the same id 5"},
        {"TokenTwice", "\"a\":4", "\"a\":4,\"a\":10", kDataLoss, "twice"},
        {"UnknownTokenIsMissing", "\"unk_token\":\"[UNK]\"", "\"unk_token\":\"<unk>\"", kDataLoss,
         "'<unk>'"},
        {"NegativeWordLength", "_word\":100", "_word\":-1", kDataLoss, "is -1"},
        {"HugeWordLength", "_word\":100", "_word\":18446744073709551615", kDataLoss,
         "must be an integer"},
        {"NoPrefix", "\"continuing_subword_prefix\":\"##\",", "", kDataLoss,
         "continuing_subword_prefix"},
        {"SurrogateInAToken", "\"a\":4", "\"\\ud800\":4", kDataLoss, "not valid JSON"},
    }),
    [](const auto& test) { return test.param.name; });

TEST(TokenizerLoadTest, RefusesDeepSequences) {
  std::string step = R"({"type":"Lowercase"})";
  for (int i = 0; i < 100; ++i) {
    step = Format(R"({{"type":"Sequence","normalizers":[{}]}})", step);
  }
  const TestFolder folder;
  folder.Write("tokenizer.json", Replaced(SmallTokenizerJson(),
                                          "\"normalizer\":", "\"normalizer\":" + step + ",\"x\":"));
  EXPECT_THROW(Tokenizer::Load(folder.path()), Error);
}

struct BrokenFolder {
  const char* name;
  const char* vocab;  // Null: no such file.
  const char* config;
  ErrorCode code;
  const char* problem;
};

class BrokenVocabFolder : public testing::TestWithParam<BrokenFolder> {};

TEST_P(BrokenVocabFolder, IsRefusedWithTheProblem) {
  const TestFolder folder;
  if (GetParam().vocab != nullptr) folder.Write("vocab.txt", GetParam().vocab);
  if (GetParam().config != nullptr) folder.Write("tokenizer_config.json", GetParam().config);
  EXPECT_THAT(
      [&] { Tokenizer::Load(folder.path()); },
      ThrowsError(GetParam().code, AllOf(HasSubstr(folder.path()), HasSubstr(GetParam().problem))));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BrokenVocabFolder,
    testing::ValuesIn(std::vector<BrokenFolder>{
        {"Empty", nullptr, nullptr, ErrorCode::kNotFound, "has no tokenizer.json"},
        {"EmptyVocab", "", nullptr, kDataLoss, "vocab.txt: the unknown token '[UNK]'"},
        {"VocabIsNotUtf8", "[UNK]\n\xFF\n", nullptr, kDataLoss, "vocab.txt: byte 6 is not UTF-8"},
        {"NoUnknownToken", "a\nb\n", nullptr, kDataLoss, "'[UNK]'"},
        {"ConfigIsNotJson", "[UNK]\n", "{", kDataLoss, "tokenizer_config.json: not valid JSON"},
        {"ConfigIsAList", "[UNK]\n", "[]", kDataLoss, "tokenizer_config.json: must be an object"},
        {"FlagIsANumber", "[UNK]\n", R"({"do_lower_case":1})", kDataLoss,
         "'do_lower_case' must be"},
        {"TokenIsANumber", "[UNK]\n", R"({"cls_token":1})", kDataLoss,
         "'cls_token' must be a string"},
        {"TokenHasNoContent", "[UNK]\n", R"({"cls_token":{}})", kDataLoss,
         "lacks the key 'content'"},
        {"TokenIsEmpty", "[UNK]\n", R"({"cls_token":""})", kDataLoss,
         "'cls_token' must not be empty"},
        {"LengthIsNegative", "[UNK]\n", R"({"model_max_length":-1})", kDataLoss,
         "'model_max_length' must be"},
    }),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace merle
