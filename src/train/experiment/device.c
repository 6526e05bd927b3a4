#include "train/experiment/device.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "model/device/response.h"
#include "train/experiment/named.h"

/* What reading one element needs. */
typedef struct reader {
    const eq_xml *xml;
    const eq_xml_node *node;
    eq_diag *diag;
} reader;

static eq_status fault(const reader *r, const char *what) {
    return eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, r->node), "<%s>: %s",
                      eq_xml_name(r->node), what);
}

static const char *word(const reader *r, const char *name) {
    return eq_xml_attribute(r->node, name);
}

static void flag(const reader *r, const char *name, const char *true_word, bool *value) {
    const char *text = word(r, name);
    if (text != NULL) *value = strcmp(text, true_word) == 0;
}

/* "1 0.5, 0.2": values of a response from b_min to b_max. */
static eq_status pieces(const reader *r, const char *name, eq_pieces *p) {
    static const char blanks[] = " ,\t\n";
    const char *text = word(r, name);
    size_t n;
    if (text == NULL) return EQ_OK;
    p->count = 0;
    for (text = eq_next_word(text, blanks, &n); n > 0; text = eq_next_word(text + n, blanks, &n)) {
        double value;
        if (eq_parse_double(text, n, &value) != n || !(value >= 0.0) || !isfinite(value) ||
            p->count == EQ_MOST_PIECES)
            return eq_fail_at(r->diag, EQ_ERR_INPUT, eq_xml_place(r->xml, r->node),
                              "%s=\"%s\": give 1 to %d numbers of at least 0, from w_min to w_max",
                              name, word(r, name), EQ_MOST_PIECES);
        p->value[p->count++] = value;
    }
    return p->count > 0 ? EQ_OK : fault(r, "a piecewise response has no values; give some");
}

static eq_status numbers(const reader *r, eq_device *o) {
    size_t count, chip = (size_t)o->chip, draw = (size_t)o->draw;
    const eq_device_number *n = eq_device_numbers(&count);
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < count; k++)
        status = eq_xml_number(r->xml, r->node, n[k].name, eq_device_value(o, &n[k]), r->diag);
    if (status == EQ_OK) status = eq_xml_count(r->xml, r->node, "chip", &chip, r->diag);
    if (status == EQ_OK) status = eq_xml_count(r->xml, r->node, "draw", &draw, r->diag);
    if (status == EQ_OK) status = eq_xml_count(r->xml, r->node, "levels", &o->levels, r->diag);
    if (status == EQ_OK) status = eq_xml_count(r->xml, r->node, "bl", &o->bl, r->diag);
    o->chip = chip;
    o->draw = draw;
    return status;
}

/* The schema has checked that words are among those known. */
static eq_status options(const reader *r, eq_device *o) {
    const char *preset = word(r, "preset"), *response = word(r, "response");
    const char *update = word(r, "update");
    bool had = o->response != NULL;
    if (preset != NULL && !eq_device_preset(preset, o)) return fault(r, "no such preset");
    if (response != NULL) o->response = eq_response_find(response);
    if (update != NULL)
        eq_device_rule_find(update, &o->rule);
    else if (preset == NULL && o->response != NULL && !had)
        o->rule = EQ_RULE_STOCHASTIC;
    else if (o->response == NULL)
        o->rule = EQ_RULE_EXACT;
    flag(r, "noise", "additive", &o->additive);
    flag(r, "scale", "log", &o->log_levels);
    flag(r, "rounding", "stochastic", &o->stochastic_rounding);
    flag(r, "pair", "yes", &o->pair);
    eq_status status = numbers(r, o);
    if (status == EQ_OK) status = pieces(r, "piecewise_up", &o->piecewise_up);
    if (status == EQ_OK) status = pieces(r, "piecewise_down", &o->piecewise_down);
    return status;
}

static eq_status check(const reader *r, const eq_device *o) {
    eq_device whole = *o;
    eq_device_complete(&whole);
    const char *why = eq_device_fault(&whole);
    return why == NULL ? EQ_OK : fault(r, why);
}

