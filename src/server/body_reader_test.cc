#include "server/body_reader.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/http_server.h"

namespace merle {
namespace {

const HttpLimits kLimits = {.body_bytes = 20, .chunks = 5};

struct Case {
  const char* name;
  std::string bytes;
  int status;             // 0: none.
  std::string body = {};  // Of status 0.
  std::string rest = {};  // What is behind it.
  bool done = true;
};

class ChunkedBody : public testing::TestWithParam<Case> {};

TEST_P(ChunkedBody, IsReadTheSameInPiecesOfAnySize) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
    BodyReader reader(kLimits);
    const std::string_view bytes = GetParam().bytes;
    std::size_t taken = 0;
    for (std::size_t at = 0; at < bytes.size() && taken == at; at += step) {
      taken += reader.Take(bytes.substr(at, step));
    }
    ASSERT_EQ(reader.problem() ? reader.problem()->status : 0, GetParam().status) << step;
    if (GetParam().status != 0) continue;
    EXPECT_EQ(reader.done(), GetParam().done);
    EXPECT_EQ(reader.body(), GetParam().body);
    EXPECT_EQ(bytes.substr(taken), GetParam().rest);
  }
}

std::string OneByteChunks(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += "1\r\na\r\n";
  return bytes + "0\r\n\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, ChunkedBody,
    testing::ValuesIn(std::vector<Case>{
        {"Empty", "0\r\n\r\n", 0},
        {"OneChunk", "5\r\nhello\r\n0\r\n\r\n", 0, "hello"},
        {"TwoChunks", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", 0, "hello!"},
        {"HexadecimalSize", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", 0,
         "01234567890123456789"},
        {"LeadingZeros", "0000000000000005\r\nhello\r\n0000\r\n\r\n", 0, "hello"},
        {"LineEndsInTheData", "4\r\n\r\n\r\n\r\n0\r\n\r\n", 0, "\r\n\r\n"},
        {"TheNextRequestBehindIt", "1\r\na\r\n0\r\n\r\nGET /", 0, "a", "GET /"},
        {"Incomplete", "5\r\nhel", 0, "hel", "", false},
        {"WithoutTheLastLine", "1\r\na\r\n0\r\n", 0, "a", "", false},
        {"NoSize", "\r\nhello", 400},
        {"Minus1", "-1\r\n", 400},
        {"Minus2", "-2\r\n", 400},
        {"Plus5", "+5\r\nhello\r\n0\r\n\r\n", 400},
        {"Prefix0x", "0x5\r\nhello\r\n0\r\n\r\n", 400},
        {"BlankBefore", " 5\r\nhello\r\n0\r\n\r\n", 400},
        {"BlankBehind", "5 \r\nhello\r\n0\r\n\r\n", 400},
        {"Extension", "5;a=b\r\nhello\r\n0\r\n\r\n", 400},
        {"ExtensionBehindBlank", "5 ;x\r\nhello\r\n0\r\n\r\n", 400},
        {"SeventeenDigits", "00000000000000005\r\nhello\r\n0\r\n\r\n", 400},
        {"NoHexadecimalDigit", "g\r\n", 400},
        {"Underscore", "1_0\r\n", 400},
        {"NulInTheSize", std::string("5\0\r\n", 4), 400},
        {"BareLineFeed", "5\nhello\n0\n\n", 400},
        {"BareReturn", "5\rhello", 400},
        {"DataTooLong", "5\r\nhello!\r\n0\r\n\r\n", 400},
        {"DataTooShort", "5\r\nhell\r\n0\r\n\r\n", 400},
        {"NoLineEndBehindData", "5\r\nhello0\r\n\r\n", 400},
        {"LineFeedBehindData", "5\r\nhello\n0\r\n\r\n", 400},
        {"Trailer", "1\r\na\r\n0\r\nHost: b\r\n\r\n", 400},
        {"LineFeedAtTheEnd", "1\r\na\r\n0\r\n\n", 400},
        {"TooLarge", "15\r\n", 413},
        {"TooLargeTogether", "14\r\n01234567890123456789\r\n1\r\n", 413},
        {"LargestNumber", "ffffffffffffffff\r\n", 413},
        {"NegativeAsUnsigned", "fffffffffffffffe\r\n", 413},
        {"MostChunks", OneByteChunks(4), 0, "aaaa"},
        {"TooManyChunks", OneByteChunks(5), 400},
    }),
    [](const auto& test) { return test.param.name; });

TEST(BodyOfALength, EndsThere) {
  BodyReader reader(kLimits, 5);
  EXPECT_EQ(reader.Take("hel"), 3U);
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.Take("lo!"), 2U);
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.body(), "hello");
  EXPECT_EQ(reader.Take("x"), 0U);
}

TEST(BodyOfALength, MayBeEmptyAndAsLargeAsTheLimit) {
  EXPECT_TRUE(BodyReader(kLimits, 0).done());
  EXPECT_FALSE(BodyReader(kLimits, 20).problem());
  EXPECT_EQ(BodyReader(kLimits, 21).problem()->status, 413);
}

TEST(BodyOfALength, TakesNoMemoryForWhatIsOnlyAnnounced) {
  const HttpLimits limits = {.body_bytes = std::size_t{1} << 40};
  BodyReader reader(limits, std::size_t{1} << 40);
  reader.Take("a");
  EXPECT_LT(reader.body().capacity(), 1000U);
}

}  // namespace
}  // namespace merle
