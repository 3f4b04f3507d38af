// Reads vocab.txt, the vocabulary of a BERT model without tokenizer.json.
#pragma once

#include "base/file.h"
#include "tokenizers/vocabulary.h"

namespace merle {

inline constexpr const char* kVocabTxt = "vocab.txt";

// Line n, without the white space at its end, is the token of id n. Of equal lines the last one
// counts, as in the reference. Throws kDataLoss if the file is not UTF-8 or no vocabulary.
Vocabulary ReadVocabTxt(const RandomAccessFile& file);

}  // namespace merle
