#include "synth_flag.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "failure.h"
#include "suggest.h"

SynthModel parse_synth(const std::string& flag, const std::string& text) {
  SynthModel model;
  if (find_synth_model(text, model)) return model;
  std::vector<std::string> names = synth_names();
  std::string near = suggest_name(text.substr(0, text.find(':')), names);
  fail_usage("no such model", flag + " " + text,
             fmt::format("{}{}give one of {}; a seed may follow, as in {}:2", near, near.empty() ? "" : " ", fmt::join(names, ", "), names[0]));
}
