/* The header compiles as strict C99, and its macros work where the book uses them. */
#include <premise/premise.h>

size_t premise_header_c99(void);

size_t premise_header_c99(void) {
    prm_engine_options options = PRM_INIT(prm_engine_options);
    prm_prompt prompt = PRM_INIT(prm_prompt);
    prompt.text = PRM_TEXT("text");
    options.threads = PRM_THREADS_ALL;
    return options.struct_size + prompt.text.size;
}
