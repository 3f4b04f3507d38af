// Changes JSON text by whole values, so that mutants get past the parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace merle::fuzz {

// Returns `text` with one value (or key) changed: replaced by one that readers like to get wrong or
// by another value of the text, one more or less, doubled, nested deeper, or dropped. Text without
// values comes back as it is.
std::string MutateJson(std::string_view text, std::minstd_rand& random);

// What LLVMFuzzerMutate makes of `text`, at most `most_bytes` of it.
std::string MutateBytes(std::string_view text, std::size_t most_bytes);

// LLVMFuzzerCustomMutator for JSON texts with zero bytes between them: half of the mutants come
// from MutateJson on one of them, half from libFuzzer.
std::size_t MutateJsonInput(std::uint8_t* data, std::size_t size, std::size_t max_size,
                            unsigned seed);

}  // namespace merle::fuzz
