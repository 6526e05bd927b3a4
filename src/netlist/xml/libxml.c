#include "netlist/xml/libxml.h"

#include <pthread.h>
#include <string.h>

#include "base/library.h"

eq_libxml_functions eq_libxml;

/* EQ_LIBXML: the name in libxml2.so that a program linked with it would look for (Makefile). */
static eq_status load(eq_diag *diag) {
    static const char *const name[] = {
#define EQ_NAME(name) #name,
        EQ_LIBXML_FUNCTIONS(EQ_NAME)
#undef EQ_NAME
    };
    static bool loaded;
    void *at[sizeof name / sizeof *name];
    if (loaded) return EQ_OK;
    void *opened = eq_library_open(EQ_LIBXML);
    for (size_t k = 0; opened != NULL && k < sizeof name / sizeof *name; k++)
        if ((at[k] = eq_library_symbol(opened, name[k])) == NULL) opened = NULL;
    if (opened == NULL)
        return eq_fail(diag, EQ_ERR_IO, "libxml2 is missing: %s; install the package libxml2",
                       eq_library_error());
    _Static_assert(sizeof at == sizeof eq_libxml, "the table holds the functions alone");
    memcpy(&eq_libxml, at, sizeof at);
    eq_libxml.xmlInitParser();
    loaded = true;
    return EQ_OK;
}

/* Two threads may read their first documents at once. */
eq_status eq_libxml_load(eq_diag *diag) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    eq_status status = load(diag);
    pthread_mutex_unlock(&lock);
    return status;
}
