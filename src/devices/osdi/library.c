/* Opening libraries, and whether what they say of themselves can be true: every count and every
 * offset is looked at before it is used. What their functions do is theirs. */
#define _DEFAULT_SOURCE /* realpath */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/library.h"
#include "base/mem.h"
#include "base/text.h"
#include "devices/osdi/inner.h"
#include "devices/pnjlim.h"

/* Libraries stay open while the process lives, and the interface has variables of its own in them:
 * they and their classes are the process's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static eq_osdi_module *module[EQ_MAX_MODULES];
static int modules;
static char **allowed;
static size_t allowed_count, allowed_cap;

/* What a module must not have more of; the interface itself sets no bounds. */
enum { MOST_PARAMS = 20000, MOST_ENTRIES = EQ_OSDI_NODES * EQ_OSDI_NODES };
enum { MOST_MODEL = 1 << 26 }; /* bytes */

/* $limit(.., "pnjlim", vt, vcrit) and its kin, by their last drop. At the first evaluation nothing
 * is limited: what is here starts where the potentials are. */
static double limit_pn(bool init, bool *limited, double now, double old, double vt, double vcrit) {
    if (!init && isfinite(now)) *limited = eq_pnjlim(vt, vcrit, old, &now) || *limited;
    return now;
}

static double limit_to(bool init, bool *limited, double now, double to) {
    if (init || !isfinite(now) || to == now) return now;
    *limited = true;
    return to;
}

static double limit_fet(bool init, bool *limited, double now, double old, double vto) {
    return limit_to(init, limited, now, eq_fetlim(old, now, vto));
}

static double limit_ds(bool init, bool *limited, double now, double old) {
    return limit_to(init, limited, now, eq_drain_limit(old, now));
}

static void take_pointer(void (*function)(void), void **to) {
    memcpy(to, &function, sizeof *to);
}

/* Of a function that is not among these the drop comes back as it is, which the interface asks
 * for by a NULL. */
static void set_limits(void *library) {
    static const struct {
        const char *name;
        uint32_t args;
        void (*function)(void);
    } known[] = {{"pnjlim", 2, (void (*)(void))limit_pn},
                 {"fetlim", 1, (void (*)(void))limit_fet},
                 {"limvds", 0, (void (*)(void))limit_ds}};
    const uint32_t *n = eq_library_symbol(library, "OSDI_LIM_TABLE_LEN");
    eq_osdi_limit *l = eq_library_symbol(library, "OSDI_LIM_TABLE");
    for (uint32_t k = 0; n != NULL && l != NULL && k < *n && k < 1000; k++) {
        l[k].function = NULL;
        for (size_t f = 0; l[k].name != NULL && f < sizeof known / sizeof *known; f++)
            if (strcmp(l[k].name, known[f].name) == 0 && l[k].args == known[f].args)
                take_pointer(known[f].function, &l[k].function);
    }
}

/* n items of `size` bytes at the offset of an instance. */
static bool inside(const eq_osdi_descriptor *d, uint32_t offset, uint32_t n, uint32_t size) {
    return n == 0 || (offset % size == 0 && offset <= d->instance_size &&
                      n <= (d->instance_size - offset) / size);
}

static const char *wrong_nodes(const eq_osdi_descriptor *d) {
    if (d->terminals == 0 || d->terminals > EQ_MAX_TERMINALS || d->terminals > d->nodes)
        return "a number of terminals that is not from 1 to 8";
    if (d->nodes > EQ_OSDI_NODES) return "more than 48 nodes";
    if (d->node == NULL) return "no table of its nodes";
    for (uint32_t k = 0; k < d->nodes; k++)
        if (d->node[k].name == NULL) return "a node without a name";
    if (d->entries > MOST_ENTRIES || (d->entries > 0 && d->entry == NULL))
        return "a table of slopes that is not there or larger than its nodes allow";
    for (uint32_t k = 0; k < d->entries; k++) {
        const eq_osdi_entry *e = &d->entry[k];
        bool reacts = e->react_pointer != EQ_OSDI_NOWHERE;
        if (e->nodes.node_1 >= d->nodes || e->nodes.node_2 >= d->nodes ||
            (reacts && !inside(d, e->react_pointer, 1, sizeof(double *))))
            return "a slope of a node that it does not have";
    }
    if (d->collapsibles > MOST_ENTRIES || (d->collapsibles > 0 && d->collapsible == NULL))
        return "a table of joined nodes that is not there or larger than its nodes allow";
    for (uint32_t k = 0; k < d->collapsibles; k++)
        if (d->collapsible[k].node_1 >= d->nodes ||
            (d->collapsible[k].node_2 >= d->nodes && d->collapsible[k].node_2 != EQ_OSDI_NOWHERE))
            return "joined nodes that it does not have";
    return NULL;
}

