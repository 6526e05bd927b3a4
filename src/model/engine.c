/* Chooses the implementation of an engine and checks the arguments that all
 * implementations share. */
#include "model/engine.h"

#include <string.h>

#include "base/mem.h"
#include "model/engine_ops.h"

/* What has been solved of the current minibatch: bit s is slot s. */
struct eq_engine {
    const eq_engine_ops *ops;
    void *self;
    size_t batch;
    unsigned solved;
};

/* In the order in which EQ_ENGINE_AUTO tries them; the last one takes any circuit. */
static const struct {
    eq_engine_kind kind;
    const eq_engine_ops *ops;
} engines[] = {
    {EQ_ENGINE_LAYERED, &eq_engine_layered_ops},
    {EQ_ENGINE_SPARSE, &eq_engine_sparse_ops},
};

enum { ENGINES = sizeof engines / sizeof *engines };

static const char *const kind_name[] = {
    [EQ_ENGINE_AUTO] = "auto", [EQ_ENGINE_LAYERED] = "layered", [EQ_ENGINE_SPARSE] = "sparse"};

bool eq_engine_kind_find(const char *name, eq_engine_kind *kind) {
    for (size_t k = 0; k < sizeof kind_name / sizeof *kind_name; k++) {
        *kind = (eq_engine_kind)k;
        if (strcmp(kind_name[k], name) == 0) return true;
    }
    return false;
}

const char *eq_engine_kind_name(eq_engine_kind kind) {
    return kind_name[kind];
}

static eq_status check_circuit(const eq_circuit *c, const eq_engine_options *o, eq_diag *diag) {
    if (!c->frozen)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "the circuit is not frozen; call eq_circuit_freeze first");
    if (c->inputs == 0)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "the circuit has no inputs; name its input sources with "
                       "*%% input");
    if (c->outputs == 0)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "the circuit has no outputs; name its output nodes with "
                       "*%% output");
    if (c->groups == 0)
        return eq_fail(diag, EQ_ERR_INPUT,
                       "the circuit has nothing to train; name its conductances "
                       "with *%% train");
    if (o->batch == 0 || o->threads < 1)
        return eq_fail(diag, EQ_ERR_USAGE, "batch %zu and %d threads; both must be at least 1",
                       o->batch, o->threads);
    return EQ_OK;
}

/* Why an implementation does not suit the circuit, its last error: a note where the next one is tried. */
static eq_status unsuited(const char *name, const eq_diag *tried, bool next, eq_diag *diag) {
    const eq_message *last = eq_diag_get(tried, eq_diag_count(tried) - 1);
    if (last == eq_diag_get(NULL, 0)) return eq_out_of_memory(diag); /* it was lost */
    if (!next)
        return eq_fail(diag, EQ_ERR_CHECK,
                       "the %s engine cannot solve this circuit: %s; leave the engine at auto",
                       name, last->text);
    eq_note_at(diag, (eq_place){0}, "the %s engine is not used: %s", name, last->text);
    return EQ_ERR_CHECK;
}

static eq_status attempt(eq_engine *e, int k, eq_circuit *c, const eq_engine_options *o,
                         eq_diag *diag) {
    e->ops = engines[k].ops;
    if (k + 1 == ENGINES) return e->ops->create(c, o, &e->self, diag);
    eq_diag *tried = eq_diag_new();
    eq_status status = tried == NULL ? EQ_ERR_MEMORY : e->ops->create(c, o, &e->self, tried);
    if (status == EQ_ERR_MEMORY)
        eq_out_of_memory(diag);
    else if (status == EQ_ERR_CHECK)
        status = unsuited(e->ops->name, tried, o->kind == EQ_ENGINE_AUTO, diag);
    else
        eq_diag_pass_on(tried, status, diag);
    eq_diag_free(tried);
    return status;
}

