#include "embedding/embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error_matcher.h"
#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "base/test_folder.h"
#include "base/thread_pool.h"
#include "embedding/statistics.h"
#include "tensor/matrix.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(MERLE_SOURCE_DIR) / "tests/golden/embedding";

TEST(EmbedderTest, NoTextsGiveNoRows) {
  const Embedder embedder = Embedder::Load((kGolden / "st-normalize").string());
  const Matrix<float> vectors = embedder.Embed(std::span<const std::string_view>());
  EXPECT_EQ(vectors.rows(), 0u);
  EXPECT_EQ(vectors.cols(), embedder.dim());
}

TEST(EmbedderTest, EmbeddersMayShareAPool) {
  ThreadPool pool(3);
  const Embedder a = Embedder::Load((kGolden / "st-normalize").string(), {.pool = &pool});
  const Embedder b = Embedder::Load((kGolden / "st-normalize").string(), {.pool = &pool});
  EXPECT_EQ(&a.pool(), &b.pool());
  EXPECT_TRUE(std::ranges::equal(a.Embed("dog").Row(0), b.Embed("dog").Row(0)));
}

TEST(EmbedderTest, ServesSeveralThreadsAtOnceWithTheSameBits) {
  const Embedder embedder = Embedder::Load((kGolden / "st-normalize").string(), {.threads = 2});
  std::vector<std::string> texts;
  texts.reserve(60);
  for (int i = 0; i < 60; ++i) texts.push_back(Format("the first token {}", std::string(i, 'a')));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const Matrix<float> expected = embedder.Embed(views);
  const std::size_t bytes = expected.rows() * expected.cols() * sizeof(float);
  std::atomic<int> differences = 0;
  std::vector<std::thread> callers;
  callers.reserve(4);
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        const Matrix<float> vectors = embedder.Embed(views);
        if (std::memcmp(vectors.data(), expected.data(), bytes) != 0) ++differences;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(differences, 0);
}

TEST(EmbedderTest, ErrorsNameTheTextAsTheCallerWants) {
  const Embedder embedder = Embedder::Load((kGolden / "st-short").string());
  const std::vector<std::string_view> texts = {"dog", "the first token the first token the token"};
  EmbedOptions options{.on_long = OnLong::kError, .batch_tokens = 1};
  EXPECT_THAT([&] { embedder.Embed(texts, options); },
              ThrowsError(ErrorCode::kInvalidArgument, testing::HasSubstr("text 1 has ")));
  options.name_text = [](std::size_t index) { return Format("f.txt:{}", index + 1); };
  EXPECT_THAT([&] { embedder.Embed(texts, options); },
              ThrowsError(ErrorCode::kInvalidArgument, testing::StartsWith("f.txt:2 has ")));
}

TEST(EmbedderTest, VectorsThatAreNotFiniteAreNoResult) {
  const TestFolder folder;
  const std::string model = folder.Path("model");
  fs::copy(kGolden / "st-normalize", model, fs::copy_options::recursive);
  std::string bytes = ReadFile(model + "/model.safetensors", 1 << 20);
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::size_t data = sizeof header + header;
  bytes.replace(data, bytes.size() - data, bytes.size() - data, '\xFF');  // All ones is NaN.
  folder.Write("model/model.safetensors", bytes);
  EXPECT_THAT([&] { Embedder::Load(model).Embed("dog"); },
              ThrowsError(ErrorCode::kDataLoss, testing::HasSubstr("not finite")));
}

TEST(EmbedderTest, DimCountsWhatEmbedGives) {
  const Embedder embedder = Embedder::Load((kGolden / "st-truncate-dim").string());
  for (const std::size_t dim : {0, 3, 6, 16, 100}) {
    const EmbedOptions options{.truncate_dim = dim};
    EXPECT_EQ(embedder.Embed("dog", options).cols(), embedder.dim(options)) << dim;
  }
  EXPECT_EQ(embedder.dim(), 6u);
}