static const char *wrong_params(const eq_osdi_descriptor *d) {
    uint32_t own = 0;
    if (d->params > MOST_PARAMS || d->operation_params > MOST_PARAMS)
        return "more than 20000 parameters";
    if (d->params + d->operation_params > 0 && d->param == NULL)
        return "no table of its parameters";
    for (uint32_t k = 0; k < d->params + d->operation_params; k++) {
        const eq_osdi_param *p = &d->param[k];
        if (p->name == NULL || p->aliases > 1000) return "a parameter without a name";
        for (uint32_t a = 0; a <= p->aliases; a++)
            if (p->name[a] == NULL) return "a parameter without a name";
        own += p->flags >> 30 == EQ_OSDI_OF_INSTANCE;
    }
    return own > EQ_MAX_COLUMNS - 3 ? "more than 61 parameters of an instance" : NULL;
}

/* NULL: nothing; else what the module has. */
static const char *wrong_module(const eq_osdi_descriptor *d) {
    if (d->name == NULL || d->name[0] == '\0') return "no name";
    if (d->instance_size == 0 || d->instance_size > EQ_OSDI_BYTES || d->model_size > MOST_MODEL)
        return "an instance or a model of no bytes, or of too many";
    if (d->states > EQ_OSDI_STATES) return "more than 64 states";
    if (d->access == NULL || d->setup_model == NULL || d->setup_instance == NULL ||
        d->eval == NULL || d->load_residual_resist == NULL || d->load_residual_react == NULL ||
        d->load_jacobian_resist == NULL || d->load_jacobian_react == NULL)
        return "a function that is not there";
    const char *wrong = wrong_nodes(d);
    if (wrong == NULL) wrong = wrong_params(d);
    if (wrong != NULL) return wrong;
    if (!inside(d, d->mapping, d->nodes, sizeof(uint32_t)) ||
        !inside(d, d->resist_pointers, d->entries, sizeof(double *)) ||
        !inside(d, d->collapsed, d->collapsibles, sizeof(bool)) ||
        !inside(d, d->state_index, d->states, sizeof(uint32_t)))
        return "an offset outside its instance";
    return NULL;
}

/* Column k of the class. Names are lower case; $mfactor is m, as ngspice has it. A module bounds its own
 * parameters, the simulator those that it hands in. */
static bool add_column(eq_osdi_module *m, eq_param *param, const char *name, const char *unit,
                       int id, double least) {
    bool factor = strcmp(name, "$mfactor") == 0;
    char *own = eq_strdup(factor ? "m" : name);
    char *its = eq_strdup(unit == NULL || unit[0] == '\0' ? "1" : unit);
    if (own == NULL || its == NULL) {
        eq_free(own);
        eq_free(its);
        return false;
    }
    eq_lower(own, strlen(own));
    int k = m->cls.params++;
    param[k] = (eq_param){own, its, NAN, factor ? 1e-300 : least, 1e300, false};
    m->id[k] = id;
    m->cls.instance |= EQ_BIT(k);
    return true;
}

/* A terminal whose current has no resistive slope carries none at dc. */
static unsigned carrying(const eq_osdi_descriptor *d) {
    unsigned carries = 0;
    for (uint32_t k = 0; k < d->entries; k++)
        if ((d->entry[k].flags & EQ_OSDI_RESISTIVE) != 0 && d->entry[k].nodes.node_1 < d->terminals)
            carries |= 1u << d->entry[k].nodes.node_1;
    /* nodes that may be joined carry for each other */
    return d->collapsibles == 0 ? carries : (1u << d->terminals) - 1;
}

static bool has_param(const eq_osdi_module *m, const char *name) {
    return eq_osdi_find_param(m, name, strlen(name)) >= 0;
}

/* The columns: the instance's place, its parameters, and temp and dtemp unless the module has
 * its own. */
