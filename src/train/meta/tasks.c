#include "train/meta/tasks.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "train/data/read.h"

/* The rows of a table by their labels. */
typedef struct pool {
    const eq_meta_options *o;
    const eq_data *d;
    bool classes;    /* of the examples, of which a task takes several; else each label is a task */
    size_t ways;     /* labels of a task */
    size_t labels;   /* that have rows */
    uint32_t *label; /* [labels] in a drawn order; those held out stand last */
    size_t held;
    size_t *first; /* [labels of the table + 1] of its rows in `row` */
    uint32_t *row; /* [examples] */
    eq_tasks tasks;
    uint32_t *from; /* [tasks][rows of a task] rows of the table */
    eq_random random;
    eq_diag *diag;
} pool;

static void pool_close(pool *p) {
    eq_free(p->label);
    eq_free(p->first);
    eq_free(p->row);
    eq_free(p->from);
}

static size_t each(const pool *p) {
    return p->o->shots + p->o->queries;
}

/* Rows in the order of their labels (counting sort). */
static eq_status sort_rows(pool *p) {
    const eq_data *d = p->d;
    size_t most = 0;
    for (size_t k = 0; k < d->examples; k++)
        if (d->label[k] >= most) most = (size_t)d->label[k] + 1;
    p->label = eq_malloc(most, sizeof *p->label);
    p->first = eq_calloc(most + 2, sizeof *p->first);
    p->row = eq_malloc(d->examples, sizeof *p->row);
    if (p->label == NULL || p->first == NULL || p->row == NULL) return eq_out_of_memory(p->diag);
    for (size_t k = 0; k < d->examples; k++) p->first[d->label[k] + 2]++;
    for (size_t l = 0; l < most; l++) {
        if (p->first[l + 2] > 0) p->label[p->labels++] = (uint32_t)l;
        p->first[l + 2] += p->first[l + 1];
    }
    for (size_t k = 0; k < d->examples; k++) p->row[p->first[d->label[k] + 1]++] = (uint32_t)k;
    return EQ_OK;
}

static eq_status check_rows(const pool *p) {
    for (size_t k = 0; k < p->labels; k++) {
        size_t l = p->label[k], n = p->first[l + 1] - p->first[l];
        if (n >= each(p)) continue;
        const char *name = p->classes ? p->d->class_name[l] : NULL;
        char number[32];
        snprintf(number, sizeof number, "number %zu", l + 1);
        return eq_fail(p->diag, EQ_ERR_INPUT,
                       "the %s %s has %zu example%s, and <meta> takes %zu shots and %zu queries of "
                       "each; take fewer, or give it more",
                       p->classes ? "class" : "task", name == NULL ? number : name, n, eq_plural(n),
                       p->o->shots, p->o->queries);
    }
    return EQ_OK;
}

static eq_status check_parts(const pool *p) {
    const eq_tasks *t = &p->tasks;
    size_t left = p->labels - p->held;
    if (!p->classes && p->labels < 2)
        return eq_fail(
            p->diag, EQ_ERR_INPUT,
            "<meta> needs examples of several tasks, and these have targets and no label "
            "that parts them; name the column of the tasks: label=\"task\" in <data>");
    if (t->train == 0)
        return eq_fail(p->diag, EQ_ERR_INPUT,
                       "test-fraction leaves no task to learn from; use less, or more tasks");
    if (left < p->ways || (t->test > 0 && p->held < p->ways))
        return eq_fail(p->diag, EQ_ERR_INPUT,
                       "tasks of %zu classes need as many among the %zu that are learned from and "
                       "among the %zu held out; change ways in <meta> or test-fraction in <data>",
                       p->ways, left, p->held);
    double rows = (double)(t->train + t->test) * (double)p->ways * (double)each(p);
    if (rows * (double)p->d->features > EQ_MOST_ITEMS)
        return eq_fail(p->diag, EQ_ERR_INPUT,
                       "%zu tasks of %zu examples are more than %d values; take fewer",
                       t->train + t->test, p->ways * each(p), EQ_MOST_ITEMS);
    return EQ_OK;
}

/* How many labels and tasks there are, and which are held out. */
static void count_parts(pool *p, double held_out) {
    size_t tasks = p->classes ? p->o->tasks : p->labels;
    p->held = (size_t)(held_out * (double)p->labels + 0.5);
    p->tasks.test = (size_t)(held_out * (double)tasks + 0.5);
    p->tasks.train = tasks - p->tasks.test;
    p->tasks.support = p->ways * p->o->shots;
    p->tasks.query = p->ways * p->o->queries;
    eq_random_shuffle(&p->random, p->label, p->labels);
}

/* One of items k to n, which then stands at k: those before are drawn. */
static uint32_t draw_one(pool *p, uint32_t *item, size_t k, size_t n) {
    size_t other = k + (size_t)eq_random_below(&p->random, n - k);
    uint32_t drawn = item[other];
    item[other] = item[k];
    return item[k] = drawn;
}

