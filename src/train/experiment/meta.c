#include "train/experiment/meta.h"

#include <math.h>
#include <string.h>

#include "train/experiment/attribute.h"

eq_meta_options eq_meta_defaults(void) {
    return (eq_meta_options){
        .ways = 2, .tasks = 100, .beta = 5e-4, .symmetric = true, .steps = 2000, .tolerance = 1e-8};
}

static eq_status fault(const eq_xml *xml, const eq_xml_node *node, const char *what,
                       eq_diag *diag) {
    return eq_fail_at(diag, EQ_ERR_INPUT, eq_xml_place(xml, node), "%s", what);
}

eq_status eq_pull_read(const eq_xml *xml, const eq_xml_node *node, eq_pull *p, eq_diag *diag) {
    const struct {
        const char *name;
        double *value;
    } numbers[] = {{"strength", &p->strength},
                   {"soft-strength", &p->soft},
                   {"soft-low", &p->low},
                   {"soft-high", &p->high}};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sizeof numbers / sizeof *numbers; k++)
        status = eq_xml_number(xml, node, numbers[k].name, numbers[k].value, diag);
    return status;
}

void eq_pull_write(const eq_pull *p, eq_text *t) {
    eq_put_number(t, "strength", p->strength);
    eq_put_number(t, "soft-strength", p->soft);
    if (isfinite(p->low)) eq_put_number(t, "soft-low", p->low);
    if (isfinite(p->high)) eq_put_number(t, "soft-high", p->high);
}

/* A task is trained to a gradient of zero: the loss needs one, which is continuous, and phases have to give it. */
static eq_status has_gradients(const eq_xml *xml, const eq_xml_node *node, const eq_experiment *x,
                               eq_diag *diag) {
    const eq_discrete_options *d = &x->discrete;
    bool clips =
        (x->network.layers > 0 && x->network.sigma->clips) || (d->layers > 0 && d->sigma->clips);
    bool timed = d->layers > 0 && (d->free > 0 || d->nudged > 0);
    size_t back = eq_estimator_unrolled(x);
    if (clips)
        return fault(xml, node,
                     "<meta> trains each task to a gradient of zero, and units that stop at a hard "
                     "bound give the loss kinks, at which there is none; take sigma=\"sigmoid\" or "
                     "\"tanh\"",
                     diag);
    if (timed && (back == 0 || back < d->free))
        return fault(xml, node,
                     "<meta> trains each task to a gradient of zero, and what phases give that "
                     "end before their states settle is the gradient of no loss; leave "
                     "free-steps and nudged-steps at 0, or take type=\"bptt\" back through all "
                     "free-steps",
                     diag);
    return EQ_OK;
}

/* Tasks are held out, not examples; and what is not ideal would be drawn anew in each training. */
static eq_status suits(const eq_xml *xml, const eq_xml_node *node, const eq_experiment *x,
                       eq_diag *diag) {
    const eq_data_options *d = &x->data;
    if (d->validation_fraction > 0.0 || d->test_path != NULL || d->train_limit > 0 ||
        d->test_limit > 0)
        return fault(xml, node,
                     "<meta> holds out tasks, by test-fraction alone; leave validation-fraction, "
                     "test-path and limits out of <data>",
                     diag);
    if (x->devices > 0 || x->mismatch.deviations > 0 || !eq_hardware_is_ideal(&x->hardware))
        return fault(xml, node,
                     "<meta> learns how ideal parameters begin; leave out <device>, <mismatch> and "
                     "<hardware>",
                     diag);
    if (x->estimator.nudging == EQ_NUDGE_CLAMP && x->estimator.kind->phases > 0)
        return fault(xml, node,
                     "<meta> needs gradients of a loss in its inner trainings, which clamps are "
                     "not; take nudging=\"energy\" or \"current\"",
                     diag);
    return has_gradients(xml, node, x, diag);
}

