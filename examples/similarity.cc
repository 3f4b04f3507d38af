// Embeds three sentences and prints how similar each two are: the shortest use of the library.
//
//   build/release/examples/similarity MODEL_FOLDER
#include <merle/merle.h>

#include <cstdio>
#include <string_view>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: similarity MODEL_FOLDER\n");
    return 2;
  }
  try {
    const merle::Embedder embedder = merle::Embedder::Load(argv[1]);
    const std::string_view texts[] = {"A dog is running outside.",
                                      "A puppy is playing in the park.",
                                      "I want to eat a hamburger."};
    const merle::Matrix<float> vectors = embedder.Embed(texts);
    std::printf("%zu vectors of %zu components\n", vectors.rows(), vectors.cols());
    const merle::Matrix<double> cosines = merle::CosineMatrix(vectors.view(), vectors.view());
    for (std::size_t a = 0; a < cosines.rows(); ++a) {
      for (std::size_t b = a + 1; b < cosines.cols(); ++b) {
        std::printf("%.4f  %s | %s\n", cosines.Row(a)[b], texts[a].data(), texts[b].data());
      }
    }
  } catch (const merle::Error& error) {
    std::fprintf(stderr, "similarity: %s\n", error.what());
    return 1;
  }
  return 0;
}
