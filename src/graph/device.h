// The one hall with doors: what a device must offer. Everything else about a device is its table of kernels. The host's own device (the
// CPU) works in the host's memory; an accelerator has memory of its own, which the host cannot touch, and kernels for the ops
// kToDevice and kToHost, by which values come and go.
#pragma once
#include <span>

#include "base/containers.h"
#include "graph/op.h"

namespace prm {

// How a kernel wants a constant, packed once at load and shared by all plans.
struct Layout {
  const char* name;
  size_t (*bytes)(const Tensor& plain);
  // Packs all of `plain`, or a run of its rows that begins at a multiple of `group_rows`, into `out`, in parallel through
  // `work`; as bytes() is linear in whole groups, large tensors are packed piece by piece.
  int64_t group_rows;
  void (*pack)(const Tensor& plain, std::byte* out, const Work& work);
};

// Asked at plan time; extents at their upper bounds.
struct KernelQuery {
  const Op& op;
  const Attr& attr;
  int inputs = 0;
  Tensor in[kMaxInputs];
  bool constant[kMaxInputs] = {};
  DType out = DType::f32;
};

struct Kernel {
  const char* op;    // by name: a plug-in shares no addresses with the core
  const char* name;  // for the placement report
  bool (*accepts)(const KernelQuery&);  // by types, constness and fixed extents; never by token count
  void (*run)(const OpArgs&);
  const Layout* layout[kMaxInputs] = {};  // null: plain
  size_t (*scratch)(const KernelQuery&) = nullptr;  // bytes that a launch has for itself; null: none
};

struct Launch {  // a call bound to addresses
  void (*run)(const OpArgs&);
  OpArgs args;
};

struct Device : ChargedObject {
  virtual ~Device() = default;
  virtual const char* name() const = 0;                       // "cpu"
  virtual std::span<const Kernel> kernels() const = 0;
  // Runs neighbouring launches in order; between them and per chunk it listens to the control. They are done when it returns.
  virtual Status submit(std::span<const Launch> segment, const Work& work) noexcept = 0;

  // Where an accelerator's memory is taken and charged; null: the host's memory serves.
  virtual MemoryAccount* memory() noexcept { return nullptr; }
  virtual uint64_t free_memory() noexcept { return 0; }  // that an accelerator has now, within its account's limit
  // Into an accelerator's memory; `from` is the caller's again when it returns.
  virtual Status upload(std::byte*, const std::byte*, size_t) noexcept { return Status::internal; }
  // Why the calling thread's last submit() or upload() failed, where its status does not say all.
  virtual const char* failure() const noexcept { return ""; }
};

// A value as it lies on the other side. No device has another way to the host's memory.
extern const Op kToDevice, kToHost;

}  // namespace prm