static eq_status read_meta(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                           eq_diag *diag) {
    static const double much = 0.1;
    eq_meta_options *m = &x->meta;
    const struct {
        const char *name;
        size_t *value;
    } counts[] = {{"shots", &m->shots},
                  {"queries", &m->queries},
                  {"ways", &m->ways},
                  {"tasks", &m->tasks},
                  {"steps", &m->steps}};
    const struct {
        const char *name;
        double *value;
    } numbers[] = {{"beta", &m->beta},
                   {"tolerance", &m->tolerance},
                   {"strength-rate", &m->rate},
                   {"bound-rate", &m->bound_rate}};
    eq_status status = EQ_OK;
    x->data.tasks = true;
    for (int k = 0; k < EQ_PLACES - 1; k++) x->elsewhere[k].tasks = true;
    for (size_t k = 0; status == EQ_OK && k < sizeof counts / sizeof *counts; k++)
        status = eq_xml_count(xml, node, counts[k].name, counts[k].value, diag);
    for (size_t k = 0; status == EQ_OK && k < sizeof numbers / sizeof *numbers; k++)
        status = eq_xml_number(xml, node, numbers[k].name, numbers[k].value, diag);
    const char *estimator = eq_xml_attribute(node, "estimator");
    if (estimator != NULL) m->symmetric = strcmp(estimator, "symmetric") == 0;
    if (m->queries == 0) m->queries = m->shots;
    if (status == EQ_OK && m->tolerance > much * m->beta)
        eq_warn_at(
            diag, eq_xml_place(xml, node),
            "inner trainings end at a gradient of %g (tolerance), which beta = %g divides to "
            "%.2g: the outer gradient drowns in it; use a larger beta or a smaller tolerance",
            m->tolerance, m->beta, m->tolerance / m->beta);
    return status == EQ_OK ? suits(xml, node, x, diag) : status;
}

eq_status eq_meta_read(const eq_xml *xml, const eq_xml_node *root, eq_experiment *x,
                       eq_diag *diag) {
    const eq_xml_node *pull = eq_xml_child(root, "regularizer"), *meta = eq_xml_child(root, "meta");
    const char *center = pull == NULL ? NULL : eq_xml_attribute(pull, "center");
    eq_regularizer *r = &x->regularizer;
    r->start = meta != NULL;
    if (center != NULL) r->start = strcmp(center, "start") == 0;
    eq_status status = eq_pull_read(xml, pull, &r->pull, diag);
    if (status != EQ_OK || meta == NULL) return status;
    if (!r->start)
        return fault(xml, pull,
                     "<meta> trains each task from the center of the regularizer on; leave center "
                     "out of <regularizer>",
                     diag);
    if (eq_xml_child(root, "langevin") != NULL)
        return fault(xml, meta,
                     "<meta> trains each task to a gradient of zero, which the samples of "
                     "<langevin> only scatter about; take one of the two away",
                     diag);
    return read_meta(xml, meta, x, diag);
}

static void write_meta(const eq_meta_options *m, eq_text *t) {
    eq_text_printf(t,
                   "  <meta ways=\"%zu\" shots=\"%zu\" queries=\"%zu\" tasks=\"%zu\" steps=\"%zu\"",
                   m->ways, m->shots, m->queries, m->tasks, m->steps);
    eq_put_number(t, "tolerance", m->tolerance);
    eq_put_text(t, "estimator", m->symmetric ? "symmetric" : "one-sided");
    eq_put_number(t, "beta", m->beta);
    eq_put_number(t, "strength-rate", m->rate);
    if (m->bound_rate > 0.0) eq_put_number(t, "bound-rate", m->bound_rate);
    eq_text_puts(t, "/>\n");
}

void eq_meta_write(const eq_experiment *x, eq_text *t) {
    const eq_regularizer *r = &x->regularizer;
    eq_pull p = r->pull;
    if (p.strength > 0.0 || p.soft > 0.0 || eq_pull_bounded(&p) || r->start) {
        if (p.soft == 0.0) p.soft = NAN; /* not given */
        eq_text_puts(t, "  <regularizer");
        eq_pull_write(&p, t);
        eq_put_text(t, "center", r->start ? "start" : "zero");
        eq_text_puts(t, "/>\n");
    }
    if (x->meta.shots > 0) write_meta(&x->meta, t);
}
