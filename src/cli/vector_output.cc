#include "cli/vector_output.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "base/assert.h"
#include "base/file.h"
#include "base/format.h"
#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/standard_output.h"
#include "documents/record.h"
#include "embedding/precision.h"
#include "tensor/matrix.h"
#include "tensor/vector_file.h"

namespace merle {
namespace {

bool ToStandardOutput(const Options& options) { return !options.output || *options.output == "-"; }

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

// Rows of numbers of some precision.
using NumberRows = std::variant<MatrixView<const float>, MatrixView<const std::int8_t>,
                                MatrixView<const std::uint8_t>>;

class NumberSink {
 public:
  virtual ~NumberSink() = default;
  virtual void Write(std::span<const Record> records, const NumberRows& rows) = 0;
  virtual void Finish() = 0;
};

class BinarySink : public NumberSink {
 public:
  explicit BinarySink(VectorWriter writer) : writer_(std::move(writer)) {}

  void Write(std::span<const Record>, const NumberRows& rows) override {
    std::visit([&](auto view) { writer_.Append(view); }, rows);
  }
  void Finish() override { writer_.Finish(); }

 private:
  VectorWriter writer_;
};

// One line a text: numbers between blanks, or a JSON object.
class LineSink : public NumberSink {
 public:
  LineSink(LineForm form, StandardOutput& out, const std::optional<std::string>& path)
      : json_(form == LineForm::kJsonl), out_(out) {
    if (path) file_.emplace(*path);
  }

  void Write(std::span<const Record> records, const NumberRows& rows) override {
    std::visit([&](auto view) { WriteLines(records, view); }, rows);
    if (!file_) out_.Flush();  // Whoever reads gets each block as soon as it is there.
  }

  void Finish() override {
    if (file_) file_->Commit();
  }

 private:
  template <typename T>
  void WriteLines(std::span<const Record> records, MatrixView<const T> rows) {
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const std::string line = json_ ? JsonLine(records[i], rows.Row(i)) : TextLine(rows.Row(i));
      if (file_) {
        file_->Write(line);
      } else {
        out_.Write(line);
      }
    }
  }

  template <typename T>
  std::string JsonLine(const Record& record, std::span<const T> row) {
    JsonWriter json;
    json.BeginObject().Key("index").Value(record.row);
    if (!record.id.empty()) json.Key("id").Value(record.id);
    json.Key("embedding").Value(row).EndObject();
    return json.text() + "\n";
  }

  template <typename T>
  static std::string TextLine(std::span<const T> row) {
    std::string line;
    for (const T value : row) {
      if (!line.empty()) line += ' ';
      std::array<char, 32> digits;
      const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
      line.append(digits.begin(), end);
    }
    return line + "\n";
  }

  bool json_;
  StandardOutput& out_;
  std::optional<AtomicFile> file_;
};

std::unique_ptr<NumberSink> OpenSink(const Invocation& invocation, Precision precision,
                                     std::size_t dim) {
  const Options& options = invocation.options;
  const VectorForm form = ChooseVectorForm(invocation);
  const std::optional<std::string> path = ToStandardOutput(options) ? std::nullopt : options.output;
  if (const auto* line_form = std::get_if<LineForm>(&form)) {
    return std::make_unique<LineSink>(*line_form, invocation.out, path);
  }
  const VectorFileOptions file{.format = std::get<VectorFormat>(form),
                               .dtype = PrecisionDType(precision),
                               .cols = PrecisionCols(precision, dim)};
  StandardOutput& out = invocation.out;
  return std::make_unique<BinarySink>(
      path ? VectorWriter::ToFile(*path, file)
           : VectorWriter::ToSink([&out](std::string_view bytes) { out.Write(bytes); }, file));
}

// float32, binary and ubinary: each vector for itself.
class DirectOutput : public VectorOutput {
 public:
  DirectOutput(std::unique_ptr<NumberSink> sink, Precision precision)
      : sink_(std::move(sink)), precision_(precision) {}

  void Append(std::span<const Record> records, MatrixView<const float> vectors) override {
    if (precision_ == Precision::kBinary) {
      const auto bits = QuantizeBinary(vectors);
      sink_->Write(records, bits.view());
    } else if (precision_ == Precision::kUbinary) {
      const auto bits = QuantizeUbinary(vectors);
      sink_->Write(records, bits.view());
    } else {
      sink_->Write(records, vectors);
    }
  }

  void Finish() override { sink_->Finish(); }

 private:
  std::unique_ptr<NumberSink> sink_;
  Precision precision_;
};

// int8 and uint8: a step is a part of each dimension's range over all vectors, as in the reference,
// so the vectors wait in memory until the last one is there.
class RangedOutput : public VectorOutput {
 public:
  RangedOutput(const Invocation& invocation, std::unique_ptr<NumberSink> sink, Precision precision,
               std::size_t dim)
      : invocation_(invocation), sink_(std::move(sink)), precision_(precision), dim_(dim) {}

  void Append(std::span<const Record> records, MatrixView<const float> vectors) override {
    MERLE_ASSERT(vectors.rows() == records.size() && vectors.cols() == dim_);
    for (std::size_t i = 0; i < vectors.rows(); ++i) {
      const auto row = vectors.Row(i);
      numbers_.insert(numbers_.end(), row.begin(), row.end());
      records_.push_back(
          {.text = {}, .id = records[i].id, .path = {}, .row = records[i].row, .extra = {}});
    }
  }

  void Finish() override {
    const MatrixView<const float> vectors(numbers_.data(), records_.size(), dim_);
    if (!records_.empty()) WriteAll(vectors);
    sink_->Finish();
  }

 private:
  void WriteAll(MatrixView<const float> vectors) {
    if (vectors.rows() < kFewCalibrationVectors) {
      invocation_.Say(
          Format("--precision {}: the ranges come from {} vectors only; {} or more make "
                 "them reliable",
                 PrecisionName(precision_), vectors.rows(), kFewCalibrationVectors));
    }
    const QuantizationRanges ranges = FindRanges(vectors);
    if (precision_ == Precision::kInt8) {
      const auto bytes = QuantizeInt8(vectors, ranges);
      sink_->Write(records_, bytes.view());
    } else {
      const auto bytes = QuantizeUint8(vectors, ranges);
      sink_->Write(records_, bytes.view());
    }
  }

  const Invocation& invocation_;
  std::unique_ptr<NumberSink> sink_;
  Precision precision_;
  std::size_t dim_;
  std::vector<float> numbers_;
  std::vector<Record> records_;  // Without their texts.
};

}  // namespace

VectorForm ChooseVectorForm(const Invocation& invocation) {
  const Options& options = invocation.options;
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

std::unique_ptr<VectorOutput> VectorOutput::Open(const Invocation& invocation, std::size_t dim) {
  // The option table allows just the known ones.
  const Precision precision =
      ParsePrecision(invocation.options.precision).value_or(Precision::kFloat32);
  auto sink = OpenSink(invocation, precision, dim);
  if (precision == Precision::kInt8 || precision == Precision::kUint8) {
    return std::make_unique<RangedOutput>(invocation, std::move(sink), precision, dim);
  }
  return std::make_unique<DirectOutput>(std::move(sink), precision);
}

}  // namespace merle