static bool make_columns(eq_osdi_module *m) {
    eq_param *param = eq_calloc(EQ_MAX_COLUMNS, sizeof *param);
    if (param == NULL) return false;
    m->cls.param = param;
    param[0] = (eq_param){"(instance)", "1", NAN, -INFINITY, INFINITY, false};
    m->cls.params = m->cls.hidden = 1;
    m->id[0] = m->temp = m->dtemp = -1;
    bool made = true;
    for (uint32_t k = 0; made && k < m->d.params + m->d.operation_params; k++)
        if (m->d.param[k].flags >> 30 == EQ_OSDI_OF_INSTANCE && !eq_osdi_is_text(m, (int)k))
            made = add_column(m, param, m->d.param[k].name[0], m->d.param[k].units, (int)k, -1e300);
    if (made && !has_param(m, "temp")) {
        m->temp = m->cls.params;
        made = add_column(m, param, "temp", "C", -1, -273.15);
    }
    if (made && !has_param(m, "dtemp")) {
        m->dtemp = m->cls.params;
        made = add_column(m, param, "dtemp", "K", -1, -1e6);
    }
    m->cls.columns = m->cls.params;
    return made;
}

static bool make_class(eq_osdi_module *m) {
    char *name = eq_strdup(m->d.name);
    if (name == NULL) return false;
    eq_lower(name, strlen(name));
    m->cls = (eq_device_class){.name = name,
                               .letter = 'n',
                               .line = {[EQ_NGSPICE] = "$n$z $m$i\n"},
                               .model_type = name,
                               .defined = EQ_CURRENT_DEFINED,
                               .control = EQ_CONTROL_PORT,
                               .value = -1,
                               .terminals = (int)m->d.terminals,
                               .carries = carrying(&m->d),
                               .memory = (int)m->d.nodes,
                               .derive = eq_osdi_derive,
                               .wrong = eq_osdi_wrong,
                               .lost = eq_osdi_lost,
                               .said = eq_osdi_said,
                               .release = eq_osdi_release,
                               .port = eq_osdi_port,
                               .limit_port = m->d.states > 0 ? eq_osdi_limit_port : NULL,
                               .charge_node = m->node,
                               .charge_nodes = (int)m->d.nodes,
                               .charges = eq_osdi_charges};
    for (uint32_t k = 0; k < m->d.nodes; k++)
        m->node[k] = m->d.node[k].is_flow ? NULL : m->d.node[k].name;
    return make_columns(m);
}

static void module_free(eq_osdi_module *m) {
    for (int k = m->cls.hidden; m->cls.param != NULL && k < m->cls.params; k++) {
        eq_free((void *)m->cls.param[k].name);
        eq_free((void *)m->cls.param[k].unit);
    }
    eq_free((void *)m->cls.param);
    eq_free((void *)m->cls.name);
    eq_free(m);
}

/* One module gets a class number. */
static eq_status take_module(const char *file, const eq_osdi_descriptor *d, int number,
                             eq_diag *diag) {
    const char *wrong = wrong_module(d);
    if (wrong != NULL)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "%s: module %d has %s; compile it again, or ask whoever made it", file,
                       number + 1, wrong);
    if (eq_osdi_class(d->name, strlen(d->name)) >= 0)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "%s: a module %s is there already, from another library; allow one of them",
                       file, d->name);
    if (modules == EQ_MAX_MODULES)
        return eq_fail(diag, EQ_ERR_INPUT, "%s: more than %d compiled modules; allow fewer", file,
                       EQ_MAX_MODULES);
    eq_osdi_module *m = eq_calloc(1, sizeof *m);
    if (m == NULL) return eq_out_of_memory(diag);
    m->d = *d;
    m->file = file;
    if (!make_class(m)) {
        module_free(m);
        return eq_out_of_memory(diag);
    }
    module[modules] = m;
    eq_class_put(EQ_BUILT_IN_CLASSES + modules++, &m->cls);
    return EQ_OK;
}

/* Descriptors of version 0.4 are longer, by as much as the library says. */
static size_t length_of(void *library, uint32_t minor) {
    const uint32_t *size = eq_library_symbol(library, "OSDI_DESCRIPTOR_SIZE");
    if (minor == 3) return sizeof(eq_osdi_descriptor);
    return size == NULL ? sizeof(eq_osdi_descriptor) + 88 : *size;
}

