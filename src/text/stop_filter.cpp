#include "text/stop_filter.h"

#include <algorithm>

namespace prm {

StopFilter::StopFilter(const Tokenizer& tokenizer) {
  size_t most = kMaxStopBytes + longest_token(tokenizer) + 8;
  held_.reserve(most);
  ready_.reserve(most);
}

void StopFilter::start(std::span<const std::string_view> stops) {
  stops_ = stops;
  held_.clear();
  stopped_ = false;
}

std::string_view StopFilter::push(std::string_view piece) {
  if (stopped_) return {};
  if (stops_.empty()) return piece;
  size_t known = held_.size();
  held_ += piece;
  find_stop(known);
  size_t keep = stopped_ ? 0 : unfinished_stop();
  ready_.assign(held_, 0, held_.size() - keep);
  held_.erase(0, held_.size() - keep);
  return ready_;
}

// Cuts the text at the first stop that ends after `known` bytes.
void StopFilter::find_stop(size_t known) {
  std::string_view text = held_;
  for (size_t end = known + 1; end <= text.size(); ++end) {
    size_t longest = 0;
    for (std::string_view stop : stops_)
      if (stop.size() > longest && text.substr(0, end).ends_with(stop)) longest = stop.size();
    if (!longest) continue;
    held_.resize(end - longest);
    stopped_ = true;
    return;
  }
}

// How many bytes at the end of the text begin a stop: of all that do, the most.
size_t StopFilter::unfinished_stop() const {
  std::string_view text = held_;
  size_t most = 0;
  for (std::string_view stop : stops_)
    for (size_t n = std::min(stop.size() - 1, text.size()); n > most; --n)
      if (text.ends_with(stop.substr(0, n))) most = n;
  return most;
}

std::string_view StopFilter::finish() {
  ready_.swap(held_);
  held_.clear();
  return stopped_ ? std::string_view() : ready_;
}

}  // namespace prm
