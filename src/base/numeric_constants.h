// Constants of our own elementary functions. Plain macros: ISA-specific files include this and nothing else of base/.
#pragma once
// exp(x) = 2^n * p(r), n = rne(x * log2 e), r = x - n ln 2 in two steps, p of degree 6. |relative error| < 2.3e-7.
#define PRM_EXP_LOW (-87.0f)    // below: 0
#define PRM_EXP_HIGH (88.0f)    // above: clamped
#define PRM_LOG2E 1.44269504f
#define PRM_LN2_HIGH 0.693145752f
#define PRM_LN2_LOW 1.42860677e-6f
#define PRM_EXP_C6 (1.0f / 720)
#define PRM_EXP_C5 (1.0f / 120)
#define PRM_EXP_C4 (1.0f / 24)
#define PRM_EXP_C3 (1.0f / 6)
#define PRM_EXP_C2 0.5f
// tanh(x) = sign h / (h + 1), h = (exp(2|x|) - 1) / 2 = (2^n (r + r^2 p') + (2^n - 1)) / 2, where 1 + r + r^2 p' is p(r) with
// one term more: nothing cancels near zero. Below h = 1/2 as h - h h / (h + 1). Within 2 units in the last place.
#define PRM_TANH_HIGH 10.0f    // from here on: 1
#define PRM_TANH_C7 (1.0f / 5040)
// gelu(x), tanh form = x * sigmoid(2u), u = sqrt(2/pi) * (x + 0.044715 x^3)
#define PRM_GELU_A 1.59576912f  // 2 * sqrt(2/pi)
#define PRM_GELU_B 0.044715f
