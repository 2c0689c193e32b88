// Pre-tokenizers of tokenizer.json files by their text, one step a line: a pattern that words are cut out by, "digits" (each apart),
// "bytes" (letters for bytes, nothing is cut), "words" (the same behind GPT-2's own pattern).
#include "formats/hf_tokenizer.h"

namespace prm {

namespace {

struct PatternRow {
  const char* name;    // of a pre-tokenizer in GGUF files
  bool ignore_merges;  // words that are tokens are taken whole
  std::string_view steps;
};
#define PRM_CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define PRM_SPACES "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define PRM_UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define PRM_LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define PRM_CASED(end) \
  "[^\\r\\n\\p{L}\\p{N}]?" PRM_UPPER "*" PRM_LOWER "+" end "|[^\\r\\n\\p{L}\\p{N}]?" PRM_UPPER "+" PRM_LOWER "*" end
#define PRM_WORDS_AND_NUMBERS(numbers) \
  PRM_CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" numbers "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" PRM_SPACES "\nbytes"
constexpr PatternRow kPatterns[] = {
    {"gpt-2", false, "words"},
    {"smollm", false, "digits\nwords"},
    {"llama-bpe", true, PRM_WORDS_AND_NUMBERS("\\p{N}{1,3}")},
    {"dbrx", false, PRM_WORDS_AND_NUMBERS("\\p{N}{1,3}")},
    {"qwen2", false, PRM_WORDS_AND_NUMBERS("\\p{N}")},
    {"tekken", true, PRM_CASED("") "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" PRM_SPACES "\nbytes"},
    {"gpt-4o", false,
     PRM_CASED(PRM_CONTRACTIONS "?") "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" PRM_SPACES "\nbytes"},
};

}  // namespace

const char* find_hf_pattern(std::string_view steps, bool ignore_merges) {
  for (const PatternRow& row : kPatterns)
    if (steps == row.steps && ignore_merges == row.ignore_merges) return row.name;
  return nullptr;
}

}  // namespace prm
