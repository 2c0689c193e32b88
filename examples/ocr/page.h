// Reads a page: finds its lines, cuts them out, turns them upright, reads them, and puts them in order.
#pragma once
#include <premise/premise.hpp>

#include <string>
#include <vector>

#include "geometry.h"
#include "image.h"
#include "recognize.h"

struct Line {
  Box box;              // begins at the text's own top left corner, however it stands on the page
  std::string text;
  float score = 0;      // of the text, 0 to 1
  float box_score = 0;  // of the place
  int row = 0;          // lines beside each other are of one row
};

// A way to read a place.
struct Candidate {
  Box box;
  size_t place;
  Reading reading;
};

class PageReader {
 public:
  // The three networks det.onnx, cls.onnx and rec.onnx of a folder. The engine must stay.
  PageReader(const premise::engine& engine, const std::string& models, const premise::control& control);
  // Lines that say nothing, or whose score is below `least_score`, are left out.
  std::vector<Line> read(const Image& image, float least_score, const premise::control& control) const;

 private:
  void read_all(std::vector<Candidate>& candidates, std::vector<Image>& pictures, const premise::control& control) const;
  Network detector_, classifier_;
  Recognizer recognizer_;
};