TEST(EmbedderTest, ReportsProgressAndCounts) {
  const Embedder embedder = Embedder::Load((kGolden / "st-normalize").string());
  const std::vector<std::string_view> texts(50, "the first token");
  std::vector<std::size_t> seen;
  EmbedOptions options;
  options.batch_tokens = 100;
  options.on_progress = [&](std::size_t done) { seen.push_back(done); };
  EmbedStats stats;
  embedder.Embed(texts, options, &stats);
  EXPECT_EQ(stats.texts, 50u);
  EXPECT_EQ(stats.cut_texts, 0u);
  EXPECT_GT(stats.tokens, 100u);
  ASSERT_GT(seen.size(), 3u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), 50u);
}

TEST(EmbedderTest, TimesByStageAreOfTheClockAndLeaveOutTheCallersOwn) {
  const std::vector<std::string_view> texts(200, "the first token the second token");
  for (const std::size_t threads : {1, 3}) {
    const Embedder embedder =
        Embedder::Load((kGolden / "st-normalize").string(), {.threads = threads});
    EmbedOptions options;
    options.batch_tokens = 1000;
    options.on_progress = [](std::size_t) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    };
    EmbedStats stats;
    const Stopwatch watch;
    embedder.Embed(texts, options, &stats);
    embedder.Embed(texts, options, &stats);  // Adds to the first.
    EXPECT_LE(stats.seconds, watch.Seconds());
    EXPECT_GE(stats.seconds, 2 * 0.005);
    EXPECT_GT(stats.tokenize_seconds, 0);
    EXPECT_GT(stats.forward_seconds, 0);
    EXPECT_GT(stats.pool_seconds, 0);
    EXPECT_LE(stats.tokenize_seconds + stats.forward_seconds + stats.pool_seconds,
              stats.seconds - 2 * 0.005);
  }
}

TEST(EmbedderTest, CountingDoesNotChangeAVector) {
  const Embedder embedder = Embedder::Load((kGolden / "st-normalize").string());
  const std::vector<std::string_view> texts = {"dog", "the first token"};
  EmbedStats stats;
  const Matrix<float> counted = embedder.Embed(texts, {}, &stats);
  const Matrix<float> plain = embedder.Embed(texts);
  for (std::size_t r = 0; r < texts.size(); ++r) {
    EXPECT_TRUE(std::ranges::equal(counted.Row(r), plain.Row(r)));
  }
}

TEST(EmbedderTest, LoadingTellsItsTimes) {
  const Stopwatch watch;
  const LoadStats load = Embedder::Load((kGolden / "st-normalize").string()).load_stats();
  EXPECT_LE(load.seconds, watch.Seconds());
  EXPECT_GT(load.weights_seconds, 0);
  EXPECT_GT(load.tokenizer_seconds, 0);
  EXPECT_LE(load.weights_seconds + load.tokenizer_seconds, load.seconds);
}

TEST(EmbedderTest, ABadTextIsNamedByItsIndex) {
  const Embedder embedder = Embedder::Load((kGolden / "st-normalize").string());
  const std::string_view texts[] = {"good", "good", "bad \xFF text"};
  EXPECT_THAT([&] { embedder.Embed(texts); },
              ThrowsError(ErrorCode::kInvalidArgument,
                          testing::HasSubstr("text 2 is not UTF-8: byte 4 (0xFF)")));
}

// A copy of a golden folder whose weights are all made of one byte.
class FilledWeights : public testing::Test {
 protected:
  std::string Fill(const char* golden, char byte) const {
    const std::string model = folder_.Path("model");
    fs::copy(kGolden / golden, model, fs::copy_options::recursive);
    std::string bytes = ReadFile(model + "/model.safetensors", 1 << 20);
    std::uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(sizeof header + header), bytes.end(),
              byte);
    folder_.Write("model/model.safetensors", bytes);
    return model;
  }

  const TestFolder folder_;
};

TEST_F(FilledWeights, AVectorOfZerosIsNoResult) {
  EXPECT_THAT([&] { Embedder::Load(Fill("st-normalize", 0)).Embed("dog"); },
              ThrowsError(ErrorCode::kDataLoss, testing::HasSubstr("text 0 is all zeros")));
}

