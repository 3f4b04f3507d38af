// The cache of tokenizers: the same tokens with it as without, whatever became of its files.
#include "tokenizers/tokenizer_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/cache_entry.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/test_folder.h"
#include "tokenizers/small_tokenizer.h"
#include "tokenizers/tables_version.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/vocabulary.h"

namespace merle {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kText = "Ab ab. 中 c\u00C9\u0301 [SEP] x\u0130";

class TokenizerCache : public testing::TestWithParam<const char*> {
 protected:
  TokenizerCache() {
    if (std::string_view(GetParam()) == "tokenizer.json") {
      folder_.Write("model/tokenizer.json", SmallTokenizerJson());
    } else {
      folder_.Write("model/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##b\nc\n.\n中\n");
    }
    expected_ = Answers(Tokenizer::Load(Model()));
  }

  std::string Model() const { return folder_.Path("model"); }
  std::string Cache() const { return folder_.Path("cache"); }
  CacheEntry Entry() const { return EntryOfTokenizer(OpenTokenizerFile(Folder(Model())), Cache()); }

  // What a tokenizer says.
  static std::string Answers(const Tokenizer& tokenizer) {
    const Encoding encoding = tokenizer.EncodePair(kText, "b");
    std::string answers;
    for (const std::int32_t id : encoding.ids) answers += std::to_string(id) + " ";
    for (const Offset offset : encoding.offsets) answers += std::to_string(offset.end) + " ";
    std::vector<std::int32_t> ids;
    tokenizer.EncodeIds(kText, {}, ids);
    for (const std::int32_t id : ids) answers += std::to_string(id) + " ";
    return answers + tokenizer.Decode(ids, false) + std::to_string(tokenizer.vocab_size());
  }
  std::string WithCache() const {
    return Answers(Tokenizer::Load(Model(), {.cache_folder = Cache()}));
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& file : fs::directory_iterator(Cache())) {
      if (file.path().extension() == ".packed") files.push_back(file.path().string());
    }
    return files;
  }

  static std::string Smallest(std::vector<std::string> files) {
    return *std::ranges::min_element(files, {},
                                     [](const auto& path) { return fs::file_size(path); });
  }

  const TestFolder folder_;
  std::string expected_;
};

TEST_P(TokenizerCache, GivesTheSameTokens) {
  EXPECT_EQ(WithCache(), expected_);
  EXPECT_EQ(Files().size(), 2u);  // The vocabulary, and the table of characters.
  EXPECT_EQ(WithCache(), expected_);
}

// So that another version does not take them. The keys lie in the entries as they are.
TEST_P(TokenizerCache, NamesTheVersionInEachKey) {
  WithCache();
  for (const std::string& path : Files()) {
    EXPECT_THAT(ReadFile(path, 1 << 20), testing::HasSubstr(kTablesVersion)) << path;
  }
}

// Else the other tests would show nothing.
TEST_P(TokenizerCache, IsUsed) {
  WithCache();
  auto stored = TakeTokenizer(Entry(), Model() + "/" + GetParam());
  ASSERT_TRUE(stored && stored->vocabulary);
  std::vector<Vocabulary::Token> tokens;
  stored->vocabulary->ForEach([&](std::string_view token, std::int32_t id) {
    tokens.push_back({token == "##b" ? "##B" : std::string(token), id});
  });
  KeepTokenizer(Entry(), *stored, Vocabulary(tokens));
  EXPECT_NE(WithCache(), expected_);
}

TEST_P(TokenizerCache, ShowsEveryFlippedBitAndEveryCut) {
  WithCache();
  const CacheEntry entry = Entry();
  const std::string name = Model() + "/" + GetParam();
  ASSERT_TRUE(TakeTokenizer(entry, name));
  const std::string path = Smallest(Files());
  const std::string whole = ReadFile(path, 1 << 20);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto put = [&](std::size_t at, int byte) {
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte)).flush();
  };
  for (std::size_t at = 0; at < whole.size(); ++at) {
    put(at, whole[at] ^ 1 << at % 8);
    ASSERT_FALSE(TakeTokenizer(entry, name)) << "byte " << at;
    put(at, whole[at]);
  }
  ASSERT_TRUE(TakeTokenizer(entry, name));
  for (std::size_t size = whole.size(); size-- > 0;) {
    fs::resize_file(path, size);
    ASSERT_FALSE(TakeTokenizer(entry, name)) << size << " bytes";
  }
  EXPECT_EQ(WithCache(), expected_);
}

