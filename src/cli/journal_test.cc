#include "cli/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error_matcher.h"
#include "base/file.h"
#include "base/test_folder.h"

namespace merle {
namespace {

using testing::HasSubstr;

const RunIdentity kIdentity = {{"--dim", "all"}, {"--prompt", "query: \"é\""}};
constexpr Checkpoint kFirst{
    .texts = 4096, .bytes = 262272, .input = 0x0123456789abcdef, .output = 7};
constexpr Checkpoint kSecond{
    .texts = 9000, .bytes = 576128, .input = 0xfedcba9876543210, .output = 0xf0, .whole = 99};

class JournalTest : public testing::Test {
 protected:
  // The bytes of a journal with both checkpoints.
  std::string Whole() {
    Journal journal(path_);
    journal.Write(kIdentity, kFirst);
    journal.Write(kIdentity, kSecond);
    return ReadFile(path_, 1 << 20);
  }

  TestFolder folder_;
  std::string path_ = folder_.Path("journal");
};

TEST_F(JournalTest, TheLastCheckpointIsRead) {
  Whole();
  const auto content = Journal::Read(path_);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->identity, kIdentity);
  EXPECT_EQ(content->last, kSecond);
}

// A process may die anywhere within a line, and the machine may leave zeros in its place.
TEST_F(JournalTest, EveryCutGivesALineThatWasWhole) {
  const std::string whole = Whole();
  const std::size_t first = whole.find('\n', whole.find('\n') + 1) + 1;
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    std::optional<Checkpoint> expected;
    if (length >= first) expected = kFirst;
    if (length == whole.size()) expected = kSecond;
    for (const std::size_t zeros : {0, 1, 100}) {
      folder_.Write("journal", whole.substr(0, length) + std::string(zeros, '\0'));
      const auto content = Journal::Read(path_);
      ASSERT_EQ(content.has_value(), expected.has_value()) << length;
      if (content) {
        EXPECT_EQ(content->last, *expected) << length;
      }
    }
  }
}

TEST_F(JournalTest, GoesOnBehindTheLastWholeLine) {
  const std::string whole = Whole();
  folder_.Write("journal", whole.substr(0, whole.size() - 5));
  const auto content = Journal::Read(path_);
  ASSERT_TRUE(content);
  Journal journal(path_);
  journal.GoOnWith(*content);
  journal.Write(kIdentity, kSecond);
  EXPECT_EQ(ReadFile(path_, 1 << 20), whole);
}

TEST_F(JournalTest, IsNothingWhereThereIsNone) {
  EXPECT_FALSE(Journal::Read(path_));
  Whole();
  Journal(path_).Remove();
  EXPECT_FALSE(FileExists(path_));
}

TEST_F(JournalTest, MayReplaceOnlyWhatWasBegunAsOne) {
  EXPECT_TRUE(Journal::MayReplace(path_));
  const std::string whole = Whole();
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    folder_.Write("journal", whole.substr(0, length) + std::string(length % 3, '\0'));
    EXPECT_TRUE(Journal::MayReplace(path_)) << length;
  }
  for (const char* text : {"hello", "{}", "{\"", "\n", "{\"merle_journal\"x"}) {
    folder_.Write("journal", text);
    EXPECT_EQ(Journal::MayReplace(path_), std::string_view(text) == "{\"") << text;
  }
}

TEST_F(JournalTest, GoingOnWithNothingForgetsWhatWasThere) {
  Whole();
  Journal journal(path_);
  journal.GoOnWith({});
  EXPECT_FALSE(Journal::Read(path_));
  journal.Write(kIdentity, kFirst);
  EXPECT_EQ(Journal::Read(path_)->last, kFirst);
}

TEST_F(JournalTest, IsOneProcessAlone) {
  const Journal journal(path_);
  EXPECT_THAT([&] { Journal{path_}; },
              ThrowsError(ErrorCode::kIoError, HasSubstr("another process")));
}

TEST_F(JournalTest, RefusesWhatIsNoJournal) {
  for (const char* text : {"hello\n", "{}\n", "{\"merle_journal\":1,\"run\":{}}\n",
                           "{\"merle_journal\":2,\"run\":{\"--dim\":7}}\n"}) {
    folder_.Write("journal", text);
    EXPECT_THAT([&] { Journal::Read(path_); },
                ThrowsError(ErrorCode::kDataLoss, HasSubstr("leave --resume out")))
        << text;
  }
}

}  // namespace
}  // namespace merle