TEST_F(FilledWeights, ZerosStayWhereThePromptLeavesNoToken) {
  const std::string model = Fill("st-prompts-not-pooled", 0);
  std::string tokenizer = ReadFile(model + "/tokenizer.json", 1 << 20);
  const std::string_view sep = R"(,{"SpecialToken":{"id":"[SEP]","type_id":0}}],"pair")";
  ASSERT_NE(tokenizer.find(sep), tokenizer.npos);  // It would count.
  tokenizer.replace(tokenizer.find(sep), sep.size(), R"(],"pair")");
  folder_.Write("model/tokenizer.json", tokenizer);
  folder_.Write("model/tokenizer_config.json", R"({"tokenizer_class":"PreTrainedTokenizerFast"})");
  const Embedder embedder = Embedder::Load(model);
  EXPECT_THROW(embedder.Embed("a", {.prompt = {.text = "a "}}), Error);
  const Matrix<float> vector = embedder.Embed("", {.prompt = {.text = "a "}});
  EXPECT_TRUE(std::ranges::all_of(vector.Row(0), [](float x) { return x == 0; }));
}

TEST(EmbedderTest, AVectorOfZerosIsAResultWhereThePooledOneIsNot) {
  const Embedder embedder = Embedder::Load((kGolden / "st-dense-relu").string());
  const std::string_view texts[] = {"a", "b", "c", "d", "e", "f", "the", "first", "0", "1", ""};
  const Matrix<float> cut = embedder.Embed(texts, {.truncate_dim = 1});
  const Matrix<float> whole = embedder.Embed(texts);
  std::size_t zeros = 0;
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    EXPECT_EQ(cut.Row(i)[0], whole.Row(i)[0]);
    if (cut.Row(i)[0] == 0) ++zeros;
  }
  EXPECT_GT(zeros, 0u);
}

// Mapped weights would end the process here.
TEST_F(FilledWeights, AFileThatIsCutAfterLoadingIsAnError) {
  const std::string model = folder_.Path("model");
  fs::copy(kGolden / "st-normalize", model, fs::copy_options::recursive);
  const Embedder embedder = Embedder::Load(model);
  const Matrix<float> before = embedder.Embed("dog");
  fs::resize_file(model + "/model.safetensors", 100);
  EXPECT_TRUE(std::ranges::equal(embedder.Embed("dog").Row(0), before.Row(0)));  // Rows it has.
  EXPECT_THAT(
      [&] { embedder.Embed("z y x w v u t s r q p . , ! ? [MASK] 0 1 2 3 the first token"); },
      ThrowsError(ErrorCode::kDataLoss, testing::HasSubstr("model.safetensors: ends at")));
}

TEST(EmbedderTest, FieldsThatNameCodeAreLoggedAndNotUsed) {
  const TestFolder folder;
  fs::copy(kGolden / "st-normalize", folder.path(), fs::copy_options::recursive);
  std::string config = ReadFile(folder.Path("config.json"), 1 << 20);
  config.insert(config.find('{') + 1, R"("custom_\n":1,"auto_map":{"AutoModel":"evil.Model"},)");
  folder.Write("config.json", config);
  std::vector<std::string> messages;
  SetLogCallback([&](LogLevel, std::string_view message) { messages.emplace_back(message); });
  Embedder::Load(folder.path());
  SetLogCallback({});
  EXPECT_THAT(messages, testing::ElementsAre(testing::HasSubstr("config.json: 'custom_\\n' may")));
}

// A copy of a golden folder in which one file is replaced (or removed, for no content).
struct Damage {
  const char* name;
  const char* model;
  const char* file;
  const char* content;  // Null removes the file.
  ErrorCode code;
  const char* says;
};

class DamagedFolder : public testing::TestWithParam<Damage> {
 protected:
  DamagedFolder() {
    fs::copy(kGolden / GetParam().model, folder_.path(), fs::copy_options::recursive);
    fs::remove(folder_.Path(GetParam().file));
    if (GetParam().content != nullptr) folder_.Write(GetParam().file, GetParam().content);
  }

  const TestFolder folder_;
};

TEST_P(DamagedFolder, GivesAClearError) {
  EXPECT_THAT([&] { Embedder::Load(folder_.path()); },
              ThrowsError(GetParam().code, testing::HasSubstr(GetParam().says)));
}

constexpr const char* kPlain = "st-normalize";
constexpr const char* kDense = "st-dense-tanh";

