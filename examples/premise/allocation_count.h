// Memory for the library as it takes it itself, counted.
#pragma once
#include <premise/premise.h>

const prm_host* counting_host();
int64_t allocation_count();  // until now
