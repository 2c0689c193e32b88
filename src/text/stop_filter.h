// Stop strings in a stream of text, whatever pieces it comes in: text that may yet become one is held back. The stop that is
// whole first, byte by byte, ends the text; of several whole at the same byte the one that began first. It is not passed on.
#pragma once
#include <span>

#include "text/tokenizer.h"

namespace prm {

inline constexpr size_t kMaxStops = 32, kMaxStopBytes = 256;

class StopFilter {
 public:
  explicit StopFilter(const Tokenizer& tokenizer);  // takes all the memory that it will need, for pieces of a TextStream
  // 1 to kMaxStopBytes whole characters each; borrowed until the next start.
  void start(std::span<const std::string_view> stops);
  // Text that is before every stop for certain; valid until the next call. Nothing after a stop.
  std::string_view push(std::string_view piece);
  bool stopped() const { return stopped_; }
  std::string_view finish();  // what was held back, when no stop came

 private:
  void find_stop(size_t known);
  size_t unfinished_stop() const;

  std::span<const std::string_view> stops_;
  String held_, ready_;
  bool stopped_ = false;
};

}  // namespace prm