/* Appends a kind for the groups that match, as the attribute says. */
static eq_status add(const reader *r, eq_experiment *x, const char *attribute, const char *match,
                     const eq_device *o) {
    if (!eq_grow((void **)&x->device, &x->device_cap, x->devices + 1, sizeof *x->device))
        return eq_out_of_memory(r->diag);
    eq_device_options *d = &x->device[x->devices++];
    *d = (eq_device_options){eq_strdup(match), eq_named_at(x, r->xml, r->node, attribute), *o};
    return d->match == NULL ? eq_out_of_memory(r->diag) : check(r, o);
}

eq_status eq_device_read(const eq_xml *xml, const eq_xml_node *node, eq_experiment *x,
                         eq_diag *diag) {
    eq_device all = eq_device_ideal();
    reader r = {xml, node, diag};
    if (node == NULL) return EQ_OK;
    const char *groups = word(&r, "groups");
    eq_status status = options(&r, &all);
    for (const eq_xml_node *n = eq_xml_first(node); status == EQ_OK && n != NULL;
         n = eq_xml_next(n)) {
        reader inner = {xml, n, diag};
        eq_device o = all;
        status = options(&inner, &o);
        if (status == EQ_OK) status = add(&inner, x, "match", word(&inner, "match"), &o);
    }
    return status == EQ_OK ? add(&r, x, "groups", groups == NULL ? "*" : groups, &all) : status;
}

/* The numbers that are not as in `from`. */
static void write_numbers(eq_device o, eq_device from, eq_text *t) {
    char text[EQ_NUMBER_LENGTH];
    size_t count;
    const eq_device_number *n = eq_device_numbers(&count);
    for (size_t k = 0; k < count; k++) {
        double value = *eq_device_value(&o, &n[k]);
        if (isnan(value) || value == *eq_device_value(&from, &n[k])) continue;
        eq_text_printf(t, " %s=\"%s\"", n[k].name, eq_number(value, text));
    }
    if (o.levels != from.levels) eq_text_printf(t, " levels=\"%zu\"", o.levels);
    if (o.bl != from.bl) eq_text_printf(t, " bl=\"%zu\"", o.bl);
    if (o.draw != from.draw) eq_text_printf(t, " draw=\"%" PRIu64 "\"", o.draw);
}

static void write_pieces(const char *name, const eq_pieces *p, const eq_pieces *from, eq_text *t) {
    if (p->count == from->count && memcmp(p->value, from->value, p->count * sizeof *p->value) == 0)
        return;
    eq_text_printf(t, " %s=\"", name);
    for (size_t k = 0; k < p->count; k++) {
        if (k > 0) eq_text_puts(t, " ");
        eq_text_number(t, p->value[k]);
    }
    eq_text_puts(t, "\"");
}

/* Words are written out, numbers where they differ from what the element begins with. */
static void write_kind(const char *attribute, const eq_device_options *d, const eq_device *from,
                       eq_text *t) {
    const eq_device *o = &d->kind;
    eq_text_printf(t, " %s=\"", attribute);
    eq_xml_escape(EQ_CARRY_TEXT, d->match, t);
    eq_text_printf(t, "\" chip=\"%" PRIu64 "\" response=\"%s\" update=\"%s\"", o->chip,
                   eq_response_name(o->response), eq_device_rule_name(o->rule));
    eq_text_printf(t, " noise=\"%s\" scale=\"%s\" rounding=\"%s\" pair=\"%s\"",
                   o->additive ? "additive" : "multiplicative", o->log_levels ? "log" : "linear",
                   o->stochastic_rounding ? "stochastic" : "nearest", o->pair ? "yes" : "no");
    write_numbers(*o, *from, t);
    write_pieces("piecewise_up", &o->piecewise_up, &from->piecewise_up, t);
    write_pieces("piecewise_down", &o->piecewise_down, &from->piecewise_down, t);
}

void eq_device_write(const eq_experiment *x, eq_text *t) {
    if (x->devices == 0) return;
    const eq_device_options *all = &x->device[x->devices - 1];
    eq_device ideal = eq_device_ideal();
    eq_text_puts(t, "  <device");
    write_kind("groups", all, &ideal, t);
    eq_text_puts(t, x->devices == 1 ? "/>\n" : ">\n");
    for (size_t k = 0; k + 1 < x->devices; k++) {
        eq_text_puts(t, "    <group");
        write_kind("match", &x->device[k], &all->kind, t);
        eq_text_puts(t, "/>\n");
    }
    if (x->devices > 1) eq_text_puts(t, "  </device>\n");
}