/* The rows of label w of the task: shots stand w-th of each round of the support, queries likewise. */
static void draw_rows(pool *p, uint32_t label, size_t w, uint32_t *to) {
    uint32_t *row = p->row + p->first[label];
    size_t n = p->first[label + 1] - p->first[label];
    for (size_t k = 0; k < each(p); k++) to[k * p->ways + w] = draw_one(p, row, k, n);
}

/* Task t: the t-th label, or `ways` drawn of its part. */
static void draw_task(pool *p, size_t t) {
    bool test = t >= p->tasks.train;
    uint32_t *to = p->from + t * eq_tasks_rows(&p->tasks);
    uint32_t *part = p->label + (test ? p->labels - p->held : 0);
    size_t n = test ? p->held : p->labels - p->held;
    if (!p->classes) {
        draw_rows(p, p->label[t], 0, to);
        return;
    }
    for (size_t w = 0; w < p->ways; w++) draw_rows(p, draw_one(p, part, w, n), w, to);
}

static void *gather(const void *of, size_t size, const uint32_t *from, size_t n) {
    char *to = eq_malloc(n, size);
    for (size_t k = 0; to != NULL && k < n; k++)
        memcpy(to + k * size, (const char *)of + from[k] * size, size);
    return to;
}

/* The rows that were drawn, as a table of their own. */
static eq_status build(const pool *p, eq_data **out) {
    const eq_data *d = p->d;
    size_t n = (p->tasks.train + p->tasks.test) * eq_tasks_rows(&p->tasks);
    eq_data *e = eq_data_new(n, d->features);
    if (e == NULL) return eq_out_of_memory(p->diag);
    e->goal = d->goal;
    if (d->pixel != NULL) e->pixel = gather(d->pixel, d->features, p->from, n);
    if (d->value != NULL) e->value = gather(d->value, d->features * sizeof *d->value, p->from, n);
    if (d->target != NULL)
        e->target = gather(d->target, d->classes * sizeof *d->target, p->from, n);
    bool whole = (d->pixel == NULL || e->pixel != NULL) && (d->value == NULL || e->value != NULL) &&
                 (d->target == NULL || e->target != NULL);
    eq_status status = whole ? EQ_OK : eq_out_of_memory(p->diag);
    for (size_t k = 0; p->classes && k < n; k++) e->label[k] = (uint16_t)(k % p->ways);
    if (status == EQ_OK && p->classes) status = eq_data_number_classes(e, p->ways, p->diag);
    if (status == EQ_OK && !p->classes) {
        e->class_name = eq_strings_copy(d->class_name, d->classes);
        if (e->class_name == NULL) status = eq_out_of_memory(p->diag);
        if (status == EQ_OK) e->classes = d->classes;
    }
    if (status == EQ_OK)
        *out = e;
    else
        eq_data_free(e);
    return status;
}

static uint32_t *from_to(size_t first, size_t n) {
    uint32_t *index = eq_malloc(n, sizeof *index);
    for (size_t k = 0; index != NULL && k < n; k++) index[k] = (uint32_t)(first + k);
    return index;
}

/* The table takes the place of the one that was read. */
static eq_status replace(const pool *p, eq_data *made, eq_data_set *set) {
    size_t each_task = eq_tasks_rows(&p->tasks);
    eq_data_set s = {.train = made,
                     .test = made,
                     .train_count = p->tasks.train * each_task,
                     .test_count = p->tasks.test * each_task};
    s.train_index = from_to(0, s.train_count);
    s.test_index = from_to(s.train_count, s.test_count);
    if (s.train_index == NULL || s.test_index == NULL) {
        eq_data_set_free(&s);
        return eq_out_of_memory(p->diag);
    }
    eq_data_set_free(set);
    *set = s;
    return EQ_OK;
}

eq_status eq_tasks_draw(const eq_meta_options *o, double held_out, uint64_t seed, eq_data_set *set,
                        eq_tasks *out, eq_diag *diag) {
    bool classes = set->train->goal == EQ_GOAL_CLASS;
    pool p = {.o = o,
              .d = set->train,
              .classes = classes,
              .ways = classes ? o->ways : 1,
              .random = eq_random_seed(seed),
              .diag = diag};
    eq_data *made = NULL;
    eq_status status = sort_rows(&p);
    if (status == EQ_OK) count_parts(&p, held_out);
    if (status == EQ_OK) status = check_parts(&p);
    if (status == EQ_OK) status = check_rows(&p);
    size_t tasks = p.tasks.train + p.tasks.test;
    if (status == EQ_OK) {
        p.from = eq_malloc(tasks, eq_tasks_rows(&p.tasks) * sizeof *p.from);
        if (p.from == NULL) status = eq_out_of_memory(diag);
    }
    for (size_t t = 0; status == EQ_OK && t < tasks; t++) draw_task(&p, t);
    if (status == EQ_OK) status = build(&p, &made);
    if (status == EQ_OK) status = replace(&p, made, set);
    if (status == EQ_OK) *out = p.tasks;
    pool_close(&p);
    return status;
}
