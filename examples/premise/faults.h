// Failures on request, in builds with tests: PREMISE_FAIL_ALLOC=n or n+ refuses the library's n-th allocation (and all
// later ones), PREMISE_FAIL_READ likewise its reads of files.
#pragma once
#include <premise/premise.h>

// Services that fail as the environment asks; NULL when it asks for nothing. Throws wrong usage on a malformed value.
const prm_host* fault_services();
