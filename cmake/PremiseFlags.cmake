# Flags that every translation unit of the library shares, as an interface target so that a guest project keeps its own.
add_library(premise_flags INTERFACE)
target_compile_options(premise_flags INTERFACE
  -fvisibility=hidden
  # The numeric rules (src/README.md): no contraction, no reassociation; fused multiply-adds are written out.
  -ffp-contract=off
  $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>
  # Lets ccache keep what is compiled with a precompiled header.
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fpch-preprocess>
  # Unique symbols would keep the library in memory after dlclose.
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fno-gnu-unique>)
if(WIN32)
  # GCC keeps 32- and 64-byte vectors on stacks that Windows aligns to 16 bytes (GCC bug 54412): no move may ask for more.
  # Debian's GCC is patched so; others are told through the assembler.
  target_compile_options(premise_flags INTERFACE -Wa,-muse-unaligned-vector-move)
  # C's printf as C99 has it, and the API of Windows 10.
  target_compile_definitions(premise_flags INTERFACE __USE_MINGW_ANSI_STDIO=1 _WIN32_WINNT=0x0A00)
endif()
if(PREMISE_TOP_LEVEL)
  target_compile_options(premise_flags INTERFACE -Wall -Wextra -Wshadow
    # GCC 12 warns of overlapping copies inside its own std::string (GCC bug 105651).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
endif()
if(PREMISE_WERROR)
  target_compile_options(premise_flags INTERFACE -Werror)
endif()
if(PREMISE_SANITIZE)
  target_compile_options(premise_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(premise_flags INTERFACE -fsanitize=address,undefined)
endif()
if(PREMISE_FUZZ)
  # Comparisons are not traced: a dictionary has the words, and text is three times the executions.
  target_compile_options(premise_flags INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp)
endif()
if(PREMISE_COVERAGE)
  target_compile_options(premise_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(premise_flags INTERFACE -fprofile-instr-generate)
endif()
if(PREMISE_THREAD_SANITIZE)
  target_compile_options(premise_flags INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(premise_flags INTERFACE -fsanitize=thread)
endif()
