// Values on their way between the host and an accelerator: plans put these in, graphs never hold them.
#include "graph/device.h"

namespace prm {

const Op kToDevice{.name = "to_device", .infer = nullptr, .cost = nullptr, .reference = nullptr};
const Op kToHost{.name = "to_host", .infer = nullptr, .cost = nullptr, .reference = nullptr};

}  // namespace prm
