/* The header compiles as strict C99, and its macros work where the book uses them. A long has 4 bytes on Windows and 8
 * elsewhere: here the word is an error. */
#include <stddef.h>
#include <stdint.h>
#define long no_long_in_the_abi
#include <premise/premise.h>
#undef long

size_t premise_header_c99(void);

size_t premise_header_c99(void) {
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_prompt prompt = PRM_INIT(prm_prompt);
    prompt.text = PRM_TEXT("text");
    options.threads = PRM_THREADS_ALL;
    return options.struct_size + prompt.text.size;
}
