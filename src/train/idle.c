#include "train/idle.h"

#include <string.h>

/* The attribute counts where `by` of the element `of` (NULL: its own) is one of the words, which is
 * `start` where it is absent; words NULL: where it is there. */
static const struct idle {
    const char *element, *attribute, *of, *by, *start, *words;
} idle[] = {
    {"architecture", "layers", NULL, "kind", "", "kendall drn nmos"},
    {"architecture", "gain", NULL, "kind", "", "kendall"},
    {"architecture", "feedback", NULL, "kind", "", "kendall"},
    {"architecture", "bias", NULL, "kind", "", "kendall drn nmos"},
    {"architecture", "bias-up", NULL, "kind", "", "kendall drn"},
    {"architecture", "bias-down", NULL, "kind", "", "kendall drn"},
    {"architecture", "wires", NULL, "kind", "", "kendall drn"},
    {"architecture", "edges", NULL, "kind", "", "graph nmos"},
    {"architecture", "inputs", NULL, "kind", "", "graph grid"},
    {"architecture", "rails", NULL, "kind", "", "graph grid nmos"},
    {"architecture", "element", NULL, "kind", "", "graph grid nmos"},
    {"architecture", "bulk", NULL, "kind", "", "graph grid nmos"},
    {"architecture", "models", NULL, "kind", "", "graph grid nmos"},
    {"architecture", "model", NULL, "kind", "", "graph grid nmos"},
    {"architecture", "parameters", NULL, "kind", "", "graph grid nmos"},
    {"architecture", "rows", NULL, "kind", "", "grid"},
    {"architecture", "columns", NULL, "kind", "", "grid"},
    {"architecture", "periodic", NULL, "kind", "", "grid"},
    {"architecture", "density", NULL, "kind", "", "nmos"},
    {"architecture", "topology", NULL, "kind", "", "nmos"},
    {"architecture", "gate-min", NULL, "kind", "", "graph grid nmos"},
    {"architecture", "gate-max", NULL, "kind", "", "graph grid nmos"},
    {"architecture", "load", NULL, "kind", "", "graph grid nmos"},
    {"architecture", "is", NULL, "diode", "shockley", "shockley"},
    {"architecture", "n", NULL, "diode", "shockley", "shockley"},
    {"architecture", "ron", NULL, "diode", "shockley", "ideal"},
    {"architecture", "roff", NULL, "diode", "shockley", "ideal"},
    {"data", "label", NULL, "format", "", "csv"},
    {"data", "header", NULL, "format", "", "csv"},
    {"encoding", "target-normalize", "data", "targets", NULL, NULL},
    {"encoding", "target-scale", "data", "targets", NULL, NULL},
    {"encoding", "target-center", "data", "targets", NULL, NULL},
    {"cost", "high", NULL, "type", "squared-difference",
     "squared-difference squared-error absolute-error huber"},
    {"cost", "low", NULL, "type", "squared-difference",
     "squared-difference squared-error absolute-error huber"},
    {"cost", "threshold", NULL, "type", "squared-difference", "huber"},
    {"cost", "scale", NULL, "type", "squared-difference", "cross-entropy"},
    {"cost", "margin", NULL, "type", "squared-difference", "hinge"},
    {"estimator", "beta", NULL, "type", "symmetric", "one-sided random-sign symmetric four-point"},
    {"estimator", "beta", NULL, "nudging", "current", "current energy"},
    {"estimator", "nudging", NULL, "type", "symmetric",
     "one-sided random-sign symmetric four-point"},
    {"estimator", "eta", NULL, "type", "symmetric", "one-sided random-sign symmetric four-point"},
    {"estimator", "eta", NULL, "nudging", "current", "clamp"},
    {"estimator", "g-clamp", NULL, "type", "symmetric",
     "one-sided random-sign symmetric four-point"},
    {"estimator", "g-clamp", NULL, "nudging", "current", "clamp"},
    {"optimizer", "momentum", NULL, "type", "", "momentum"},
    {"optimizer", "beta1", NULL, "type", "", "adam"},
    {"optimizer", "beta2", NULL, "type", "", "adam"},
    {"optimizer", "epsilon", NULL, "type", "", "adam"},
    {"group", "low", NULL, "init", "deck", "uniform log-uniform fan-in"},
    {"group", "high", NULL, "init", "deck", "uniform log-uniform fan-in kaiming"},
    {"schedule", "factor", NULL, "type", "constant", "exponential step cosine"},
    {"schedule", "every", NULL, "type", "constant", "step"},
};

static bool among(const char *word, const char *words) {
    size_t n = strlen(word);
    for (const char *p = words; *p != '\0'; p += strcspn(p, " "), p += *p == ' ')
        if (strcspn(p, " ") == n && strncmp(p, word, n) == 0) return true;
    return false;
}

/* "type=momentum", "type=a or b". */
static void name_words(const struct idle *i, eq_text *out) {
    if (i->of != NULL) eq_text_printf(out, "<%s> ", i->of);
    eq_text_printf(out, "%s%s", i->by, i->words == NULL ? "" : "=\"");
    for (const char *p = i->words; p != NULL && *p != '\0'; p++)
        if (*p == ' ')
            eq_text_puts(out, "\" or \"");
        else
            eq_text_add(out, p, 1);
    if (i->words != NULL) eq_text_puts(out, "\"");
}

/* True: it was told. */
static bool tell(const eq_xml *xml, const eq_xml_node *node, const struct idle *i, eq_diag *diag) {
    const eq_xml_node *of = i->of == NULL ? node : eq_xml_child(eq_xml_root(xml), i->of);
    const char *own = eq_xml_attribute(node, i->attribute);
    const char *is = of == NULL ? NULL : eq_xml_attribute(of, i->by);
    if (is == NULL) is = i->start;
    if (own == NULL || (is != NULL && (i->words == NULL || among(is, i->words)))) return false;
    eq_text words = {0};
    name_words(i, &words);
    if (!words.failed)
        eq_warn_at(diag, eq_xml_place(xml, node),
                   "<%s>: %s=\"%.60s\" has no effect here; it belongs to %s", i->element,
                   i->attribute, own, words.text);
    eq_text_free(&words);
    return true;
}

static void look_at(const eq_xml *xml, const eq_xml_node *node, eq_diag *diag) {
    const char *told = NULL; /* rows of one attribute stand for one warning */
    for (size_t k = 0; k < sizeof idle / sizeof *idle; k++) {
        if (strcmp(eq_xml_name(node), idle[k].element) != 0) continue;
        if (told != NULL && strcmp(told, idle[k].attribute) == 0) continue;
        if (tell(xml, node, &idle[k], diag)) told = idle[k].attribute;
    }
    for (const eq_xml_node *n = eq_xml_first(node); n != NULL; n = eq_xml_next(n))
        look_at(xml, n, diag);
}

void eq_warn_of_idle(const eq_xml *xml, eq_diag *diag) {
    look_at(xml, eq_xml_root(xml), diag);
}
