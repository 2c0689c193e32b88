// What the command line asks for.
#pragma once
#include <string>
#include <vector>

struct Arguments {
  std::vector<std::string> images;
  std::string models = "models/ppocr", draw;
  int threads = 0;          // 0: all
  double least_score = 0.5, timeout_s = 0;  // 0: none
  bool json = false;
};

// True: go on. False: the program ends with `exit_code`, and all is said.
bool read_arguments(int argc, char** argv, Arguments& to, int& exit_code);
