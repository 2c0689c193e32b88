// NVIDIA's adapters, device nodes and libraries. Libraries are asked in children, one each: some take the process with them.
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>

#include "doctor_child.h"
#include "doctor_needs.h"
#include "doctor_nvidia.h"
#include "doctor_probe.h"

namespace fs = std::filesystem;

namespace {

using Ask = void (*)(const Teller&, void*);  // doctor_nvidia.h

struct Place {
  std::string folder;
  bool searched;  // by the loader
};

// In the loader's order. With a root in place of /, the loader's own list is of another machine: the usual folders stand for it.
std::vector<Place> places(const std::string& root) {
  std::vector<Place> found;
  const char* path = std::getenv("LD_LIBRARY_PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (!folder.empty()) found.push_back({folder, true});
  if (!root.empty())
    for (const char* folder : {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"})
      found.push_back({root + folder, true});
  for (const char* folder : {"/usr/local/cuda/lib64", "/usr/local/cuda/targets/x86_64-linux/lib", "/opt/cuda/lib64"})
    found.push_back({root + folder, false});
  return found;
}

bool exists(const std::string& path) {
  struct stat info;
  return !stat(path.c_str(), &info);
}

void load(const Teller& teller, const std::string& path, Ask ask) {
  teller.say("step", "loading it");
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) return teller.say("error", dlerror());
  link_map* map = nullptr;
  if (!dlinfo(library, RTLD_DI_LINKMAP, &map) && map) teller.say("path", map->l_name);
  ask(teller, library);
}

struct Found {
  LibraryFacts facts;
  Answers answers;
};

// Nothing where there is no such file that the loader finds.
std::optional<Found> try_file(const std::string& file, const std::string& path, bool searched,
                              const ProbeOptions& options, Ask ask) {
  Found found;
  LibraryFacts& facts = found.facts;
  const Answers& answers = found.answers =
      ask_in_child([&](const Teller& teller) { load(teller, path, ask); }, options.timeout_ms);
  facts.file = file;
  facts.path = answers.text("path").empty() ? path : answers.text("path");
  facts.why = answers.text("error");
  facts.searched = searched;
  if (path == file && facts.why.starts_with(file + ": cannot open shared object file: No such file")) return {};
  if (answers.end != Answers::done) {
    facts.loading = answers.end == Answers::hung ? Loading::hung : Loading::crashed;
    facts.why = fmt::format("{}: {}", answers.text("step"), answers.how);
  } else if (!facts.why.empty()) {
    facts.loading = Loading::unloadable;
  }
  facts.major = int(answers.number("major", -1));
  facts.minor = int(answers.number("minor", -1));
  facts.built_for = int(answers.number("built_for", -1));
  return found;
}

// What glibc's loader passes over, to look in the next folder.
bool is_passed_over(const LibraryFacts& facts) {
  return facts.why.find("wrong ELF class") != facts.why.npos ||
         facts.why.ends_with("cannot open shared object file: Permission denied");
}

// The one that the loader would take for this name, else one that it passes over or would not find.
std::optional<Found> find_file(const std::string& file, const ProbeOptions& options, Ask ask) {
  std::string root = doctor_root();
  bool asked_loader = !root.empty();
  std::optional<Found> passed_over;
  for (const Place& place : places(root)) {
    std::optional<Found> found;
    if (!place.searched && !asked_loader) {
      asked_loader = true;
      found = try_file(file, file, true, options, ask);
    }
    std::string path = place.folder + "/" + file;
    if (!found && exists(path)) found = try_file(file, path, place.searched, options, ask);
    if (found && !is_passed_over(found->facts)) return found;
    if (!passed_over) passed_over = found;
  }
  return passed_over;
}

void probe_library(std::vector<LibraryFacts>& files, const LibraryNeed& need, const ProbeOptions& options, Ask ask) {
  for (const char* file : need.files) {
    std::optional<Found> found;
    if (file) found = find_file(file, options, ask);
    if (found) files.push_back(found->facts);
  }
}

GpuFacts gpu_of(const Answers& answers, int64_t index) {
  auto key = [index](const char* name) { return fmt::format("{}.{}", index, name); };
  auto number = [&](const char* name) { return uint64_t(answers.number(key(name))); };
  GpuFacts gpu;
  gpu.name = answers.text(key("name"));
  gpu.capability = int(number("capability"));
  gpu.error = int(number("error"));
  gpu.memory = number("memory");
  gpu.free_memory = number("free");
  gpu.ecc = number("ecc") != 0;
  gpu.ecc_new = number("ecc_new");
  gpu.ecc_ever = number("ecc_ever");
  gpu.rows_pending = number("rows_pending") != 0;
  gpu.rows_failed = number("rows_failed") != 0;
  gpu.throttling = number("throttling");
  gpu.mig = number("mig") != 0;
  return gpu;
}

DriverFacts probe_driver(const char* file, const ProbeOptions& options, Ask ask) {
  DriverFacts driver;
  std::optional<Found> found = find_file(file, options, ask);
  if (!found) return driver;
  const Answers& answers = found->answers;
  driver.files.push_back(found->facts);
  driver.init = int(answers.number("init"));
  driver.cuda_version = int(answers.number("cuda_version"));
  driver.version = answers.text("driver_version");
  int64_t count = std::clamp<int64_t>(answers.number("count"), 0, 64);
  for (int64_t i = 0; i < count; ++i) driver.gpus.push_back(gpu_of(answers, i));
  return driver;
}

// Display controllers (class 03) of vendor 10de.
std::vector<std::string> find_adapters(const std::string& root) {
  std::vector<std::string> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(root + "/sys/bus/pci/devices", error)) {
    std::string folder = entry.path().string();
    if (first_line(folder + "/vendor") == "0x10de" && first_line(folder + "/class").starts_with("0x03"))
      found.push_back(fmt::format("{} ({})", entry.path().filename().string(), first_line(folder + "/device")));
  }
  std::sort(found.begin(), found.end());
  return found;
}

// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  ...": the first word that is a number with dots.
std::string module_version(const std::string& root) {
  std::istringstream words(first_line(root + "/proc/driver/nvidia/version"));
  for (std::string word; words >> word;)
    if (word.find('.') != word.npos && word.find_first_not_of("0123456789.") == word.npos) return word;
  return "";
}

std::vector<NodeFacts> try_nodes(const std::string& root, const ProbeOptions& options) {
  std::vector<NodeFacts> nodes;
  for (const char* path : {"/dev/nvidiactl", "/dev/nvidia0", "/dev/nvidia-uvm"}) {
    // A driver that is out of order may keep who opens it.
    Answers answers = ask_in_child(
        [&](const Teller& teller) {
          int fd = open((root + path).c_str(), O_RDWR | O_CLOEXEC);
          teller.say("error", fd < 0 ? errno : 0);
        },
        options.timeout_ms);
    nodes.push_back({path, int(answers.number("error", ETIMEDOUT))});
  }
  return nodes;
}

}  // namespace

void probe_gpu(GpuStackFacts& gpu, const ProbeOptions& options) {
  std::string root = doctor_root();
  gpu.looked_for = true;
  gpu.adapters = find_adapters(root);
  gpu.module_version = module_version(root);
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES")) gpu.visible = visible, gpu.visible_is_set = true;
  if (!gpu.module_version.empty()) gpu.nodes = try_nodes(root, options);
  gpu.cuda = probe_driver("libcuda.so.1", options, ask_cuda);
  gpu.nvml = probe_driver("libnvidia-ml.so.1", options, ask_nvml);
  probe_library(gpu.runtime, kRuntimeNeed, options, ask_runtime);
  probe_library(gpu.cublas, kCublasNeed, options, ask_cublas);
  probe_library(gpu.cudnn, kCudnnNeed, options, ask_cudnn);
  probe_library(gpu.nccl, kNcclNeed, options, ask_nccl);
}
