#include "doctor_probe.h"

MachineFacts probe_machine(const ProbeOptions& options) {
  MachineFacts machine;
  probe_host(machine.host, options);
  probe_gpu(machine.gpu, options);
  probe_engine(machine.host);
  return machine;
}