TEST_P(TokenizerCache, IsMadeAnewWhereItIsDamaged) {
  WithCache();
  for (const std::string& path : Files()) {
    const std::string whole = ReadFile(path, 1 << 20);
    for (std::size_t at = 0; at < whole.size(); at += 1 + whole.size() / 50) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 1 << at % 8);
      std::ofstream(path, std::ios::binary) << damaged;
      ASSERT_EQ(WithCache(), expected_) << path << " byte " << at;
      ASSERT_EQ(ReadFile(path, 1 << 20), whole) << path << " byte " << at;
      fs::resize_file(path, at);
      ASSERT_EQ(WithCache(), expected_) << path << " of " << at << " bytes";
      ASSERT_EQ(ReadFile(path, 1 << 20), whole) << path << " of " << at << " bytes";
    }
  }
}

// With the right checksum, by somebody.
TEST_P(TokenizerCache, DoesNoHarmWhereItIsForged) {
  WithCache();
  std::vector<std::string> fields;
  auto stored = Entry().Open();
  ASSERT_TRUE(stored);
  while (const auto field = stored->Next<char>()) fields.emplace_back(field->begin(), field->end());
  ASSERT_EQ(fields.size(), 5u);
  for (std::string& field : fields) {
    for (std::size_t at = 0; at < field.size(); at += 1 + field.size() / 100) {
      for (const int change : {1, 0x80, 0xFF}) {
        field[at] = static_cast<char>(field[at] ^ change);
        std::vector<std::span<const std::byte>> bytes;
        bytes.reserve(fields.size());
        for (const std::string& each : fields) bytes.push_back(std::as_bytes(std::span(each)));
        Entry().Store(bytes);
        EXPECT_NO_THROW(WithCache());
        field[at] = static_cast<char>(field[at] ^ change);
      }
    }
  }
  for (std::string& field : fields) field.clear();
  Entry().Store(std::vector<std::span<const std::byte>>(5));
  EXPECT_EQ(WithCache(), expected_);
}

TEST_P(TokenizerCache, IsNotTakenForThatOfAnotherFile) {
  WithCache();
  const std::string path = Model() + "/" + GetParam();
  const std::string text = ReadFile(path, 1 << 20);
  folder_.Write(std::string("model/") + GetParam(),
                std::string_view(GetParam()) == "vocab.txt"
                    ? "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nb\na\n##b\nc\n.\n中\n"
                    : Replaced(text, R"("a":4,"b":5)", R"("b":4,"a":5)"));
  const std::string changed = Answers(Tokenizer::Load(Model()));
  EXPECT_NE(changed, expected_);
  EXPECT_EQ(WithCache(), changed);
  EXPECT_EQ(WithCache(), changed);
}

// The other files are read each time.
TEST_P(TokenizerCache, ServesEachConfiguration) {
  for (const char* const config :
       {R"({"do_lower_case":false,"tokenizer_class":"BertTokenizer"})", R"({"unk_token":"a"})",
        R"({"tokenizer_class":"BertTokenizer","model_max_length":7})"}) {
    folder_.Write("model/tokenizer_config.json", config);
    const std::string expected = Answers(Tokenizer::Load(Model()));
    EXPECT_EQ(WithCache(), expected) << config;
    EXPECT_EQ(WithCache(), expected) << config;
  }
  folder_.Write("model/tokenizer_config.json", R"({"split_special_tokens":true})");
  EXPECT_THROW(WithCache(), Error);
}

TEST_P(TokenizerCache, MayBeAPlaceThatCannotBeWritten) {
  folder_.Write("cache", "a file");
  EXPECT_EQ(WithCache(), expected_);
  fs::remove(Cache());
  fs::create_directory(Cache());
  fs::permissions(Cache(), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(WithCache(), expected_);
  fs::permissions(Cache(), fs::perms::owner_all);
}

TEST_P(TokenizerCache, ServesProcessesAtOnce) {
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    bool same = true;
    for (int round = 0; round < 20; ++round) {
      std::error_code ignored;
      if (round % 2 == 0) fs::remove_all(Cache(), ignored);
      same = same && WithCache() == expected_;
    }
    ::_exit(same ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, TokenizerCache, testing::Values("tokenizer.json", "vocab.txt"),
                         [](const auto& test) {
                           return std::string(test.param).substr(0, 5) == "vocab" ? "VocabTxt"
                                                                                  : "TokenizerJson";
                         });

}  // namespace
}  // namespace merle
