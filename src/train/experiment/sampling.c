#include "train/experiment/sampling.h"

#include <math.h>

#include "train/experiment/attribute.h"

/* What cannot be sampled, NULL: nothing keeps it from that. */
static const char *hindrance(const eq_experiment *x) {
    if (x->discrete.layers > 0)
        return "a discrete-time network has steps and no time in which noise could add up; take a "
               "circuit or <network kind=\"hopfield\">, or leave <langevin> out";
    if (x->elastic.nodes != NULL)
        return "an elastic network has no dynamics here whose states could be sampled; take a "
               "circuit or <network kind=\"hopfield\">, or leave <langevin> out";
    if (x->estimator.kind->phases == 0) return NULL; /* it is idle */
    if (x->estimator.nudging == EQ_NUDGE_CLAMP)
        return "states are sampled under E + beta C, and nudging=\"clamp\" has no beta; take "
               "nudging=\"energy\", or leave <langevin> out";
    if (x->estimator.rule != EQ_RULE_ENERGY)
        return "what is sampled is dE/dtheta, which is the rule of the energy; leave rule out of "
               "<estimator>, or leave <langevin> out";
    if (x->mismatch.deviations > 0 && x->mismatch.phases != EQ_SAME_DEVICES)
        return "the two processes of <langevin> are of one circuit; leave phases out of "
               "<mismatch>, or leave <langevin> out";
    return NULL;
}

eq_status eq_sampling_read(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                           eq_diag *diag) {
    eq_sampling *s = &x->estimator.sampling;
    if (node == NULL) return EQ_OK;
    const char *why = hindrance(x);
    if (why != NULL) return eq_fail_at(diag, EQ_ERR_INPUT, eq_xml_place(xml, node), "%s", why);
    eq_status status = eq_xml_number(xml, node, "temperature", &s->temperature, diag);
    if (status == EQ_OK) status = eq_xml_number(xml, node, "step", &s->step, diag);
    if (status == EQ_OK) status = eq_xml_number(xml, node, "capacitance", &s->farad, diag);
    if (status == EQ_OK) status = eq_xml_count(xml, node, "burn-in", &s->burn, diag);
    if (status == EQ_OK) status = eq_xml_count(xml, node, "samples", &s->samples, diag);
    return status == EQ_OK ? eq_xml_count(xml, node, "thinning", &s->thinning, diag) : status;
}

void eq_sampling_write(const eq_experiment *x, eq_text *t) {
    const eq_sampling *s = &x->estimator.sampling;
    if (!eq_estimator_samples(&x->estimator)) return;
    eq_text_puts(t, "  <langevin");
    eq_put_number(t, "temperature", s->temperature);
    if (!isnan(s->step)) eq_put_number(t, "step", s->step);
    if (!isnan(s->farad)) eq_put_number(t, "capacitance", s->farad);
    eq_text_printf(t, " burn-in=\"%zu\" samples=\"%zu\" thinning=\"%zu\"/>\n", s->burn, s->samples,
                   s->thinning);
}