eq_status eq_engine_new(eq_circuit *c, const eq_engine_options *o, eq_engine **out, eq_diag *diag) {
    eq_status status = check_circuit(c, o, diag);
    if (status != EQ_OK) return status;
    eq_engine *e = eq_calloc(1, sizeof *e);
    if (e == NULL) return eq_out_of_memory(diag);
    e->batch = o->batch;
    status = EQ_ERR_CHECK;
    for (int k = 0; status == EQ_ERR_CHECK && k < ENGINES; k++)
        if (o->kind == EQ_ENGINE_AUTO || o->kind == engines[k].kind)
            status = attempt(e, k, c, o, diag);
    if (e->ops == NULL)
        status = eq_fail(diag, EQ_ERR_USAGE, "there is no engine of kind %d", (int)o->kind);
    if (status == EQ_OK)
        *out = e;
    else
        eq_free(e);
    return status;
}

eq_status eq_engine_of(const eq_engine_ops *ops, void *self, size_t batch, eq_engine **out,
                       eq_diag *diag) {
    eq_engine *e = eq_calloc(1, sizeof *e);
    if (e == NULL) {
        ops->destroy(self);
        return eq_out_of_memory(diag);
    }
    *e = (eq_engine){.ops = ops, .self = self, .batch = batch};
    *out = e;
    return EQ_OK;
}

eq_status eq_engine_is_own(const eq_engine_options *o, const char *network, eq_diag *diag) {
    if (o->kind == EQ_ENGINE_AUTO) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE,
                   "the layered and the sparse engine solve circuits, %s has one of its own; leave "
                   "the engine at auto",
                   network);
}

eq_status eq_engine_searches(double tolerance, size_t steps, eq_diag *diag) {
    if (tolerance > 0.0 && steps > 0) return EQ_OK;
    return eq_fail(diag, EQ_ERR_INPUT,
                   "tolerance=%g and steps=%zu leave no state to find; make both positive",
                   tolerance, steps);
}

void eq_engine_free(eq_engine *e) {
    if (e == NULL) return;
    e->ops->destroy(e->self);
    eq_free(e);
}

eq_engine_info eq_engine_about(const eq_engine *e) {
    return e->ops->about(e->self);
}

void eq_engine_load(eq_engine *e) {
    e->solved = 0;
    if (e->ops->load != NULL) e->ops->load(e->self);
}

void eq_engine_store(const eq_engine *e) {
    if (e->ops->store != NULL) e->ops->store(e->self);
}

eq_status eq_engine_free_phase_from(eq_engine *e, size_t n, const double *x, const double *v,
                                    double *y, eq_diag *diag) {
    e->solved = 0;
    if (n == 0 || n > e->batch)
        return eq_fail(diag, EQ_ERR_USAGE, "%zu examples in a minibatch; this engine takes 1..%zu",
                       n, e->batch);
    if (v != NULL && !eq_engine_begins_anywhere(e))
        return eq_fail(diag, EQ_ERR_USAGE, "the %s engine begins no free phase at a given state",
                       e->ops->name);
    eq_status status = v == NULL ? e->ops->free_phase(e->self, n, x, y, diag)
                                 : e->ops->free_phase_from(e->self, n, x, v, y, diag);
    if (status == EQ_OK) e->solved = 1;
    return status;
}

eq_status eq_engine_free_phase(eq_engine *e, size_t n, const double *x, double *y, eq_diag *diag) {
    return eq_engine_free_phase_from(e, n, x, NULL, y, diag);
}

bool eq_engine_begins_anywhere(const eq_engine *e) {
    return e->ops->free_phase_from != NULL;
}

bool eq_engine_follows(const eq_engine *e) {
    return e->ops->follow != NULL;
}

eq_status eq_engine_follow(eq_engine *e, double *y, eq_diag *diag) {
    e->solved = 0;
    eq_status status = e->ops->follow(e->self, y, diag);
    if (status == EQ_OK) e->solved = 1;
    return status;
}

static eq_status check_slot(const eq_engine *e, int slot, eq_diag *diag) {
    if (slot >= 1 && slot < EQ_ADJOINT && e->solved != 0) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE,
                   "a nudged phase needs a slot in 1..%d (got %d) and the free phase before it",
                   EQ_ADJOINT - 1, slot);
}

eq_status eq_engine_nudged_phase(eq_engine *e, int slot, const eq_nudge *nudge, double *y,
                                 eq_diag *diag) {
    eq_status status = check_slot(e, slot, diag);
    if (status != EQ_OK) return status;
    e->solved &= ~(1u << slot);
    status = e->ops->nudged_phase(e->self, slot, nudge, y, diag);
    if (status == EQ_OK) e->solved |= 1u << slot;
    return status;
}

