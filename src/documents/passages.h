// Splits running text into passages: paragraphs joined up to about one length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "documents/fit_text.h"
#include "documents/line_reader.h"

namespace merle {

struct Passage {
  std::string text;       // Not empty, no white space around it.
  std::size_t line;       // Where it starts in the file, from 1.
  std::size_t last_line;  // Where it ends, inclusive.
};

// Reads passages of a text file. Paragraphs, which blank lines separate, are joined while the
// passage stays within `target_characters` (code points, with the blank line between them) and fits
// into the model. A longer paragraph is cut, each part as long as fits: after the last sentence end
// (. ! ? 。 ！ ？ before white space or for the wide ones anywhere) in its second half, else at a
// line end, else between words, else anywhere between characters. Holds one paragraph's part in
// memory, however long the file.
class PassageReader {
 public:
  // fit: empty if every text fits. A character is a passage even where it does not fit.
  PassageReader(LineReader lines, std::size_t target_characters, FitText fit = {});

  // The next passage, or nothing after the last. Throws what LineReader throws, and
  // kInvalidArgument for a line that is not UTF-8; the next call goes on behind that line.
  std::optional<Passage> Next();

  const std::string& name() const { return lines_.name(); }
  std::uint64_t bytes_read() const { return lines_.bytes_read(); }

 private:
  struct LineStart {
    std::size_t offset;  // In paragraph_.
    std::size_t line;    // Its number in the file.
  };

  void TakeLine(std::string_view line);
  bool Fits(std::string_view text) const;
  std::size_t PartBytes(std::string_view text) const;  // Of the passage that `text` starts with.
  void CutParagraph();  // Makes passages of its start until the rest is short enough.
  void EndParagraph();
  void GiveCollected();
  Passage PartOfParagraph(std::size_t begin, std::size_t end) const;
  void ForgetParagraph(std::size_t bytes);  // Drops so much from its start.
  std::size_t LineAt(std::size_t offset) const;

  LineReader lines_;
  std::size_t target_characters_;
  FitText fit_;
  std::string paragraph_;                 // What has been read of a paragraph and not been cut off.
  std::size_t paragraph_characters_ = 0;  // Code points in paragraph_.
  std::vector<LineStart> lines_of_paragraph_;
  std::optional<Passage> collected_;  // Whole paragraphs, joined so far.
  std::deque<Passage> ready_;
};

}  // namespace merle
