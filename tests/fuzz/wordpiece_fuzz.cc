// Fuzzes BERT's tokenization of text against SlowBert: the ids must be equal on all ways, cut or
// not. And the offsets must be those of the steps one after another.
//
// The first byte of an input chooses the vocabulary, the second where ids are cut; then the text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "harness.h"
#include "slow_bert.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/tokenizer.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace merle::fuzz {
namespace {

struct Vocabulary {
  const char* folder;  // In tests/golden/tokenizers.
  BertNormalizerOptions options;
};

constexpr Vocabulary kVocabularies[] = {
    {"all-MiniLM-L6-v2", {}},
    {"bert-cased", {.strip_accents = false, .lowercase = false}},
    {"bert-variants-keep-control", {.clean_text = false}},
    {"bert-variants-no-chinese", {.handle_chinese_chars = false}},
    {"bert-variants-strip-cased", {.lowercase = false}},
    {"bert-variants-accents-lower", {.strip_accents = false}},
    {"bert-variants-cased", {.strip_accents = false, .lowercase = false}},
    {"bert-variants-all-off", {false, false, false, false}},
};

// The tokenizer of a folder with its normalizer in a sequence of one, which changes nothing but
// that BertFastPath does not recognize it. Nothing for a folder with vocab.txt alone.
std::optional<Tokenizer> LoadWithoutFastPath(const std::string& folder) {
  std::ifstream file(folder + "/tokenizer.json");
  if (!file) return std::nullopt;
  std::string json(std::istreambuf_iterator<char>(file), {});
  const std::size_t type = json.find("\"BertNormalizer\"");
  json.insert(json.find('}', type), "}]");
  json.insert(json.rfind('{', type), R"({"type":"Sequence","normalizers":[)");
  const ScratchFolder scratch;
  scratch.Write("tokenizer.json", json);
  return Tokenizer::Load(scratch.path());
}

struct Ways {
  explicit Ways(const Vocabulary& vocabulary)
      : folder(std::string(MERLE_SOURCE_DIR) + "/tests/golden/tokenizers/" + vocabulary.folder),
        fast(Tokenizer::Load(folder)),
        steps(LoadWithoutFastPath(folder)),
        slow(fast, vocabulary.options, {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {}
  std::string folder;
  Tokenizer fast;
  std::optional<Tokenizer> steps;
  SlowBert slow;
};

const Ways& Get(std::size_t index) {
  static std::unique_ptr<const Ways> loaded[std::size(kVocabularies)];
  if (loaded[index] == nullptr) loaded[index] = std::make_unique<Ways>(kVocabularies[index]);
  return *loaded[index];
}

// Characters that some step treats in a way of its own, beside those that the fuzzer comes upon.
constexpr char32_t kCharacters[] = {
    0x00,    0x09,    0x0A,    0x0D,    0x20,    0x7F,    0x85,    0xA0,    0xAD,    0xC5,
    0xDF,    0x130,   0x131,   0x300,   0x301,   0x315,   0x327,   0x345,   0x340,   0x344,
    0x3A3,   0x5BF,   0x64B,   0x903,   0x93C,   0x9BE,   0x0DDD,  0xE33,   0x0F73,  0x0F81,
    0x1100,  0x1161,  0x11A8,  0x1B35,  0x1D16D, 0x1E9E,  0x2000,  0x200B,  0x200C,  0x200D,
    0x2028,  0x202E,  0x2126,  0x212B,  0x2ADC,  0x3000,  0x302E,  0x3099,  0x33FF,  0x3400,
    0x4DBF,  0x4E00,  0x9FFF,  0xA000,  0xAC00,  0xAC01,  0xD7A3,  0xE000,  0xF900,  0xFAFF,
    0xFB1D,  0xFEFF,  0xFF01,  0xFF21,  0xFFFD,  0xFFFF,  0x10000, 0x110BA, 0x1D15E, 0x1F600,
    0x20000, 0x2A6DF, 0x2B81F, 0x2B820, 0x2B920, 0x2F800, 0x2FA1F, 0xE0001, 0xF0000, 0x10FFFF,
};

char32_t AnyCharacter(std::minstd_rand& random) {
  if (random() % 2 == 0) return kCharacters[random() % std::size(kCharacters)];
  constexpr char32_t kEnds[] = {0x80, 0x800, 0x3400, 0x10000, 0x20000, 0x110000};
  const auto value = static_cast<char32_t>(random() % kEnds[random() % std::size(kEnds)]);
  return value >= 0xD800 && value <= 0xDFFF ? U'a' : value;
}

}  // namespace
}  // namespace merle::fuzz

using namespace merle;
using namespace merle::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto& [folder, fast, steps, slow] = Get(data[0] % std::size(kVocabularies));
  const std::string text = ReplaceInvalidUtf8(TextOf(data + 2, size - 2));
  const std::vector<std::int32_t> expected = slow.Encode(text);

  const EncodeOptions whole{.add_special_tokens = false};
  const Encoding encoding = fast.Encode(text, whole);
  Require(encoding.ids == expected, "Encode gives other ids than the slow way");
  if (steps) {
    const Encoding by_steps = steps->Encode(text, whole);
    Require(by_steps.ids == expected, "the steps give other ids than the slow way");
    Require(by_steps.offsets == encoding.offsets, "Encode gives other offsets than the steps");
  }
  std::vector<std::int32_t> ids;
  fast.EncodeIds(text, whole, ids);
  Require(ids == expected, "EncodeIds gives other ids than the slow way");

  const std::size_t most = data[1] % 16;
  for (const bool stop_early : {false, true}) {
    ids.clear();
    const std::size_t cut =
        fast.EncodeIds(text, {.add_special_tokens = false, .max_length = most}, ids, stop_early);
    const std::size_t kept = std::min(most, expected.size());
    Require(std::equal(ids.begin(), ids.end(), expected.begin(),
                       expected.begin() + static_cast<std::ptrdiff_t>(kept)),
            "cut ids are not the first ones");
    const std::size_t rest = expected.size() - kept;
    Require(cut == (stop_early ? std::min<std::size_t>(rest, 1) : rest), "another number was cut");
  }
  return 0;
}

// Half of the mutants get a whole character in.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  std::minstd_rand random(seed);
  char bytes[4];
  const auto length = static_cast<std::size_t>(EncodeUtf8(AnyCharacter(random), bytes) - bytes);
  if (size < 2 || size + length > max_size || random() % 2 == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  std::size_t at = 2 + random() % (size - 1);
  while (at < size && (data[at] & 0xC0) == 0x80) ++at;
  std::memmove(data + at + length, data + at, size - at);
  std::memcpy(data + at, bytes, length);
  return size + length;
}
