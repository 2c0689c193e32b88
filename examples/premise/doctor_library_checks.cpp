#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "doctor_checks.h"

namespace {

std::string version_of(const LibraryFacts& file) {
  return file.major < 0   ? "no version"
         : file.minor < 0 ? std::to_string(file.major)
                          : fmt::format("{}.{}", file.major, file.minor);
}

std::string folder_of(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == path.npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
}

std::string need_of(const LibraryNeed& need) { return fmt::format(">= {}.{}", need.major, need.minor); }

bool is_too_old(const LibraryFacts& file, const LibraryNeed& need) {
  return file.major < need.major || (file.major == need.major && file.minor < need.minor);
}

std::string how_to_mend(const LibraryFacts& file, const std::string& package) {
  bool lacks = file.why.find("cannot open shared object file: No such file") != file.why.npos;
  if (lacks)
    return fmt::format(
        "install the library that is named, from the same release as {}, or put its folder into LD_LIBRARY_PATH",
        package);
  if (file.why.find("ermission denied") != file.why.npos)
    return fmt::format("let this user read it: sudo chmod a+r {}", file.path);
  if (file.loading == Loading::hung)
    return fmt::format("install {} again; if it hangs again, reboot and look at dmesg, or give a larger --timeout",
                       package);
  return fmt::format("the file is damaged or not for this system: install {} again", package);
}

}  // namespace

bool check_loading(const LibraryFacts& file, const std::string& package, State broken, Check& check) {
  if (file.loading == Loading::loaded) return true;
  const char* how = file.loading == Loading::hung      ? "hangs"
                    : file.loading == Loading::crashed ? "crashes"
                                                       : "does not load";
  check.state = broken;
  check.found = fmt::format("{} {}: {}", file.path, how, file.why);
  check.fix = how_to_mend(file, package);
  return false;
}

Check check_library(const LibraryNeed& need, const std::vector<LibraryFacts>& files, Severity severity) {
  Check check{need.id, State::pass, "none", need_of(need), ""};
  if (files.empty()) {
    check.state = severity.missing;
    check.fix = fmt::format("install {}, or run on the CPU without it", need.package);
    return check;
  }
  const LibraryFacts& file = files.front();  // of the supported name first
  if (!check_loading(file, need.package, severity.broken, check)) return check;
  check.found = fmt::format("{} in {}", version_of(file), folder_of(file.path));
  if (file.major < 0) {
    check.state = severity.broken;
    check.fix = fmt::format("{} does not tell its version: install {}", file.path, need.package);
  } else if (is_too_old(file, need)) {
    check.state = severity.broken;
    check.fix = fmt::format("{} {} is too old; the least that works is {}.{}: install {}", need.title, version_of(file),
                            need.major, need.minor, need.package);
  } else if (!file.searched) {
    check.state = std::min(severity.broken, State::warn);
    check.found += ", where the loader does not look";
    check.fix = fmt::format("export LD_LIBRARY_PATH={}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}", folder_of(file.path));
  }
  return check;
}

Check check_cudnn(const std::vector<LibraryFacts>& files, Severity severity) {
  Check check = check_library(kCudnnNeed, files, severity);
  int wanted = kLeastCuda / 1000;
  check.need += fmt::format(", built for CUDA {}", wanted);
  bool other = check.state == State::pass && !files.empty() && files[0].built_for >= 0 && files[0].built_for != wanted;
  if (!other) return check;
  check.state = severity.broken;
  check.found += fmt::format(", built for CUDA {}", files[0].built_for);
  check.fix = fmt::format("install the build for CUDA {}: {}", wanted, kCudnnNeed.package);
  return check;
}

Check check_nccl(const std::vector<LibraryFacts>& files, size_t gpus, Severity severity) {
  if (gpus < 2) severity.missing = State::pass;  // ranks meet over it, and one GPU has nobody to meet
  Check check = check_library(kNcclNeed, files, severity);
  check.need += " for several GPUs";
  return check;
}

Check check_majors(const GpuStackFacts& gpu) {
  Check check{"library_majors", State::pass, "no library twice", "one major of each", ""};
  std::vector<std::string> found, older;
  for (const auto& [files, title] :
       {std::pair(&gpu.runtime, kRuntimeNeed.title), std::pair(&gpu.cublas, kCublasNeed.title),
        std::pair(&gpu.cudnn, kCudnnNeed.title)}) {
    std::vector<std::string> places;
    for (const LibraryFacts& file : *files) {
      if (!file.searched) continue;
      if (!places.empty()) older.push_back(file.path);
      places.push_back(fmt::format("{} in {}", file.file, folder_of(file.path)));
    }
    if (places.size() > 1) found.push_back(fmt::format("{}: {}", title, fmt::join(places, ", ")));
  }
  if (found.empty()) return check;
  check.state = State::warn;
  check.found = fmt::format("{}", fmt::join(found, "; "));
  check.fix =
      fmt::format("take the older ones out of the loader's path (LD_LIBRARY_PATH, ld.so.conf) or remove them: {}",
                  fmt::join(older, ", "));
  return check;
}
