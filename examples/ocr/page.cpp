#include "page.h"

#include "crop.h"
#include "detect.h"
#include "order.h"
#include "upright.h"

namespace {

constexpr double kTall = 1.5, kVeryTall = 3;  // height over width
constexpr float kDoubtful = 0.8f;             // the score of a reading

// What is tall is text that runs down or up the page; or a letter, if it is not too tall: then both are tried.
std::vector<Candidate> candidates_of(const std::vector<Found>& found) {
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < found.size(); ++i) {
    double ratio = height_of(found[i].box) / width_of(found[i].box);
    if (ratio < kVeryTall) candidates.push_back({found[i].box, i, {}});
    if (ratio >= kTall) candidates.push_back({turned(found[i].box, 1), i, {}});
  }
  return candidates;
}

void turn_half(Candidate& candidate, Image& picture) {
  candidate.box = turned(candidate.box, 2);
  picture = turned_half(picture);
}

}  // namespace

PageReader::PageReader(const premise::engine& engine, const std::string& models, const premise::control& control)
    : detector_(engine, models + "/det.onnx", "finds lines", control),
      classifier_(engine, models + "/cls.onnx", "tells which way up lines are", control),
      recognizer_(engine, models + "/rec.onnx", control) {}

std::vector<Line> PageReader::read(const Image& image, float least_score, const premise::control& control) const {
  std::vector<Found> found = detect_lines(detector_, image, control);
  std::vector<Candidate> candidates = candidates_of(found);
  std::vector<Image> pictures;
  for (const Candidate& candidate : candidates) pictures.push_back(cut_line(image, candidate.box));
  std::vector<bool> upside_down = find_upside_down(classifier_, pictures, control);
  for (size_t i = 0; i < candidates.size(); ++i)
    if (upside_down[i]) turn_half(candidates[i], pictures[i]);
  read_all(candidates, pictures, control);

  std::vector<Line> best(found.size());
  for (const Candidate& candidate : candidates) {
    Line& line = best[candidate.place];
    if (candidate.reading.text.empty() || candidate.reading.score < line.score) continue;
    line = {candidate.box, candidate.reading.text, candidate.reading.score, found[candidate.place].score, 0};
  }
  std::vector<Line> lines;
  for (Line& line : best)
    if (!line.text.empty() && line.score >= least_score) lines.push_back(std::move(line));
  put_in_order(lines);
  return lines;
}

// What reads badly is tried the other way up: the classifier errs now and then.
void PageReader::read_all(std::vector<Candidate>& candidates, std::vector<Image>& pictures, const premise::control& control) const {
  std::vector<Reading> readings = recognizer_.read(pictures, control);
  std::vector<Candidate> others;
  std::vector<Image> turned_pictures;
  std::vector<size_t> origins;
  for (size_t i = 0; i < candidates.size(); ++i) {
    candidates[i].reading = readings[i];
    if (readings[i].score >= kDoubtful) continue;
    others.push_back(candidates[i]);
    turned_pictures.push_back(pictures[i]);
    turn_half(others.back(), turned_pictures.back());
    origins.push_back(i);
  }
  readings = recognizer_.read(turned_pictures, control);
  for (size_t i = 0; i < others.size(); ++i) {
    others[i].reading = readings[i];
    if (readings[i].score > candidates[origins[i]].reading.score) candidates[origins[i]] = others[i];
  }
}
