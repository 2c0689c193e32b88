// Inputs and outputs of a model as commands handle them: what it takes, arrays from files or made up, runs.
#pragma once
#include <string>
#include <vector>

#include "npy_file.h"
#include "session.h"

struct Port {
  std::string name;
  prm_dtype dtype = PRM_DTYPE_ANY;
  bool any_shape = false;
  std::vector<int64_t> shape;  // -1: any extent
};
std::vector<Port> model_ports(const Session& session, int32_t direction);
std::string describe(const Port& port);  // "float32 [?, 3]"

// NAME=FILE.npy, NAME=zeros, NAME=random:1x3x224x224; what is not in a file is made when the model's types are known.
struct InputSpec {
  std::string name, file, fill;
  bool has_shape = false;
  std::vector<int64_t> shape;
  Array array;  // read of a file
};
std::vector<InputSpec> parse_inputs(const std::vector<std::string>& words);
// The shapes that they tell, for prm_model_options; they borrow the specs.
std::vector<prm_tensor> spec_shapes(const std::vector<InputSpec>& specs);

struct NamedArray {
  std::string name;
  Array array;
};
// An array for every input, in the model's order; extents that are open are 1 unless a spec tells them. Throws Failure naming
// inputs that no spec names, unless `fill` ("zeros", "random") is for those.
std::vector<NamedArray> make_inputs(const Session& session, std::vector<InputSpec> specs, const std::string& fill = {});

// One model's run, again and again: the buffers of outputs stay. BF16 comes as float32.
class TensorRun {
 public:
  TensorRun(const Session& session, std::vector<NamedArray> inputs);
  void run(int64_t deadline_ns = 0);  // throws Failure
  const std::vector<NamedArray>& outputs() const { return outputs_; }

 private:
  const Session& session_;
  std::vector<NamedArray> inputs_, outputs_;
  std::vector<prm_tensor> given_, wanted_;
};
