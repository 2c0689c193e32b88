// The name of a made-up model, as the user typed it.
#pragma once
#include "synth_model.h"

// NAME[:SEED] behind `flag`; fails with the names that there are.
SynthModel parse_synth(const std::string& flag, const std::string& text);
