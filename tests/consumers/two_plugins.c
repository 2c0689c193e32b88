/* A host of two plugins. Usage: two_plugins FIRST.so SECOND.so [MODEL PROMPT TOKENS]: calls plugin_use of both. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
    int i, status = 0;
    if (argc != 6) return 2;
    for (i = 1; i <= 2; ++i) {
        void *plugin = dlopen(argv[i], RTLD_NOW | RTLD_GLOBAL); /* what it exports, the next could be bound to */
        int (*use)(int, char **) = NULL;
        if (plugin) *(void **)&use = dlsym(plugin, "plugin_use");
        if (!use) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        status |= use(argc - 2, argv + 2);
    }
    return status;
}
