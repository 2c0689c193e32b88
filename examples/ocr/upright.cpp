#include "upright.h"

#include <algorithm>

namespace {

constexpr int64_t kHeight = 48, kWidth = 192;  // what the network sees: the beginning of a line will do
constexpr size_t kBatch = 8;
constexpr float kSure = 0.9f;

}  // namespace

std::vector<bool> find_upside_down(const Network& classifier, const std::vector<Image>& lines, const premise::control& control) {
  std::vector<bool> upside_down(lines.size());
  for (size_t first = 0; first < lines.size(); first += kBatch) {
    size_t count = std::min(kBatch, lines.size() - first);
    Batch batch(int64_t(count), kHeight, kWidth, PRM_RESAMPLE_PIL_LANCZOS);
    for (size_t i = 0; i < count; ++i) {
      const Image& line = lines[first + i];
      classifier.put(batch, int64_t(i), line, std::clamp<int64_t>((kHeight * line.width + line.height - 1) / line.height, 1, kWidth), control);
    }
    Answer answer = classifier.run(batch, 2, control);  // [lines, 2]: how likely by 0 degrees, by 180
    if (answer.shape[1] != 2) classifier.fail_other_kind();
    for (size_t i = 0; i < count; ++i) upside_down[first + i] = answer.values[2 * i + 1] > kSure;
  }
  return upside_down;
}
