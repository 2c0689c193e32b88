#include "recognize.h"

#include <algorithm>
#include <numeric>

#include "characters.h"
#include "failure.h"

namespace {

constexpr int64_t kHeight = 48, kLeastWidth = 320, kMostWidth = 3200, kWidthStep = 64;
constexpr size_t kBatch = 8;

int64_t scaled_width(const Image& line) { return std::clamp<int64_t>((kHeight * line.width + line.height - 1) / line.height, 1, kMostWidth); }

// Widths come in steps, so that few plans serve all lines, and a line's text does not depend on what else is on the page.
int64_t padded_width(const Image& line) { return std::max(kLeastWidth, (scaled_width(line) + kWidthStep - 1) / kWidthStep * kWidthStep); }

}  // namespace

Recognizer::Recognizer(const premise::engine& engine, const std::string& path, const premise::control& control)
    : network_(engine, path, "reads lines", control), characters_(read_characters(network_.model())) {
  if (characters_.empty()) fail(path, "has no entry 'character' in its metadata: fetch the models with script/model ppocr");
}

std::vector<Reading> Recognizer::read(const std::vector<Image>& lines, const premise::control& control) const {
  std::vector<Reading> readings(lines.size());
  std::vector<size_t> order(lines.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return padded_width(lines[a]) < padded_width(lines[b]); });
  for (size_t first = 0; first < order.size();) {
    int64_t width = padded_width(lines[order[first]]);
    size_t end = first;
    while (end < order.size() && end < first + kBatch && padded_width(lines[order[end]]) == width) ++end;
    Batch batch(int64_t(end - first), kHeight, width, PRM_RESAMPLE_PIL_LANCZOS);  // sharper than the training's bilinear one: spaces are found
    for (size_t i = first; i < end; ++i) network_.put(batch, int64_t(i - first), lines[order[i]], scaled_width(lines[order[i]]), control);
    Answer answer = network_.run(batch, 3, control);  // [lines, steps, classes]
    int64_t steps = answer.shape[1], classes = answer.shape[2];
    if (classes < 2) network_.fail_other_kind();
    for (size_t i = first; i < end; ++i) readings[order[i]] = decode(answer.values.data() + int64_t(i - first) * steps * classes, steps, classes);
    first = end;
  }
  return readings;
}

// CTC, greedy: the likeliest class of each step; repeats are one, and class 0 is none. Behind the listed characters is the space.
Reading Recognizer::decode(const float* steps, int64_t count, int64_t classes) const {
  Reading reading;
  int64_t last = 0, kept = 0;
  for (int64_t step = 0; step < count; ++step) {
    const float* scores = steps + step * classes;
    int64_t best = std::max_element(scores, scores + classes) - scores;
    if (best != 0 && best != last) {
      reading.text += best <= int64_t(characters_.size()) ? characters_[size_t(best - 1)] : " ";
      reading.score += scores[best];
      ++kept;
    }
    last = best;
  }
  if (kept) reading.score /= float(kept);
  reading.text.erase(reading.text.find_last_not_of(' ') + 1);  // a space at an end is the margin
  reading.text.erase(0, reading.text.find_first_not_of(' '));
  return reading;
}
