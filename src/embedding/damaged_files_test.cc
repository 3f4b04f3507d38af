// Every bit flip and every cut of the smallest file of each format: it loads, and then works, or an
// Error says why not. tests/integration/damaged_folders.py has the damages with a meaning.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/test_folder.h"
#include "base/thread_pool.h"
#include "embedding/model_folder.h"
#include "embedding/modules.h"
#include "models/registry.h"
#include "tensor/matrix.h"
#include "tokenizers/tokenizer.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

class DamagedFiles : public testing::Test {
 protected:
  DamagedFiles() {
    fs::copy(fs::path(MERLE_SOURCE_DIR) / "tests/golden/embedding/st-dense-tanh",
             folder_.Path("model"), fs::copy_options::recursive);
  }

  // Calls `use` with the file as `content`.
  void Try(const std::string& name, std::string_view content, const std::function<void()>& use) {
    fs::remove(folder_.Path("model/" + name));  // To write over it would wait for the disk.
    folder_.Write("model/" + name, content);
    try {
      use();
      ++loaded_;
    } catch (const Error& error) {
      ++refused_;
      const std::string_view message = error.what();
      EXPECT_EQ(message.find('\n'), message.npos) << message;
      EXPECT_LT(message.size(), 1000u);
    }
  }

  // Every cut, and every flip of one bit, of the first `bytes` bytes of a file.
  void CutAndFlip(const std::string& name, std::size_t bytes, const std::function<void()>& use) {
    const std::string whole = ReadFile(folder_.Path("model/" + name), 1 << 20);
    Try(name, whole, use);
    ASSERT_EQ(loaded_, 1) << name;
    bytes = std::min(bytes, whole.size());
    for (std::size_t size = 0; size < bytes; ++size) Try(name, whole.substr(0, size), use);
    EXPECT_LE(loaded_, 2) << "cut files load";  // One may: without the new line at its end.
    for (std::size_t bit = 0; bit < 8 * bytes; ++bit) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
      Try(name, flipped, use);
    }
    EXPECT_GT(refused_, static_cast<int>(4 * bytes));
    RecordProperty("loaded", loaded_);
    RecordProperty("refused", refused_);
  }

  Folder Model() const { return folder_.Path("model"); }

  const TestFolder folder_;
  ThreadPool pool_{1};
  int loaded_ = 0;
  int refused_ = 0;
};

TEST_F(DamagedFiles, SafetensorsHeader) {
  CutAndFlip("2_Dense/model.safetensors", 160, [&] {
    const auto dense = LoadModule("Dense", Model().Below("2_Dense"), 16);
    const Matrix<float> in(1, 16);
    Matrix<float> out(1, dense->out_dim());
    dense->Forward(in.view(), out.view());
  });
}

TEST_F(DamagedFiles, Config) {
  CutAndFlip("config.json", SIZE_MAX, [&] {
    const auto model = LoadEncoderModel(Model());
    const std::int32_t ids[] = {2, 7, 3};
    const std::size_t starts[] = {0, 3};
    Matrix<float> out(3, model->shape().hidden_size);
    model->Forward({.ids = ids, .type_ids = {}, .starts = starts}, pool_, out.view());
  });
}

TEST_F(DamagedFiles, Tokenizer) {
  // The class that takes all parts from the file.
  folder_.Write("model/tokenizer_config.json", R"({"tokenizer_class":"PreTrainedTokenizerFast"})");
  // As small as one can be that has all parts: each byte is nine files.
  folder_.Write(
      "model/tokenizer.json",
      R"({"added_tokens":[{"id":0,"content":"[U]","single_word":false,"lstrip":true,)"
      R"("rstrip":false,"normalized":true,"special":true}],"normalizer":{"type":"Sequence",)"
      R"("normalizers":[{"type":"NFKC"},{"type":"Replace","pattern":{"String":"a"},)"
      R"("content":"ab"}]},"pre_tokenizer":{"type":"Whitespace"},"post_processor":)"
      R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"S","type_id":0}},)"
      R"({"Sequence":{"id":"A","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},)"
      R"({"Sequence":{"id":"B","type_id":0}}],"special_tokens":{"S":{"ids":[1],)"
      R"("tokens":["S"]}}},"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},)"
      R"("model":{"type":"WordPiece","unk_token":"[U]","continuing_subword_prefix":"##",)"
      R"("max_input_chars_per_word":9,"vocab":{"[U]":0,"S":1,"a":2,"##b":3}}})");
  CutAndFlip("tokenizer.json", SIZE_MAX, [&] {
    const auto tokenizer = Tokenizer::Load(Model());
    tokenizer.Decode(tokenizer.Encode("A cat's [U] sat, abc").ids, false);
  });
}

TEST_F(DamagedFiles, Modules) {
  CutAndFlip("modules.json", SIZE_MAX, [&] { ReadModelFolder(Model()); });
}

}  // namespace
}  // namespace merle
