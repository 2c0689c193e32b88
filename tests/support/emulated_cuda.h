// A device whose kernels are those of cuda/, run by the emulator; its memory is the host's.
#pragma once
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "cuda_kernels.h"
#include "emulator/emulator.h"

namespace prm::test {

struct EmulatedCuda : Device {
  std::string failure;  // of the last submit
  std::vector<Kernel> table{cuda_kernels().begin(), cuda_kernels().end()};
  const char* name() const override { return "cuda"; }
  std::span<const Kernel> kernels() const override { return table; }
  Status submit(std::span<const Launch> segment, const Work& work) noexcept override {
    failure.clear();
    try {
      for (const Launch& launch : segment) {
        if (Status status = work.control.check(); status != Status::ok) return status;
        if (launch.args.scratch) std::memset(launch.args.scratch->data, 0xff, launch.args.scratch->bytes());
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
