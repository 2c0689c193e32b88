// The pre-tokenizers, as data (word_rules.h tells the language). Patterns come from the tokenizer.json of the models; where
// llama.cpp reads one differently, its reading counts, since files are made and checked with it:
//   - upper and lower case are told apart in ASCII alone: any other letter is both (tekken, gpt-4o), and marks are no part of
//     these words unless a pattern says so;
//   - white space is the property White_Space; ranges of code points never take any (deepseek-llm names U+3000 in vain).
#include "text/word_rules.h"

namespace prm {

namespace {

using enum WordScan;

// ---- Sets ------------------------------------------------------------------------------------------------------------

constexpr uint32_t kLines = one_of({kCarriageReturn, kLineFeed});
constexpr uint32_t kSpaces = kLines | one_of({kBlank, kOtherSpace});
constexpr uint32_t kAsciiLetters = one_of({kAsciiUpper, kAsciiLower});
constexpr uint32_t kLetters = kAsciiLetters | one_of({kOtherLetter, kHanLetter});
constexpr uint32_t kMarks = one_of({kMark});
constexpr uint32_t kNumbers = one_of({kAsciiDigit, kOtherNumber});
constexpr uint32_t kAsciiPunctuation = one_of({kApostrophe, kSlash, kStop, kOtherAsciiPunctuation});
constexpr uint32_t kPunctuation = kAsciiPunctuation | one_of({kWideStop, kOtherPunctuation});
constexpr uint32_t kAsciiSymbols = one_of({kBar, kBacktick, kOtherAsciiSymbol});
constexpr uint32_t kSymbols = kAsciiSymbols | one_of({kOtherSymbol});
constexpr uint32_t kAll = (1u << (kOtherCharacter + 1)) - 1;
constexpr uint32_t kOthers = kAll & ~(kSpaces | kLetters | kNumbers);  // [^\s\p{L}\p{N}]

constexpr CharacterSet kBlankSet{one_of({kBlank})}, kSpaceSet{kSpaces}, kLetterSet{kLetters}, kNumberSet{kNumbers}, kOtherSet{kOthers};
constexpr CharacterSet kNoWordSet{kAll & ~(kLines | kLetters | kNumbers)};  // [^\r\n\p{L}\p{N}]
constexpr CharacterSet kMarkedLetterSet{kLetters | kMarks};

constexpr CodeRange kHanAndKana[] = {{0x3040, 0x30ff}, {0x4e00, 0x9fa5}};
constexpr CodeRange kEastAsian[] = {{0x0800, 0x9fa5}, {0xac00, 0xd7ff}};
constexpr CodeRange kHan[] = {{0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xf900, 0xfaff}, {0x20000, 0x2a6df}, {0x2a700, 0x2ebef}, {0x2f800, 0x2fa1f}};
constexpr CodeRange kHangulAndJamo[] = {{0x3131, 0x318e}, {0xac00, 0xd7a3}};
constexpr CodeRange kBopomofo[] = {{0x3105, 0x312f}};
constexpr CodeRange kYoutuPunctuation[] = {{0x2014, 0x2014}, {0x2018, 0x2019}, {0x201c, 0x201d}, {0x2026, 0x2026}, {0x3001, 0x303f},
                                           {0xfe30, 0xfe4f}, {0xff01, 0xff01}, {0xff0c, 0xff0c}, {0xff1a, 0xff1b}};
constexpr CodeRange kAfmoeScripts[] = {{0x0e40, 0x0eff}, {0x1000, 0x109f}, {0x1100, 0x11ff}, {0x1780, 0x17ff}, {0x2f00, 0x2fdf},
                                       {0x3040, 0x30ff}, {0x3400, 0x4dbf}, {0x4e00, 0xfaff}, {0xff65, 0xff9f}};
// Letters with case, and what else deepseek-llm's pattern lists beside A-Z and a-z.
constexpr CodeRange kDeepseekLetters[] = {
    {0xb5, 0xb5}, {0xc0, 0xd6}, {0xd8, 0xf6}, {0xf8, 0x1ba}, {0x1bc, 0x1bf}, {0x1c4, 0x293}, {0x295, 0x2af}, {0x370, 0x373},
    {0x376, 0x377}, {0x37b, 0x37d}, {0x37f, 0x37f}, {0x386, 0x386}, {0x388, 0x38a}, {0x38c, 0x38c}, {0x38e, 0x3a1}, {0x3a3, 0x3f5},
    {0x3f7, 0x481}, {0x48a, 0x52f}, {0x531, 0x556}, {0x10a0, 0x10c5}, {0x13a0, 0x13f5}, {0x13f8, 0x13fd}, {0x1c90, 0x1cba},
    {0x1cbd, 0x1cbf}, {0x1d00, 0x1d2b}, {0x1d6b, 0x1d77}, {0x1d79, 0x1d9a}, {0x1e00, 0x1f15}, {0x1f18, 0x1f1d}, {0x1f20, 0x1f45},
    {0x1f48, 0x1f4d}, {0x1f50, 0x1f57}, {0x1f59, 0x1f59}, {0x1f5b, 0x1f5b}, {0x1f5d, 0x1f5d}, {0x1f5f, 0x1f7d}, {0x1f80, 0x1fb4},
    {0x1fb6, 0x1fbc}, {0x1fbe, 0x1fbe}, {0x1fc2, 0x1fc4}, {0x1fc6, 0x1fcc}, {0x1fd0, 0x1fd3}, {0x1fd6, 0x1fdb}, {0x1fe0, 0x1fec},
    {0x1ff2, 0x1ff4}, {0x1ff6, 0x1ffc}, {0x2102, 0x2102}, {0x2107, 0x2107}, {0x210a, 0x2113}, {0x2115, 0x2115}, {0x2119, 0x211d},
    {0x2124, 0x2124}, {0x2126, 0x2126}, {0x2128, 0x2128}, {0x212a, 0x212d}, {0x212f, 0x2134}, {0x2139, 0x2139}, {0x213c, 0x213f},
    {0x2145, 0x2149}, {0x214e, 0x214e}, {0x2183, 0x2184}, {0x2c00, 0x2c7b}, {0x2c7e, 0x2ce4}, {0x2ceb, 0x2cee}, {0x2cf2, 0x2cf3},
    {0xa640, 0xa66d}, {0xa680, 0xa69b}, {0xa722, 0xa76f}, {0xa771, 0xa787}, {0xa78b, 0xa78e}, {0xab70, 0xabbf}, {0xfb00, 0xfb06},
    {0xfb13, 0xfb17}, {0xff21, 0xff3a}, {0xff41, 0xff5a}, {0x10400, 0x1044f}, {0x104b0, 0x104d3}, {0x104d8, 0x104fb},
    {0x10c80, 0x10cb2}, {0x10cc0, 0x10cf2}, {0x118a0, 0x118df}, {0x1e900, 0x1e943}};
constexpr CodeRange kDeepseekPunctuation[] = {{0x2018, 0x201f}, {0x3001, 0x3002}, {0xff01, 0xff0f}, {0xff1a, 0xff5e}};

// ---- Rules that patterns share ---------------------------------------------------------------------------------------

constexpr WordRule kContraction{.scan = contraction}, kAnyContraction{.scan = any_contraction};
constexpr WordRule kWord{.lead = kNoWordSet, .body = kLetterSet};               // [^\r\n\p{L}\p{N}]?\p{L}+
constexpr WordRule kMarkedWord{.lead = kNoWordSet, .body = kMarkedLetterSet};   // [^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+
constexpr WordRule kNumber{.body = kNumberSet, .most = 1}, kThreeNumbers{.body = kNumberSet, .most = 3}, kAllNumbers{.body = kNumberSet};
constexpr WordRule kThreeDigits{.body = {one_of({kAsciiDigit})}, .least = 3, .most = 3};
constexpr WordRule kOthersAndLines{.lead = kBlankSet, .body = kOtherSet, .tail = kLines};  //  ?[^\s\p{L}\p{N}]+[\r\n]*
constexpr WordRule kOthersLinesAndSlashes{.lead = kBlankSet, .body = kOtherSet, .tail = kLines | one_of({kSlash})};
constexpr WordRule kLineBreaks{.scan = line_breaks}, kRestOfSpaces{.scan = spaces};
constexpr WordRule kOneLineBreak{.body = {kLines}, .most = 1};
// Words of one case and then the other: tekken's without contractions, gpt-4o's with.
constexpr WordRule kTekkenWord{.scan = cased_word, .lead = kNoWordSet, .body = {kLetters & ~one_of({kAsciiLower})}, .lower = kLetters & ~one_of({kAsciiUpper})};
constexpr WordRule kGpt4oWord{
    .scan = cased_word, .lead = kNoWordSet, .body = {kLetters & ~one_of({kAsciiLower})}, .lower = kLetters & ~one_of({kAsciiUpper}), .contraction = true};
constexpr WordRule kMarkedGpt4oWord{.scan = cased_word,
                                    .lead = kNoWordSet,
                                    .body = {(kLetters | kMarks) & ~one_of({kAsciiLower})},
                                    .lower = (kLetters | kMarks) & ~one_of({kAsciiUpper}),
                                    .contraction = true};
constexpr WordRule kContractedWord{.lead = kNoWordSet, .body = kMarkedLetterSet, .contraction = true};
// What deepseek-v3 and its kin share: names of members and options, words, signs.
constexpr WordRule kSignedName{.lead = {kAsciiPunctuation | kAsciiSymbols}, .lead_needed = true, .body = {kAsciiLetters}};
constexpr WordRule kUnsignedWord{.lead = {kAll & ~(kLines | kLetters | kPunctuation | kSymbols)}, .body = kMarkedLetterSet};
constexpr WordRule kSigns{.lead = kBlankSet, .body = {kPunctuation | kSymbols}, .tail = kLines};

// ---- Passes ----------------------------------------------------------------------------------------------------------

constexpr WordRule kGpt2Words[] = {
    kContraction, {.lead = kBlankSet, .body = kLetterSet}, {.lead = kBlankSet, .body = kNumberSet}, {.lead = kBlankSet, .body = kOtherSet}, kRestOfSpaces};
constexpr WordRule kLlama3Words[] = {kAnyContraction, kWord, kThreeNumbers, kOthersAndLines, kLineBreaks, kRestOfSpaces};
constexpr WordRule kQwen2Words[] = {kAnyContraction, kWord, kNumber, kOthersAndLines, kLineBreaks, kRestOfSpaces};
constexpr WordRule kQwen35Words[] = {
    kAnyContraction, kMarkedWord, kNumber, {.lead = kBlankSet, .body = {kOthers & ~kMarks}, .tail = kLines}, kLineBreaks, kRestOfSpaces};
constexpr WordRule kTurkishWords[] = {kWord, kNumber, kOthersAndLines, kLineBreaks, kRestOfSpaces};
constexpr WordRule kSeedWords[] = {kAnyContraction, kWord, kNumber, {.lead = kBlankSet, .body = kOtherSet}, kLineBreaks, kRestOfSpaces};
constexpr WordRule kExaoneMoeWords[] = {kAnyContraction,
                                        {.scan = spaced_letters, .lead = kNoWordSet},
                                        kNumber,
                                        {.lead = kBlankSet, .body = kOtherSet, .tail = kLines | one_of({kSlash}), .most_tail = 1},
                                        kLineBreaks,
                                        kRestOfSpaces};
constexpr WordRule kTekkenWords[] = {kTekkenWord, kNumber, kOthersLinesAndSlashes, kLineBreaks, kRestOfSpaces};
constexpr WordRule kGpt4oWords[] = {kGpt4oWord, kThreeNumbers, kOthersLinesAndSlashes, kLineBreaks, kRestOfSpaces};
constexpr WordRule kMarkedGpt4oWords[] = {kMarkedGpt4oWord, kThreeNumbers, kOthersLinesAndSlashes, kLineBreaks, kRestOfSpaces};
constexpr WordRule kAyaWords[] = {kContractedWord, kThreeNumbers, kOthersLinesAndSlashes, kLineBreaks, kRestOfSpaces};
constexpr WordRule kYoutuWords[] = {kContractedWord, kNumber, kOthersLinesAndSlashes, kLineBreaks, kRestOfSpaces};
constexpr WordRule kKimiWords[] = {{.body = {0, kHan}},
                                   {.lead = kNoWordSet, .body = {kLetters & ~one_of({kHanLetter})}, .contraction = true},
                                   kThreeNumbers,
                                   kOthersAndLines,
                                   kLineBreaks,
                                   kRestOfSpaces};
constexpr WordRule kDeepseek3Words[] = {kSignedName, kUnsignedWord, kSigns, kLineBreaks, kRestOfSpaces};
constexpr WordRule kSparkWords[] = {
    kSignedName, kUnsignedWord, {.lead = kBlankSet, .body = {kPunctuation | kSymbols}}, kOneLineBreak, kRestOfSpaces};
constexpr WordRule kBloomWords[] = {{.lead = kBlankSet, .body = {kAll & ~(kSpaces | one_of({kStop, kWideStop, kBar}))}}};

constexpr WordRule kOneNumberEach[] = {kNumber}, kThreeNumbersEach[] = {kThreeNumbers}, kNumberRuns[] = {kAllNumbers}, kDigitTriples[] = {kThreeDigits};
constexpr WordRule kNumberThirds[] = {{.scan = thirds}};
constexpr WordRule kEachLineBreak[] = {kOneLineBreak};
constexpr WordRule kLinesApart[] = {{.body = {kAll & ~one_of({kLineFeed})}}, {.body = {one_of({kLineFeed})}}};
constexpr WordRule kSignRuns[] = {{.body = {kPunctuation | one_of({kBar, kOtherAsciiSymbol})}}};
constexpr WordRule kFalconSignRuns[] = {{.body = {kPunctuation | kAsciiSymbols}}};
constexpr WordRule kHanAndKanaRuns[] = {{.body = {0, kHanAndKana}}}, kEastAsianRuns[] = {{.body = {0, kEastAsian}}}, kAfmoeRuns[] = {{.body = {0, kAfmoeScripts}}};
constexpr WordRule kYoutuRuns[] = {{.body = {0, kHangulAndJamo}}, {.body = {0, kYoutuPunctuation}}, {.body = {0, kBopomofo}}, {.body = {0, kHanAndKana}}};
constexpr WordRule kSpacedLetterRuns[] = {{.lead = kSpaceSet, .body = kLetterSet}};
constexpr WordRule kSpacedPunctuation[] = {{.lead = kSpaceSet, .body = {kPunctuation}}};
constexpr WordRule kDeepseekLetterRuns[] = {{.lead = kSpaceSet, .body = {kAsciiLetters, kDeepseekLetters}}};
constexpr WordRule kDeepseekSignRuns[] = {{.lead = kSpaceSet, .body = {kAsciiLetters | kAsciiPunctuation | kAsciiSymbols, kDeepseekPunctuation}}};
constexpr WordRule kTrailingSpaces[] = {{.scan = trailing_spaces}};

// ---- Patterns --------------------------------------------------------------------------------------------------------

constexpr WordPass kDefault[] = {kSignRuns, kGpt2Words, kNumberRuns, kDigitTriples};
constexpr WordPass kGpt2[] = {kGpt2Words};
constexpr WordPass kSmollm[] = {kOneNumberEach, kGpt2Words};
constexpr WordPass kFalcon[] = {kFalconSignRuns, kGpt2Words, kDigitTriples};
constexpr WordPass kLlama3[] = {kLlama3Words};
constexpr WordPass kMinicpm5[] = {kThreeNumbersEach, kLlama3Words};
constexpr WordPass kQwen2[] = {kQwen2Words};
constexpr WordPass kQwen35[] = {kQwen35Words};
constexpr WordPass kLaguna[] = {kLinesApart, kQwen2Words};
constexpr WordPass kUfakzeka[] = {kTurkishWords};
constexpr WordPass kSeedCoder[] = {kSeedWords};
constexpr WordPass kExaoneMoe[] = {kExaoneMoeWords};
constexpr WordPass kTekken[] = {kTekkenWords};
constexpr WordPass kGpt4o[] = {kGpt4oWords};
constexpr WordPass kMarkedGpt4o[] = {kMarkedGpt4oWords};
constexpr WordPass kTinyAya[] = {kNumberThirds, kAyaWords};
constexpr WordPass kYoutu[] = {kYoutuRuns, kYoutuWords};
constexpr WordPass kKimiK2[] = {kKimiWords};
constexpr WordPass kDeepseekLlm[] = {kEachLineBreak, kDeepseekLetterRuns, kDeepseekSignRuns, kTrailingSpaces, kEastAsianRuns, kNumberRuns};
constexpr WordPass kDeepseekCoder[] = {kEachLineBreak, kSpacedLetterRuns, kSpacedPunctuation, kEastAsianRuns, kOneNumberEach};
constexpr WordPass kDeepseek3[] = {kThreeNumbersEach, kHanAndKanaRuns, kDeepseek3Words};
constexpr WordPass kSpark[] = {kThreeNumbersEach, kHanAndKanaRuns, kSparkWords, kOneNumberEach};
constexpr WordPass kAfmoe[] = {kNumberThirds, kAfmoeRuns, kDeepseek3Words};
constexpr WordPass kBloom[] = {kBloomWords};
constexpr WordPass kViking[] = {kBloomWords, kOneNumberEach};

constexpr PreTokenizer kPreTokenizers[] = {
    {"default", kDefault},
    {"gpt-2", kGpt2},
    {"phi-2", kGpt2},
    {"mpt", kGpt2},
    {"olmo", kGpt2},
    {"jais", kGpt2},
    {"trillion", kGpt2},
    {"granite-docling", kGpt2},
    {"exaone4", kGpt2},
    {"gigachat", kGpt2},
    {"a.x-4.0", kGpt2},
    {"mellum", kGpt2},
    {"modern-bert", kGpt2},
    {"jina-es", kGpt2},
    {"jina-de", kGpt2},
    {"jina-v1-en", kGpt2},
    {"jina-v2-es", kGpt2},
    {"jina-v2-de", kGpt2},
    {"jina-v2-code", kGpt2},
    {"roberta-bpe", kGpt2},
    {"smollm", kSmollm},
    {"starcoder", kSmollm},
    {"refact", kSmollm},
    {"command-r", kSmollm},
    {"codeshell", kSmollm},
    {"exaone", kSmollm},
    {"minerva-7b", kSmollm},
    {"mellum2", kSmollm},
    {"falcon", kFalcon},
    {"llama-bpe", kLlama3, true, true},
    {"llama3", kLlama3, true, true},
    {"llama-v3", kLlama3, true, true},
    {"falcon3", kLlama3, true, true},
    {"falcon-h1", kLlama3, true, true},
    {"pixtral", kLlama3, true, true},
    {"midm-2.0", kLlama3, true, true},
    {"lfm2", kLlama3, true, true},
    {"jina-v5-nano", kLlama3, true, true},
    {"glm4", kLlama3, true},
    {"glm5", kLlama3, true},
    {"chatglm-bpe", kLlama3},
    {"dbrx", kLlama3},
    {"smaug-bpe", kLlama3},
    {"minicpm5", kMinicpm5, true},
    {"qwen2", kQwen2},
    {"deepseek-r1-qwen", kQwen2},
    {"megrez", kQwen2},
    {"kormo", kQwen2},
    {"f2llmv2", kQwen2},
    {"stablelm2", kQwen2},
    {"hunyuan", kQwen2},
    {"solar-open", kQwen2},
    {"grok-2", kQwen2},
    {"bailingmoe", kQwen2},
    {"bailingmoe2", kQwen2},
    {"llada-moe", kQwen2},
    {"qwen35", kQwen35},
    {"laguna", kLaguna},
    {"ufakzeka", kUfakzeka},
    {"seed-coder", kSeedCoder},
    {"exaone-moe", kExaoneMoe},
    {"tekken", kTekken, true, true},
    {"gpt-4o", kGpt4o},
    {"llama4", kGpt4o},
    {"kanana2", kGpt4o},
    {"talkie", kGpt4o},
    {"minimax-m2", kGpt4o},
    {"granite-embed-multi-97m", kMarkedGpt4o, true},
    {"tiny_aya", kTinyAya},
    {"cohere2moe", kTinyAya},
    {"youtu", kYoutu, true},
    {"kimi-k2", kKimiK2},
    {"deepseek-llm", kDeepseekLlm},
    {"deepseek-coder", kDeepseekCoder},
    {"deepseek-v3", kDeepseek3},
    {"hunyuan-dense", kDeepseek3},
    {"joyai-llm", kDeepseek3},
    {"hy_v4", kDeepseek3},
    {"spark2_5", kSpark},
    {"afmoe", kAfmoe},
    {"bloom", kBloom},
    {"poro-chat", kBloom},
    {"gpt3-finnish", kBloom},
    {"viking", kViking},
};

}  // namespace

std::span<const PreTokenizer> pre_tokenizers() { return kPreTokenizers; }

}  // namespace prm
