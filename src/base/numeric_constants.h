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
// erf(x) = x q(x^2) below PRM_ERF_LOW, |relative error| < 1.8e-7; from there on 1 - erfc(x). erfc(x) = exp(-x^2) t p(t), t = 1 /
// (1 + x / 2), for x >= 0, |error| < 2.8e-7. Both fitted on Chebyshev nodes.
#define PRM_ERF_LOW 0.75f
#define PRM_ERF_Q0 1.12837911f
#define PRM_ERF_Q1 -0.3761262f
#define PRM_ERF_Q2 0.112833895f
#define PRM_ERF_Q3 -0.0268352758f
#define PRM_ERF_Q4 0.00511565711f
#define PRM_ERF_Q5 -0.000675878779f
#define PRM_ERFC_P0 0.282159895f
#define PRM_ERFC_P1 0.28119871f
#define PRM_ERFC_P2 0.251045346f
#define PRM_ERFC_P3 0.173140854f
#define PRM_ERFC_P4 0.0397563502f
#define PRM_ERFC_P5 0.1856547f
#define PRM_ERFC_P6 -0.409184963f
#define PRM_ERFC_P7 0.247979596f
#define PRM_ERFC_P8 -0.0517505035f