INSTANTIATE_TEST_SUITE_P(
    Files, DamagedFolder,
    testing::ValuesIn(std::vector<Damage>{
        {"NoConfig", kPlain, "config.json", nullptr, ErrorCode::kNotFound, "config.json"},
        {"ConfigIsNotJson", kPlain, "config.json", "{", ErrorCode::kDataLoss, "config.json"},
        {"ConfigIsAnArray", kPlain, "config.json", "[]", ErrorCode::kDataLoss, "object"},
        {"NoModelType", kPlain, "config.json", "{}", ErrorCode::kDataLoss, "model_type"},
        {"UnknownModelType", kPlain, "config.json", R"({"model_type":"albrecht"})",
         ErrorCode::kUnimplemented, "albrecht"},
        {"HugeHiddenSize", kPlain, "config.json",
         R"({"model_type":"bert","hidden_size":4294967296})", ErrorCode::kDataLoss, "hidden_size"},
        {"NoWeights", kPlain, "model.safetensors", nullptr, ErrorCode::kNotFound,
         "model.safetensors"},
        {"WeightsAreEmpty", kPlain, "model.safetensors", "", ErrorCode::kDataLoss, "0 bytes"},
        {"NoTokenizer", kPlain, "tokenizer.json", nullptr, ErrorCode::kNotFound, "tokenizer"},
        {"TokenizerIsNotJson", kPlain, "tokenizer.json", "x", ErrorCode::kDataLoss,
         "tokenizer.json"},
        {"ModulesIsAnObject", kPlain, "modules.json", "{}", ErrorCode::kDataLoss, "modules.json"},
        {"NoModulesAtAll", kPlain, "modules.json", "[]", ErrorCode::kDataLoss, "0 modules"},
        {"ModulePathClimbs", kPlain, "modules.json", R"([{"path":"../x","type":"a.Transformer"}])",
         ErrorCode::kDataLoss, "../x"},
        {"ModulePathIsAbsolute", kPlain, "modules.json",
         R"([{"path":"/etc","type":"a.Transformer"}])", ErrorCode::kDataLoss, "/etc"},
        {"FirstModuleIsUnknown", kPlain, "modules.json", R"([{"path":"","type":"a.BoW"}])",
         ErrorCode::kUnimplemented, "BoW"},
        {"NoPooling", kPlain, "modules.json", R"([{"path":"","type":"a.Transformer"}])",
         ErrorCode::kUnimplemented, "Pooling"},
        {"UnknownModule", kPlain, "modules.json",
         R"([{"path":"","type":"a.Transformer"},{"path":"1_Pooling","type":"a.Pooling"},{"path":"2_X","type":"a.CNN"}])",
         ErrorCode::kUnimplemented, "CNN"},
        {"NoPoolingConfig", kPlain, "1_Pooling/config.json", nullptr, ErrorCode::kNotFound,
         "1_Pooling"},
        {"MaxLengthIsZero", kPlain, "sentence_bert_config.json", R"({"max_seq_length":0})",
         ErrorCode::kDataLoss, "max_seq_length"},
        {"NoRoomForATextBesideSpecialTokens", kPlain, "sentence_bert_config.json",
         R"({"max_seq_length":2})", ErrorCode::kDataLoss, "2 are special"},
        {"DefaultPromptIsMissing", kPlain, "config_sentence_transformers.json",
         R"({"default_prompt_name":"x"})", ErrorCode::kDataLoss, "'x'"},
        {"AnotherKindOfModel", kPlain, "config_sentence_transformers.json",
         R"({"model_type":"CrossEncoder"})", ErrorCode::kUnimplemented, "CrossEncoder"},
        {"DenseDoesNotFit", kDense, "2_Dense/config.json", R"({"in_features":17,"out_features":8})",
         ErrorCode::kDataLoss, "in_features"},
        {"DenseWeightsDoNotFit", kDense, "2_Dense/config.json",
         R"({"in_features":16,"out_features":9})", ErrorCode::kDataLoss, "[8, 16]"},
        {"DenseActivationIsUnknown", kDense, "2_Dense/config.json",
         R"({"in_features":16,"out_features":8,"activation_function":"torch.nn.Mystery"})",
         ErrorCode::kUnimplemented, "Mystery"},
    }),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace merle
