/* A host of this version with a plugin that has another: two_versions PLUGIN.so VERSION MODEL PROMPT TOKENS. Each answers by its own. */
#include <dlfcn.h>

#define main use
#include "use.c"
#undef main

int main(int argc, char **argv) {
    void *plugin;
    int (*plugin_use)(int, char **) = NULL, (*plugin_version)(void) = NULL;
    int status;
    if (argc != 6) return 2;
    plugin = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
    if (plugin) *(void **)&plugin_use = dlsym(plugin, "plugin_use");
    if (plugin) *(void **)&plugin_version = dlsym(plugin, "plugin_version");
    if (!plugin_use || !plugin_version) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    if (prm_version() != PRM_VERSION || plugin_version() != atoi(argv[2])) {
        fprintf(stderr, "the host is bound to version %d, the plugin to %d\n", (int)prm_version(), plugin_version());
        return 1;
    }
    status = use(argc - 2, argv + 2);
    fflush(stdout);
    return status | plugin_use(argc - 2, argv + 2);
}
