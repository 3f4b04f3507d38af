#include "tensor/safetensors_writer.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/json_writer.h"
#include "tensor/dtype.h"

namespace merle {

std::string SafetensorsHeader(std::string_view name, DType dtype, std::size_t rows,
                              std::size_t cols) {
  JsonWriter json;
  json.BeginObject().Key(name).BeginObject();
  json.Key("dtype").Value(DTypeName(dtype));
  json.Key("shape").BeginArray().Value(rows).Value(cols).EndArray();
  json.Key("data_offsets").BeginArray().Value(0).Value(rows * cols * DTypeBytes(dtype)).EndArray();
  json.EndObject().EndObject();

  constexpr std::size_t kTextBytes = kSafetensorsHeaderBytes - 8;
  MERLE_ASSERT(json.text().size() <= kTextBytes);
  std::string header(8, '\0');  // The length of the text, little-endian.
  header[0] = static_cast<char>(kTextBytes & 0xFF);
  header[1] = static_cast<char>(kTextBytes >> 8);
  header += json.text();
  header.resize(kSafetensorsHeaderBytes, ' ');  // Spaces behind the JSON are allowed.
  return header;
}

}  // namespace merle
