/* A library of a host's own that carries Premise inside: plugin_use is use.c's main, plugin_version the
 * library's version; nothing else is exported. */
#define main plugin_main
#include "use.c"
#undef main

__attribute__((visibility("default"))) int plugin_use(int argc, char **argv);
int plugin_use(int argc, char **argv) {
    int status = plugin_main(argc, argv);
    fflush(stdout);
    return status;
}

__attribute__((visibility("default"))) int plugin_version(void);
int plugin_version(void) { return prm_version(); }
