#include "cli/vector_output.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "base/format.h"
#include "base/growing_file.h"
#include "base/partial_file.h"
#include "cli/checkpoints.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/row_encoder.h"
#include "cli/standard_output.h"
#include "cli/vector_store.h"
#include "documents/record.h"
#include "embedding/precision.h"
#include "tensor/matrix.h"
#include "tensor/vector_file.h"

namespace merle {
namespace {

std::optional<VectorForm> FormOfEnding(std::string_view path) {
  if (const auto format = VectorFormatOfPath(path)) return *format;
  if (path.ends_with(".jsonl")) return LineForm::kJsonl;
  if (path.ends_with(".txt")) return LineForm::kText;
  return std::nullopt;
}

VectorForm FormOfOutput(const std::string& path) {
  if (const auto form = FormOfEnding(path)) return *form;
  throw UsageError(Format(
      "-o {}: the ending says nothing about the form; use .npy, .safetensors, .jsonl or .txt, or "
      "name it with --format",
      path));
}

// The option table allows the endings without their dot, and "text".
std::optional<VectorForm> FormOfFlags(const Options& options) {
  if (options.format == "text") return LineForm::kText;
  if (options.format) return FormOfEnding("." + *options.format);
  return options.json ? std::optional<VectorForm>(LineForm::kJsonl) : std::nullopt;
}

// The option table allows just the known ones.
Precision PrecisionOf(const Options& options) {
  return ParsePrecision(options.precision).value_or(Precision::kFloat32);
}

bool IsRanged(Precision precision) {
  return precision == Precision::kInt8 || precision == Precision::kUint8;
}

// Gives `use` the vectors in their precision. ranges: of int8 and uint8.
void WithPrecision(Precision precision, MatrixView<const float> vectors,
                   const QuantizationRanges& ranges,
                   const std::function<void(const NumberRows&)>& use) {
  const auto use_owned = [&](const auto& rows) { use(rows.view()); };
  switch (precision) {
    case Precision::kFloat32:
      return use(vectors);
    case Precision::kInt8:
      return use_owned(QuantizeInt8(vectors, ranges));
    case Precision::kUint8:
      return use_owned(QuantizeUint8(vectors, ranges));
    case Precision::kBinary:
      return use_owned(QuantizeBinary(vectors));
    case Precision::kUbinary:
      return use_owned(QuantizeUbinary(vectors));
  }
}

// To a file, each vector for itself.
class FileOutput : public VectorOutput {
 public:
  FileOutput(Checkpoints& checkpoints, Precision precision, RowEncoder encoder)
      : checkpoints_(checkpoints),
        file_(checkpoints.file()),
        precision_(precision),
        encoder_(encoder) {
    if (file_.size() == 0) file_.Write(encoder.Header(0));  // Finish writes the true one over it.
  }

  void Append(std::span<const Record> records, MatrixView<const float> vectors) override {
    WithPrecision(precision_, vectors, {}, [&](const NumberRows& rows) {
      encoder_.Encode(records, rows, [&](std::string_view bytes) { file_.Write(bytes); });
    });
  }

  void Finish(std::size_t texts) override {
    file_.WriteAt(0, encoder_.Header(texts));
    checkpoints_.Commit(file_);
  }

 private:
  Checkpoints& checkpoints_;
  PartialFile& file_;
  Precision precision_;
  RowEncoder encoder_;
};

// Lines to standard output.
class LineOutput : public VectorOutput {
 public:
  LineOutput(StandardOutput& out, Precision precision, RowEncoder encoder)
      : out_(out), precision_(precision), encoder_(encoder) {}

  void Append(std::span<const Record> records, MatrixView<const float> vectors) override {
    WithPrecision(precision_, vectors, {}, [&](const NumberRows& rows) {
      encoder_.Encode(records, rows, [&](std::string_view bytes) { out_.Write(bytes); });
    });
    out_.Flush();  // Whoever reads gets each block as soon as it is there.
  }

  void Finish(std::size_t) override {}

 private:
  StandardOutput& out_;
  Precision precision_;
  RowEncoder encoder_;
};

// For what can't be written before the last vector is there: bytes to standard output, whose header
// says how many vectors follow; and int8 and uint8, where a step is a part of each dimension's
// range over all vectors, as in the reference. The vectors wait on the disk.
class WaitingOutput : public VectorOutput {
 public:
  // checkpoints: nothing for standard output.
  WaitingOutput(const Invocation& invocation, Checkpoints* checkpoints, Precision precision,
                RowEncoder encoder, std::size_t dim)
      : invocation_(invocation),
        checkpoints_(checkpoints),
        precision_(precision),
        encoder_(encoder),
        store_(checkpoints == nullptr ? own_.emplace(GrowingFile::Temporary(TemporaryFolder()))
                                      : static_cast<GrowingFile&>(checkpoints->file()),
               dim) {}

