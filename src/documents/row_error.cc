#include "documents/row_error.h"

#include <cstddef>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "base/utf8.h"

namespace merle {

void FailRow(ErrorCode code, std::string_view path, std::size_t line, std::string_view problem) {
  throw Error(
      code, line == 0 ? Format("{}: {}", path, problem) : Format("{}:{}: {}", path, line, problem));
}

void CheckRowUtf8(std::string_view text, std::string_view path, std::size_t line) {
  const auto offset = FindInvalidUtf8(text);
  if (!offset) return;
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    FailRow(ErrorCode::kInvalidArgument, path, line,
            "looks like UTF-16, UTF-8 is wanted; convert it: iconv -f UTF-16 -t UTF-8");
  }
  FailRow(ErrorCode::kInvalidArgument, path, line,
          Format("not UTF-8: byte {} (0x{:02X}) starts no valid character; convert the file, for "
                 "example: iconv -f ISO-8859-1 -t UTF-8",
                 *offset, static_cast<unsigned char>(text[*offset])));
}

}  // namespace merle
