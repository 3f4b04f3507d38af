// Prints the cosine of two texts, or the error: outside MODEL_FOLDER TEXT TEXT.
#include <merle/merle.h>

#include <cstdio>
#include <string_view>

#include "base/error.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    const merle::Embedder embedder = merle::Embedder::Load(argv[1]);
    const std::string_view texts[] = {argv[2], argv[3]};
    const merle::Matrix<float> vectors = embedder.Embed(texts);
    std::printf("%.4f\n", merle::Cosine(vectors.Row(0), vectors.Row(1)));
  } catch (const merle::Error& error) {
    std::fprintf(stderr, "%s%s\n", kError, error.what());
    return 1;
  }
  return 0;
}