static eq_status take_modules(const char *file, void *library, eq_diag *diag) {
    const uint32_t *major = eq_library_symbol(library, "OSDI_VERSION_MAJOR"),
                   *minor = eq_library_symbol(library, "OSDI_VERSION_MINOR"),
                   *count = eq_library_symbol(library, "OSDI_NUM_DESCRIPTORS");
    const char *first = eq_library_symbol(library, "OSDI_DESCRIPTORS");
    if (major == NULL || minor == NULL || count == NULL || first == NULL)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "%s is no OSDI library: it has no %s; compile the Verilog-A model with "
                       "OpenVAF",
                       file,
                       major == NULL || minor == NULL ? "OSDI_VERSION_MAJOR and _MINOR"
                       : count == NULL                ? "OSDI_NUM_DESCRIPTORS"
                                                      : "OSDI_DESCRIPTORS");
    if (*major != 0 || (*minor != 3 && *minor != 4))
        return eq_fail(diag, EQ_ERR_INPUT,
                       "%s is of OSDI %u.%u; eqspice reads 0.3 and 0.4: compile it with an OpenVAF "
                       "of one of these",
                       file, *major, *minor);
    size_t length = length_of(library, *minor);
    if (*count == 0 || *count > EQ_MAX_MODULES || length < sizeof(eq_osdi_descriptor) ||
        length % sizeof(void *) != 0 || length > 4096)
        return eq_fail(
            diag, EQ_ERR_INPUT,
            "%s says that it has %u modules of %zu bytes each; that is none of from 1 to "
            "%d modules",
            file, *count, length, EQ_MAX_MODULES);
    eq_status status = EQ_OK;
    int before = modules;
    for (uint32_t k = 0; status == EQ_OK && k < *count; k++) {
        eq_osdi_descriptor d;
        memcpy(&d, first + k * length, sizeof d);
        status = take_module(file, &d, (int)k, diag);
    }
    while (status != EQ_OK && modules > before) { /* all of them or none */
        module_free(module[--modules]);
        eq_class_put(EQ_BUILT_IN_CLASSES + modules, NULL);
    }
    return status;
}

static bool is_known(const char *path) {
    for (size_t k = 0; k < allowed_count; k++)
        if (strcmp(allowed[k], path) == 0) return true;
    return false;
}

/* Regular files alone, and whole ones. */
static eq_status look_at(const char *path, eq_diag *diag) {
    char *data = NULL;
    size_t length = 0;
    eq_status status = eq_file_read(path, (eq_place){0}, &data, &length, diag);
    if (status == EQ_OK && !eq_library_is_whole(data, length))
        status = eq_fail(diag, EQ_ERR_INPUT,
                         "%s ends before the library that it begins with; copy it or compile the "
                         "model again",
                         path);
    eq_free(data);
    return status;
}

static eq_status open_library(const char *path, eq_diag *diag) {
    eq_status good = look_at(path, diag);
    if (good != EQ_OK) return good;
    void *library = eq_library_open(path);
    if (library == NULL)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "%s cannot be opened as a library: %s; compile the model for this machine",
                       path, eq_library_error());
    char *copy = eq_strdup(path);
    if (copy == NULL ||
        !eq_grow((void **)&allowed, &allowed_cap, allowed_count + 1, sizeof *allowed)) {
        eq_free(copy);
        return eq_out_of_memory(diag);
    }
    void (**log)(void *, char *, uint32_t) = eq_library_symbol(library, "osdi_log");
    if (log != NULL) *log = eq_osdi_log;
    set_limits(library);
    eq_status status = take_modules(copy, library, diag);
    if (status == EQ_OK)
        allowed[allowed_count++] = copy;
    else
        eq_free(copy);
    return status;
}

eq_status eq_osdi_allow(const char *file, eq_diag *diag) {
    char *path = realpath(file, NULL);
    if (path == NULL)
        return eq_fail(diag, EQ_ERR_INPUT, "cannot read the OSDI library '%s': %s; check the name",
                       file, strerror(errno));
    pthread_mutex_lock(&lock);
    eq_status status = is_known(path) ? EQ_OK : open_library(path, diag);
    pthread_mutex_unlock(&lock);
    free(path); /* of realpath */
    return status;
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

bool eq_osdi_is_allowed(const char *file) {
    char *path = realpath(file, NULL);
    bool found = path != NULL && is_known(path);
    for (size_t k = 0; path == NULL && !found && k < allowed_count; k++)
        found = strcmp(last_part(allowed[k]), last_part(file)) == 0;
    free(path);
    return found;
}

int eq_osdi_class(const char *name, size_t length) {
    for (int k = 0; k < modules; k++)
        if (eq_same_word(module[k]->cls.name, name, length)) return EQ_BUILT_IN_CLASSES + k;
    return -1;
}

const eq_osdi_module *eq_osdi_module_of(int cls) {
    return cls >= EQ_BUILT_IN_CLASSES && cls < EQ_BUILT_IN_CLASSES + modules
               ? module[cls - EQ_BUILT_IN_CLASSES]
               : NULL;
}
