#include "base/library.h"

#include <dlfcn.h>
#include <elf.h>
#include <stddef.h>
#include <string.h>

bool eq_library_is_whole(const char *data, size_t length) {
    Elf64_Ehdr head;
    Elf64_Phdr part;
    if (length < SELFMAG || memcmp(data, ELFMAG, SELFMAG) != 0)
        return true; /* the loader's to say */
    if (length < sizeof head) return false;
    memcpy(&head, data, sizeof head);
    if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof part) return true;
    if (head.e_phoff > length || head.e_phnum > (length - head.e_phoff) / sizeof part) return false;
    for (size_t k = 0; k < head.e_phnum; k++) {
        memcpy(&part, data + head.e_phoff + k * sizeof part, sizeof part);
        bool filled = part.p_type == PT_LOAD && part.p_filesz > 0;
        if (filled && (part.p_offset > length || part.p_filesz > length - part.p_offset))
            return false;
    }
    return true;
}

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
