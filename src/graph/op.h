// What an op is: one const value in its family's file of src/ops. Its address is its identity inside the core, its name is
// its identity across a plug-in border.
#pragma once
#include <cstring>
#include <span>
#include <type_traits>

#include "base/threads.h"
#include "tensor/tensor.h"

namespace prm {

struct ShapeRule;

// Attributes: one trivially copyable struct per op, stored inline, zero-filled so that memcmp is equality. They hold no
// extents: kernels read those from tensors.
struct Attr {
  alignas(8) std::byte bytes[96] = {};

  Attr() = default;
  template <class A>
    requires(!std::is_same_v<A, Attr>)
  Attr(const A& a) {
    static_assert(std::is_trivially_copyable_v<A> && sizeof(A) <= sizeof bytes);
    std::memcpy(bytes, &a, sizeof a);
  }
  template <class A>
  A as() const {
    A a;
    std::memcpy(&a, bytes, sizeof a);
    return a;
  }
};

inline constexpr int kMaxInputs = 12, kMaxOutputs = 4;

// Everything a kernel gets: bound once per plan state, reused each run.
struct OpArgs {
  const Tensor* in[kMaxInputs] = {};
  Tensor* out[kMaxOutputs] = {};
  const Attr* attr = nullptr;
  const Work* work = nullptr;
  const Tensor* scratch = nullptr;  // what the kernel asked for; its contents are nobody's

  const Tensor& x(int i) const { return *in[i]; }
  const Tensor& y(int i = 0) const { return *out[i]; }
  template <class A>
  A at() const {
    return attr->as<A>();
  }
};

struct Cost {
  double flops = 0;  // multiply-adds count two
  double bytes = 0;  // read and written once each
};

struct Op {
  const char* name;
  void (*infer)(ShapeRule&);                // outputs' dtypes and shapes, or an error that names the node and its inputs
  Cost (*cost)(const OpArgs&);              // at the extents of the tensors; data pointers are not read
  void (*reference)(const OpArgs&);         // plain loops, sums in double; never edited to agree with a kernel
  int (*alias)(const Attr&, int output) = nullptr;  // the input that this output is a new version of, in place; -1: none
  // Extents of outputs that no shape tells (DimTable::defined): reference and kernels write them into the outputs' Tensor::dim.
  bool defines = false;
  bool decodes = false;  // what is stored becomes larger: of more than few constants passes decide, they are not folded
  bool view = false;  // output 0 is input 0 with other extents: the same memory, and nothing is launched
};

}  // namespace prm