  void Append(std::span<const Record> records, MatrixView<const float> vectors) override {
    store_.Append(records, vectors);
  }

  void Finish(std::size_t texts) override {
    if (checkpoints_ == nullptr) {
      WriteAll(texts, [&](std::string_view bytes) { invocation_.out.Write(bytes); });
      return;
    }
    PartialFile whole(*invocation_.options.output, ".whole.partial");
    try {
      whole.Cut(0);
      WriteAll(texts, [&](std::string_view bytes) { whole.Write(bytes); });
      checkpoints_->Commit(whole);
    } catch (...) {
      whole.Remove();  // It is made again from the partial file.
      throw;
    }
    checkpoints_->file().Remove();
  }

 private:
  void WriteAll(std::size_t texts, const RowEncoder::Sink& write) {
    const QuantizationRanges ranges = RangesOfAll(texts);
    write(encoder_.Header(texts));
    store_.ForEachBlock([&](std::span<const Record> records, MatrixView<const float> vectors) {
      ThrowIfInterrupted();
      WithPrecision(precision_, vectors, ranges,
                    [&](const NumberRows& rows) { encoder_.Encode(records, rows, write); });
    });
  }

  QuantizationRanges RangesOfAll(std::size_t texts) {
    std::optional<QuantizationRanges> ranges;
    if (!IsRanged(precision_) || texts == 0) return {};
    if (texts < kFewCalibrationVectors) {
      invocation_.Say(
          Format("--precision {}: the ranges come from {} vectors only; {} or more make them "
                 "reliable",
                 PrecisionName(precision_), texts, kFewCalibrationVectors));
    }
    store_.ForEachBlock([&](std::span<const Record>, MatrixView<const float> vectors) {
      const QuantizationRanges more = FindRanges(vectors);
      if (!ranges) ranges = more;
      for (std::size_t j = 0; j < more.min.size(); ++j) {
        ranges->min[j] = std::min(ranges->min[j], more.min[j]);
        ranges->max[j] = std::max(ranges->max[j], more.max[j]);
      }
    });
    return *std::move(ranges);
  }

  const Invocation& invocation_;
  Checkpoints* checkpoints_;
  Precision precision_;
  RowEncoder encoder_;
  std::optional<GrowingFile> own_;
  VectorStore store_;
};

}  // namespace

std::uint64_t HeaderBytes(const Invocation& invocation, std::size_t dim) {
  const Precision precision = PrecisionOf(invocation.options);
  if (IsRanged(precision)) return 0;
  return RowEncoder(ChooseVectorForm(invocation), precision, dim).Header(0).size();
}

bool ToStandardOutput(const Options& options) { return !options.output || *options.output == "-"; }

VectorForm ChooseVectorForm(const Invocation& invocation) {
  const Options& options = invocation.options;
  if (options.resume && ToStandardOutput(options)) {
    throw UsageError("--resume goes on with a file; name it with -o");
  }
  if (options.shard && IsRanged(PrecisionOf(options))) {
    throw UsageError(
        Format("--precision {} takes its ranges from all vectors, --shard makes a part of them: "
               "the shards would not fit together",
               options.precision));
  }
  if (options.json && options.format && *options.format != "jsonl") {
    throw UsageError(Format("--json and --format {} contradict each other", *options.format));
  }
  const std::optional<VectorForm> asked = FormOfFlags(options);
  const bool standard = ToStandardOutput(options);
  std::error_code ignored;
  if (!standard && std::filesystem::is_other(*options.output, ignored)) {
    throw UsageError(
        Format("-o {}: is a pipe or a device; write to standard output instead, with -o -",
               *options.output));
  }
  if (!asked && !standard) return FormOfOutput(*options.output);
  const VectorForm form = asked.value_or(LineForm::kText);
  const bool binary = std::holds_alternative<VectorFormat>(form);
  if (options.json && !options.format && !standard && FormOfOutput(*options.output) != form) {
    throw UsageError(Format("--json and the ending of {} contradict each other", *options.output));
  }
  if (standard && binary && invocation.screen.is_screen()) {
    throw UsageError("bytes would garble the screen; write them to a file with -o");
  }
  return form;
}

std::unique_ptr<VectorOutput> VectorOutput::Open(const Invocation& invocation, std::size_t dim,
                                                 Checkpoints* checkpoints) {
  const Precision precision = PrecisionOf(invocation.options);
  const RowEncoder encoder(ChooseVectorForm(invocation), precision, dim);
  if (IsRanged(precision) || (checkpoints == nullptr && !encoder.is_lines())) {
    return std::make_unique<WaitingOutput>(invocation, checkpoints, precision, encoder, dim);
  }
  if (checkpoints == nullptr) {
    return std::make_unique<LineOutput>(invocation.out, precision, encoder);
  }
  return std::make_unique<FileOutput>(*checkpoints, precision, encoder);
}

}  // namespace merle
