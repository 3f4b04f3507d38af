// Merle: one native engine for embeddings. This header is its public C++ interface.
//
//   const std::string folder = merle::ResolveModel(
//       "sentence-transformers/all-MiniLM-L6-v2", {.cache = "/home/me/.cache/huggingface/hub"});
//   const merle::Embedder embedder = merle::Embedder::Load(folder);
//   const merle::Matrix<float> vector = embedder.Embed("A dog is running outside.");   // [1, 384]
//
// What cannot be reached from here is private. All functions throw merle::Error, and nothing else
// of their own; each header says which codes. Nothing prints, reads the environment or starts a
// thread before it is asked.
#pragma once

#include "apply/explain.h"             // Explain: what a model does to a text, token by token.
#include "apply/similarity.h"          // Cosine, CosineMatrix.
#include "base/cores.h"                // PhysicalCores: how many threads a machine bears.
#include "base/error.h"                // Error and its codes.
#include "base/log.h"                  // SetLogCallback: what the library has to say.
#include "base/thread_pool.h"          // ThreadPool, to share between embedders.
#include "embedding/embedder.h"        // Embedder: text to vector.
#include "embedding/precision.h"       // Quantize: vectors as int8, uint8 or bits.
#include "embedding/remote_encoder.h"  // RemoteEncoder: the same by a server.
#include "embedding/statistics.h"      // What a run did, and where its time went.
#include "evaluation/sts.h"            // EvaluateSts: how well a model ranks pairs of sentences.
#include "hub/hub.h"                   // ResolveModel: a model's name to its folder.
#include "index/flat.h"                // FlatIndex: exact nearest neighbours.
#include "kernels/cpu.h"               // Which instruction set runs.
#include "models/encoder_model.h"      // EncoderModel: token ids to hidden states.
#include "models/registry.h"           // LoadEncoderModel.
#include "tensor/matrix.h"             // Matrix and MatrixView.
#include "tensor/vector_file.h"        // Vectors to .npy and .safetensors.
#include "tokenizers/tokenizer.h"      // Tokenizer: text to token ids and back.
