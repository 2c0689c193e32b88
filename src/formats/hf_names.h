// The model types of Hugging Face's configurations that are read, and where their tensors stand in GGUF's naming.
#pragma once
#include <span>

#include "base/containers.h"

namespace prm {

struct HfFamily {
  const char* model_type;    // in config.json
  const char* arch;          // of ours
  bool post_norms = false;   // "post_attention_layernorm" stands behind attention, not in front of the feed-forward
  bool plus_one = false;     // norms multiply by 1 + weight
  bool window = false;       // "sliding_window" holds for the layers
  bool tied = false;         // the output is the embedding where the configuration does not say
  const char* act = "silu";  // of the feed-forward
};

const HfFamily* find_hf_family(std::string_view model_type);  // nullptr: not known
String hf_family_names();                                     // "gemma, gemma2, ..."

struct HfPlace {
  String name;          // GGUF's
  int64_t expert = -1;  // of a stack with this name
};
// False where the name has no place.
bool place_hf_tensor(const HfFamily& family, std::string_view name, HfPlace& place);

}  // namespace prm
