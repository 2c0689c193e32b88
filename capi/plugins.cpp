#include "capi/plugins.h"

#include <charconv>

#include "base/library.h"
#include "graph/plugin.h"

namespace prm {

namespace {

constexpr std::string_view kCuda = "cuda";
constexpr int kMostDevices = 64;

// The device's number in "cuda:1"; -1: not such a name.
int ordinal_of(std::string_view name) {
  if (name == kCuda) return 0;
  if (!name.starts_with("cuda:")) return -1;
  int ordinal = -1;
  const char* end = name.data() + name.size();
  auto [rest, error] = std::from_chars(name.data() + kCuda.size() + 1, end, ordinal);
  return error == std::errc() && rest == end && ordinal >= 0 && ordinal < kMostDevices ? ordinal : -1;
}

struct Refusal {
  Status status = Status::device_unavailable;
  std::string subject, message;
};

std::unique_ptr<Device> open_plugin(const Engine& engine, int ordinal) {
  std::string folder = engine.plugin_folder.empty() ? own_folder() : std::string(engine.plugin_folder), why;
  std::string path = folder + "/libpremise_cuda.so";
  auto open = reinterpret_cast<PluginOpen>(load_function(path, kPluginSymbol, why));
  if (!open)
    fail_about(Status::device_unavailable, "libpremise_cuda.so", "device 'cuda' needs the plug-in {} ({}): put it there, or name its folder by plugin_folder, or run on the CPU", path, why);
  Refusal refusal;
  PluginHost host{};
  host.ordinal = ordinal;
  host.max_device_bytes = engine.max_device_bytes;
  host.user = &refusal;
  host.fail = [](void* user, int32_t status, const char* subject, const char* message) {
    auto& to = *static_cast<Refusal*>(user);
    to.status = Status(status), to.subject = subject, to.message = message;
  };
  std::unique_ptr<Device> device(open(kPluginAbi, &host));
  if (!device) throw Error(refusal.status, refusal.message, refusal.subject);
  return device;
}

}  // namespace

Device* accelerator_of(Engine& engine, const char* name) {
  std::string_view wanted = name ? name : "";
  if (wanted.empty() || wanted == "cpu") return nullptr;
  int ordinal = ordinal_of(wanted);
  if (ordinal < 0) fail_about(Status::invalid_argument, "device", "options.device is '{}', expected \"cpu\", \"cuda\" or \"cuda:N\"", wanted);
  std::lock_guard lock(engine.accelerators_turn);
  std::unique_ptr<Device>& device = engine.accelerators[format_text("cuda:{}", ordinal)];
  if (!device) device = open_plugin(engine, ordinal);
  return device.get();
}

}  // namespace prm
