// /proc, /sys and the disk.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "doctor_probe.h"
#include "system.h"

namespace fs = std::filesystem;

namespace {

int64_t number_of(const std::string& text, int64_t otherwise) {
  size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return otherwise;
  int64_t number = 0;
  return std::from_chars(text.data() + first, text.data() + text.size(), number).ec == std::errc() ? number : otherwise;
}

// What follows `key` and a colon in a text of lines, trimmed.
std::string field(const std::string& text, const std::string& key) {
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size()), colon = text.find(':', at);
    if (colon < end && text.compare(at, key.size(), key) == 0 &&
        text.find_first_not_of(" \t", at + key.size()) == colon) {
      size_t first = text.find_first_not_of(" \t", colon + 1);
      return first < end ? text.substr(first, end - first) : "";
    }
    at = end + 1;
  }
  return "";
}

// "0-3,8" as numbers.
std::set<int> parse_list(const std::string& text) {
  std::set<int> numbers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    int64_t first = number_of(part, -1), last = first;
    if (size_t dash = part.find('-'); dash != part.npos) last = number_of(part.substr(dash + 1), -1);
    for (int64_t i = first; first >= 0 && i <= last && numbers.size() < 65536; ++i) numbers.insert(int(i));
  }
  return numbers;
}

void probe_cpu(HostFacts& host, const std::string& root) {
  std::string text = text_of(root + "/proc/cpuinfo");
  host.cpu = field(text, "model name");
  std::istringstream flags(field(text, "flags"));
  for (std::string flag; flags >> flag;) host.cpu_flags.insert(flag);
  for (size_t at = 0; at != text.npos; at = text.find("\n", at + 1))
    host.cores += text.compare(at ? at + 1 : 0, 10, "processor\t") == 0;
  host.allowed_cores = parse_list(field(text_of(root + "/proc/self/status"), "Cpus_allowed_list"));
}

void probe_nodes(HostFacts& host, const std::string& root) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(root + "/sys/devices/system/node", error)) {
    std::string name = entry.path().filename();
    if (!name.starts_with("node") || name.size() < 5 || name.find_first_not_of("0123456789", 4) != name.npos) continue;
    std::set<int> cores = parse_list(first_line(entry.path().string() + "/cpulist"));
    if (!cores.empty()) host.nodes.push_back(cores);
  }
}

void probe_memory(HostFacts& host, const std::string& root) {
  std::string text = text_of(root + "/proc/meminfo");
  host.memory = uint64_t(number_of(field(text, "MemTotal"), 0)) * 1024;
  host.available_memory = uint64_t(number_of(field(text, "MemAvailable"), 0)) * 1024;
  std::string pages = first_line(root + "/sys/kernel/mm/transparent_hugepage/enabled");
  size_t open = pages.find('['), close = pages.find(']');
  if (open < close && close != pages.npos) host.huge_pages = pages.substr(open + 1, close - open - 1);
}

// "max", or a quota and a period.
void take_cores(HostFacts& host, int64_t quota, int64_t period) {
  if (quota <= 0 || period <= 0) return;
  double cores = double(quota) / double(period);
  if (host.cgroup_cores < 0 || cores < host.cgroup_cores) host.cgroup_cores = cores;
}

void take_memory(HostFacts& host, int64_t bytes) {
  bool limits = bytes > 0 && (!host.memory || uint64_t(bytes) < host.memory);
  if (limits && (!host.cgroup_memory || uint64_t(bytes) < host.cgroup_memory)) host.cgroup_memory = uint64_t(bytes);
}

void read_cgroup(HostFacts& host, const std::string& folder) {
  std::string both = first_line(folder + "/cpu.max");  // version 2
  if (size_t space = both.find(' '); space != both.npos)
    take_cores(host, number_of(both, -1), number_of(both.substr(space), -1));
  take_cores(host, number_of(first_line(folder + "/cpu.cfs_quota_us"), -1),
             number_of(first_line(folder + "/cpu.cfs_period_us"), -1));
  take_memory(host, number_of(first_line(folder + "/memory.max"), -1));
  take_memory(host, number_of(first_line(folder + "/memory.limit_in_bytes"), -1));
}

// A limit of a group above counts as well. In a container the path may not be there: its own group is the top then.
void probe_cgroups(HostFacts& host, const std::string& root) {
  std::istringstream lines(text_of(root + "/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == line.npos || line.compare(second + 1, 1, "/")) continue;
    std::string controllers = line.substr(first + 1, second - first - 1), top = root + "/sys/fs/cgroup";
    if (!controllers.empty() && controllers != "memory" && controllers != "cpu" && controllers != "cpu,cpuacct")
      continue;
    if (!controllers.empty()) top += "/" + controllers;
    for (std::string path = line.substr(second + 1); !path.empty(); path.resize(path.rfind('/')))
      read_cgroup(host, top + (path == "/" ? "" : path));
    read_cgroup(host, top);
  }
}

void probe_disk(HostFacts& host, const std::string& root, const std::string& folder) {
  host.folder = folder;
  std::istringstream faked(root.empty() ? "" : text_of(root + "/statvfs"));
  if (faked >> host.disk >> host.free_disk) return;
  if (!disk_space(folder, host.disk, host.free_disk)) host.disk_error = std::strerror(errno);
}

}  // namespace

std::string doctor_root() {
  const char* root = std::getenv("PREMISE_DOCTOR_ROOT");
  return root ? root : "";
}

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string first_line(const std::string& path) {
  std::string text = text_of(path);
  return text.substr(0, text.find('\n'));
}

void probe_host(HostFacts& host, const ProbeOptions& options) {
  std::string root = doctor_root();
  host.kernel = first_line(root + "/proc/sys/kernel/osrelease");
  probe_cpu(host, root);
  probe_nodes(host, root);
  probe_memory(host, root);
  probe_cgroups(host, root);
  probe_disk(host, root, options.folder);
}
