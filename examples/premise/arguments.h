// The flags that commands share, their checks, and what they name: numbers with K M G, prompts from files and stdin, ids.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;  // its header takes seconds to compile: who adds flags includes it
}

struct Command {
  CLI::App* app;
  std::function<int()> run;  // gives the exit code
};

// How results are written.
struct OutputFlags {
  bool json = false, quiet = false;
};

// Which model, and how it is opened.
struct ModelFlags : OutputFlags {
  std::string model, synth, kv = "f16", device = "cpu", require;
  int64_t context = 0, chunk = 0, threads = 0;  // 0: the library's own choice
  int64_t max_host_bytes = 0, max_device_bytes = 0;  // 0: no bound
  int64_t gpu_layers = 0;                       // 0: as many as fit
  int64_t sessions = 0;                         // conversations that are open at once
  std::vector<std::string> inputs;              // NAME=FILE.npy, NAME=zeros:SHAPE: of models that take tensors
};

// Exactly one source of text.
struct TextFlags {
  std::string text, file;
  bool has_text = false;
};

void add_output_flags(CLI::App& app, OutputFlags& flags);
void add_model_flag(CLI::App& app, ModelFlags& flags);     // -m --synth
void add_synth_flag(CLI::App& app, ModelFlags& flags);     // --synth
void add_thread_flags(CLI::App& app, ModelFlags& flags);   // --threads --device --require --gpu-layers --max-device-bytes
void add_device_flags(CLI::App& app, ModelFlags& flags);   // --device --require --gpu-layers --max-device-bytes
void add_budget_flag(CLI::App& app, ModelFlags& flags);    // --max-host-bytes
void add_input_flag(CLI::App& app, ModelFlags& flags);     // --input
void add_compute_flags(CLI::App& app, ModelFlags& flags);  // the thread flags and the size flags
void add_size_flags(CLI::App& app, ModelFlags& flags);     // --ctx --chunk --kv --max-host-bytes: what memory depends on
void add_text_flags(CLI::App& app, TextFlags& flags);      // -p -f

// A number within [least, most]; K, M, G multiply by powers of 1024.
void add_count(CLI::App& app, const std::string& names, int64_t& to, int64_t least, int64_t most,
               const std::string& help);
// One of a few words; the first is the default. `later` are refused as not there yet.
void add_choice(CLI::App& app, const std::string& names, std::string& to, std::vector<std::string> words,
                std::vector<std::string> later, const std::string& help);

int64_t parse_count(const std::string& name, const std::string& text, int64_t least, int64_t most);
double parse_real(const std::string& name, const std::string& text, double least, double most);
// Token ids apart by commas or white space, in brackets or not.
std::vector<int32_t> parse_ids(const std::string& name, const std::string& text);

// All bytes of a file, "-" being stdin; `most` bounds them.
std::string read_input(const std::string& path, size_t most = SIZE_MAX);
std::string read_text(const TextFlags& flags);
