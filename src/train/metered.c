/* A training whose network is metered at its end, without a folder. */
#include "base/comm.h"
#include "base/mem.h"
#include "train/train.h"
#include "train/trainer.h"

/* One look at the power. */
typedef struct metering {
    eq_meter *meter;
    double *v;     /* [batch][nodes] V */
    double *watts; /* the answer */
} metering;

/* eq_session.visit */
static eq_status visit(void *data, eq_session *s, size_t first, size_t n, eq_diag *diag) {
    (void)first;
    metering *m = data;
    eq_status status = eq_network_potentials(s->model, n, s->input, m->v, diag);
    return status == EQ_OK ? eq_meter_read(m->meter, n, s->input, m->v, diag) : status;
}

static eq_status evaluate(metering *m, eq_session *s, eq_diag *diag) {
    const eq_data_set *d = &s->set;
    bool held = d->test_count > 0;
    double *square = eq_calloc(s->outputs, sizeof *square);
    eq_score score = {.square = square};
    if (square == NULL) return eq_out_of_memory(diag);
    s->visit = visit;
    s->visitor = m;
    eq_status status =
        eq_session_evaluate(s, held ? d->test : d->train, held ? d->test_index : d->train_index,
                            held ? d->test_count : d->train_count, &score, diag);
    s->visit = NULL;
    eq_free(square);
    return status;
}

/* eq_train_sight */
static eq_status look(void *data, eq_session *s, eq_diag *diag) {
    metering *m = data;
    m->v = eq_malloc(s->batch, eq_circuit_nodes(s->c) * sizeof *m->v);
    eq_status status = m->v == NULL ? eq_out_of_memory(diag) : EQ_OK;
    if (status == EQ_OK) status = eq_meter_new(s->model, &m->meter, diag);
    status = eq_comm_agree(status);
    if (status == EQ_OK) status = evaluate(m, s, diag);
    if (status == EQ_OK) *m->watts = eq_meter_mean(m->meter)->total.delivered;
    eq_meter_free(m->meter);
    eq_free(m->v);
    return status;
}

eq_status eq_train_metered(const eq_experiment *x, const eq_train_options *o, bool best,
                           eq_metrics *last, eq_train_summary *summary, double *watts,
                           eq_diag *diag) {
    metering m = {.watts = watts};
    eq_status status = eq_experiment_needs_circuit(x, "the power of an inference", diag);
    return status != EQ_OK ? status : eq_train_then(x, o, best, look, &m, last, summary, diag);
}