eq_status eq_engine_clamped_phase(eq_engine *e, int slot, const double *move, double pull,
                                  double *y, eq_diag *diag) {
    eq_status status = check_slot(e, slot, diag);
    if (status == EQ_OK && e->ops->clamped_phase == NULL)
        status = eq_fail(diag, EQ_ERR_CHECK,
                         "the %s engine cannot clamp single nodes; leave clamp=\"nodes\" out of "
                         "<estimator>",
                         e->ops->name);
    if (status != EQ_OK) return status;
    e->solved &= ~(1u << slot);
    status = e->ops->clamped_phase(e->self, slot, move, pull, y, diag);
    if (status == EQ_OK) e->solved |= 1u << slot;
    return status;
}

eq_status eq_engine_rule(eq_engine *e, eq_rule rule, eq_diag *diag) {
    if (e->ops->rule != NULL) return e->ops->rule(e->self, rule, diag);
    if (rule == EQ_RULE_ENERGY) return EQ_OK;
    return eq_fail(
        diag, EQ_ERR_CHECK,
        "the %s engine has no rule but that of the energy; leave rule out of <estimator>",
        e->ops->name);
}

void eq_engine_keep(eq_engine *e, unsigned slots) {
    e->solved |= slots;
}

static eq_status back(eq_engine *e, eq_status (*phase)(void *, const double *, eq_diag *),
                      const double *dcdy, eq_diag *diag) {
    if (e->solved == 0)
        return eq_fail(diag, EQ_ERR_USAGE, "an adjoint needs the free phase before it");
    e->solved &= ~(1u << EQ_ADJOINT);
    eq_status status = phase(e->self, dcdy, diag);
    if (status == EQ_OK) e->solved |= 1u << EQ_ADJOINT;
    return status;
}

eq_status eq_engine_adjoint_phase(eq_engine *e, const double *dcdy, eq_diag *diag) {
    return back(e, e->ops->adjoint_phase, dcdy, diag);
}

eq_status eq_engine_unrolled_phase(eq_engine *e, const double *dcdy, eq_diag *diag) {
    if (e->ops->unrolled_phase == NULL)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "backpropagation through time needs steps in time, which <network "
                       "kind=\"discrete\"> alone has; take <estimator type=\"adjoint\"/>");
    return back(e, e->ops->unrolled_phase, dcdy, diag);
}

eq_status eq_engine_update(eq_engine *e, const double a[EQ_MAX_SLOTS], eq_step step, void *data,
                           eq_diag *diag) {
    for (int s = 0; s < EQ_MAX_SLOTS; s++)
        if (a[s] != 0.0 && (e->solved & (1u << s)) == 0)
            return eq_fail(diag, EQ_ERR_USAGE, "slot %d is in the estimator but was not solved", s);
    return e->ops->update(e->self, a, step, data, diag);
}

eq_status eq_engine_potentials(const eq_engine *e, int slot, double *v, eq_diag *diag) {
    if ((e->solved & (1u << slot)) == 0)
        return eq_fail(diag, EQ_ERR_USAGE, "slot %d was not solved, so it has no potentials", slot);
    e->ops->potentials(e->self, slot, v);
    return EQ_OK;
}

eq_status eq_engine_disturb(eq_engine *e, int slot, eq_disturbance error, const void *data,
                            eq_diag *diag) {
    if ((e->solved & (1u << slot)) == 0)
        return eq_fail(diag, EQ_ERR_USAGE, "slot %d was not solved, so it has no potentials", slot);
    e->ops->disturb(e->self, slot, error, data);
    return EQ_OK;
}

size_t eq_engine_group_rows(const eq_engine *e, size_t group, int32_t *rows) {
    return e->ops->group_rows == NULL ? 0 : e->ops->group_rows(e->self, group, rows);
}

const struct eq_dynamics_ops *eq_engine_dynamics(eq_engine *e, void **self) {
    *self = e->self;
    return e->solved == 0 ? NULL : e->ops->dynamics;
}
