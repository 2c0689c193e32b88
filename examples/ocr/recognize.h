// What lines of text say.
#pragma once
#include "network.h"

struct Reading {
  std::string text;  // UTF-8
  float score = 0;   // the mean probability of its characters
};

class Recognizer {
 public:
  // Throws Failure where the network's file does not say what its characters are.
  Recognizer(const premise::engine& engine, const std::string& path, const premise::control& control);
  // A reading for each line, which stands upright.
  std::vector<Reading> read(const std::vector<Image>& lines, const premise::control& control) const;

 private:
  Reading decode(const float* steps, int64_t count, int64_t classes) const;
  Network network_;
  std::vector<std::string> characters_;
};
