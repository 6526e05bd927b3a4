#include "base/library.h"

#include <dlfcn.h>
#include <stddef.h>

void *eq_library_open(const char *path) {
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

void *eq_library_symbol(void *library, const char *name) {
    return dlsym(library, name);
}

const char *eq_library_error(void) {
    const char *text = dlerror();
    return text == NULL ? "no reason given" : text;
}
