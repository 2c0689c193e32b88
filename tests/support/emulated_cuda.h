// A device whose kernels are those of cuda/, run by the emulator; its memory is the host's.
#pragma once
#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "cuda_kernels.h"
#include "emulator/emulator.h"

namespace prm::test {

struct EmulatedCuda : Device {
  std::string failure;  // of the last submit
  std::vector<std::byte> scratch = std::vector<std::byte>(1 << 20);
  const char* name() const override { return "cuda"; }
  std::span<const Kernel> kernels() const override { return cuda_kernels(); }
  Status submit(std::span<const Launch> segment, const Work& work) noexcept override {
    failure.clear();
    std::ranges::fill(scratch, std::byte{0xff});
    submitting_to = {nullptr, scratch.data(), scratch.size()};
    try {
      for (const Launch& launch : segment) {
        if (Status status = work.control.check(); status != Status::ok) return status;
        launch.run(launch.args);
      }
    } catch (const std::exception& error) {
      failure = error.what();
      return Status::internal;
    }
    return work.control.check();
  }
};

// Calls fn in each order of threads and blocks.
template <class Fn>
void in_all_orders(Fn&& fn) {
  using emu::Order;
  emu::Mode before = emu::mode;
  for (emu::Mode mode : {emu::Mode{Order::forward, 1}, emu::Mode{Order::backward, 1}, emu::Mode{Order::shuffled, 7}, emu::Mode{Order::ahead, 1}, emu::Mode{Order::ahead, 2}}) {
    emu::mode = mode;
    fn();
  }
  emu::mode = before;
}

}  // namespace prm::test
