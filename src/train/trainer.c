#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/comm.h"
#include "base/file.h"
#include "base/mem.h"
#include "netlist/netlist.h"
#include "train/checkpoint.h"
#include "train/folder.h"
#include "train/session.h"
#include "train/train.h"

/* How one group of conductances is changed. */
typedef struct trained_group {
    double rate; /* before the schedule */
    eq_step_range range;
    double *state[EQ_MAX_STATES]; /* [count] in the engine's order */
} trained_group;

typedef struct trainer {
    eq_session s;
    const eq_experiment *x;
    const eq_train_options *o;
    trained_group *group; /* [circuit groups] */
    bool stopped;         /* the user has asked one of the ranks to stop */
    eq_claim *claim;      /* of the folder, on rank 0 */
    int32_t *place;       /* [memristors] of each row in now.g and now.state */
    uint32_t *order;      /* [train_count] examples of this epoch in the order they come */
    eq_checkpoint now; /* where the run is; g, state and encoder are filled in when it is saved */
    double start;      /* s: when this process began, less what resumed parts took */
    double last_progress; /* s */
    double last_save;     /* s */
    double evaluation;    /* s that the last evaluation took */
    eq_diag *diag;
} trainer;

eq_train_options eq_train_defaults(void) {
    return (eq_train_options){.threads = 1, .engine = EQ_ENGINE_AUTO, .save_every = 1.0};
}

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* eq_step: one optimizer step on a run of conductances. */
static void optimizer_step(void *data, size_t group, size_t offset, size_t n, double *theta,
                           const double *gradient) {
    trainer *t = data;
    trained_group *g = &t->group[group];
    double *s0 = g->state[0] == NULL ? NULL : g->state[0] + offset;
    double *s1 = g->state[1] == NULL ? NULL : g->state[1] + offset;
    t->x->optimizer.kind->step(&g->range, n, theta, gradient, s0, s1);
}

static eq_status groups_new(trainer *t) {
    const eq_circuit *c = t->s.c;
    const eq_optimizer *o = &t->x->optimizer;
    t->group = eq_calloc(c->groups, sizeof *t->group);
    if (t->group == NULL) return eq_out_of_memory(t->diag);
    for (size_t g = 0; g < c->groups; g++) {
        trained_group *group = &t->group[g];
        eq_init init;
        eq_status status = eq_session_group(t->x, c, g, &group->rate, &init, t->diag);
        if (status != EQ_OK) return status;
        group->range = (eq_step_range){.gmin = c->group[g].min,
                                       .gmax = c->group[g].max,
                                       .momentum = o->momentum,
                                       .beta1 = o->beta1,
                                       .beta2 = o->beta2,
                                       .epsilon = o->epsilon};
        for (int k = 0; k < o->kind->states; k++) {
            group->state[k] = eq_calloc_aligned(c->group[g].count, sizeof *group->state[k]);
            if (group->state[k] == NULL) return eq_out_of_memory(t->diag);
        }
    }
    return EQ_OK;
}

static void trainer_close(trainer *t) {
    for (size_t g = 0; t->group != NULL && g < t->s.c->groups; g++)
        for (int k = 0; k < EQ_MAX_STATES; k++) eq_free(t->group[g].state[k]);
    eq_free(t->group);
    eq_free(t->place);
    eq_free(t->order);
    t->now.class_name = NULL; /* belongs to the data */
    t->now.classes = 0;
    t->now.encoder = (eq_encoder){0};
    eq_checkpoint_free(&t->now);
    eq_session_close(&t->s);
    eq_folder_release(t->claim);
}

/* Copies optimizer state between the engine's order and that of eq_session_conductances. */
static eq_status exchange_states(trainer *t, bool save) {
    const eq_circuit *c = t->s.c;
    for (size_t g = 0; g < c->groups; g++) {
        size_t n = eq_engine_group_count(t->s.engine, g);
        int32_t *row = eq_malloc(n, sizeof *row);
        if (row == NULL) return eq_out_of_memory(t->diag);
        eq_engine_group_rows(t->s.engine, g, row);
        for (int k = 0; k < t->x->optimizer.kind->states; k++)
            for (size_t j = 0; j < n; j++) {
                double *mine = &t->group[g].state[k][j],
                       *saved = &t->now.state[k][t->place[row[j]]];
                if (save)
                    *saved = *mine;
                else
                    *mine = *saved;
            }
        eq_free(row);
    }
    return EQ_OK;
}

/* A path in the run's folder; NULL when memory runs out. */
static char *in_folder(const trainer *t, const char *name) {
    return eq_path_join(t->o->folder, name);
}

static eq_status write_text(const trainer *t, const char *name, const eq_text *text) {
    char *path = in_folder(t, name);
    if (path == NULL || text->failed) {
        eq_free(path);
        return eq_out_of_memory(t->diag);
    }
    eq_status status = eq_file_write(path, text->text, text->length, t->diag);
    eq_free(path);
    return status;
}

/* A column of metrics.csv; empty where there is no value. */
static void column(eq_text *t, double value, char end) {
    if (isnan(value))
        eq_text_printf(t, "%c", end);
    else
        eq_text_printf(t, "%.10g%c", value, end);
}

static eq_status save_metrics(const trainer *t) {
    eq_text text = {0};
    eq_text_puts(&text,
                 "epoch,train_loss,train_error,test_loss,test_error,examples_per_s,seconds\n");
    for (uint64_t k = 0; k < t->now.rows; k++) {
        const eq_metrics *m = &t->now.row[k];
        eq_text_printf(&text, "%zu,", m->epoch);
        column(&text, m->train_loss, ',');
        column(&text, m->train_error, ',');
        column(&text, m->test_loss, ',');
        column(&text, m->test_error, ',');
        column(&text, m->examples_per_s, ',');
        column(&text, m->seconds, '\n');
    }
    eq_status status = write_text(t, EQ_TRAIN_METRICS, &text);
    eq_text_free(&text);
    return status;
}

/* The trained deck: free phase of the circuit as it stands. */
static eq_status save_model(const trainer *t) {
    eq_text text = {0};
    char note[160];
    eq_model_note_write(note, sizeof note, &(eq_model_note){t->now.run, t->now.steps}, t->now.epoch,
                        t->x->seed);
    eq_status status = eq_deck_write_own(t->s.c, note, &text, t->diag);
    if (status == EQ_OK) status = write_text(t, EQ_TRAIN_MODEL, &text);
    eq_text_free(&text);
    return status;
}

static eq_status save_experiment(const trainer *t) {
    eq_text text = {0};
    eq_experiment copy = *t->x;
    copy.run = t->now.run;
    eq_status status = eq_experiment_write(&copy, &text, t->diag);
    if (status == EQ_OK) status = write_text(t, EQ_TRAIN_EXPERIMENT, &text);
    eq_text_free(&text);
    return status;
}

static eq_status save_checkpoint(trainer *t) {
    eq_engine_store(t->s.engine);
    eq_session_conductances(t->s.c, t->now.g, true);
    eq_status status = exchange_states(t, true);
    t->now.seconds = seconds_now() - t->start;
    char *path = in_folder(t, EQ_TRAIN_CHECKPOINT);
    if (path == NULL) status = eq_out_of_memory(t->diag);
    if (status == EQ_OK) status = eq_checkpoint_write(&t->now, path, t->diag);
    eq_free(path);
    return status;
}

/* Everything that the folder holds; the checkpoint last,
 * so that it never runs ahead of the rest. */
static eq_status save(trainer *t, bool model) {
    if (t->o->folder == NULL || eq_comm_rank() > 0) return EQ_OK;
    eq_status status = save_metrics(t);
    if (status == EQ_OK && model) {
        eq_engine_store(t->s.engine);
        status = save_model(t);
    }
    if (status == EQ_OK) status = save_checkpoint(t);
    t->last_save = seconds_now();
    return status;
}

/* Where each trained conductance stands in a checkpoint; *count: how many there are. */
static eq_status places_new(trainer *t, uint64_t *count) {
    const eq_circuit *c = t->s.c;
    int32_t n = 0;
    t->place = eq_calloc(c->table[EQ_CLASS_memristor].count, sizeof *t->place);
    if (t->place == NULL) return eq_out_of_memory(t->diag);
    for (size_t g = 0; g < c->groups; g++)
        for (size_t j = 0; j < c->group[g].count; j++) t->place[c->group[g].row[j]] = n++;
    *count = (uint64_t)n;
    return EQ_OK;
}

/* A new run: state before the first epoch. */
static eq_status begin(trainer *t) {
    eq_checkpoint *p = &t->now;
    eq_status status = places_new(t, &p->conductances);
    if (status != EQ_OK) return status;
    size_t n = (size_t)p->conductances;
    p->shuffle = eq_stream_of(t->x->seed, EQ_STREAM_SHUFFLE);
    p->sign = eq_stream_of(t->x->seed, EQ_STREAM_SIGN);
    p->states = (uint64_t)t->x->optimizer.kind->states;
    p->encoder = t->s.encoder;
    p->classes = t->s.set.train->classes;
    p->class_name = t->s.set.train->class_name;
    p->g = eq_calloc(n, sizeof *p->g);
    bool whole = p->g != NULL;
    for (uint64_t k = 0; k < p->states; k++) {
        p->state[k] = eq_calloc(n, sizeof *p->state[k]);
        whole = whole && p->state[k] != NULL;
    }
    if (!whole) return eq_out_of_memory(t->diag);
    p->run = eq_run_identity(&p->began, t->x->epochs, t->o->engine);
    return EQ_OK;
}

static eq_status check_resumed(const trainer *t, const eq_checkpoint *old, const char *path) {
    const eq_checkpoint *p = &t->now;
    if (old->run == 0)
        return eq_fail(t->diag, EQ_ERR_INPUT,
                       "the checkpoint '%s' was written by an older version, which did not note "
                       "circuit and data; resume with that version, or train anew with --force",
                       path);
    eq_status status = eq_fingerprint_check(&p->began, &old->began, t->x, path, t->diag);
    if (status == EQ_OK && (old->conductances != p->conductances || old->states != p->states ||
                            old->position > t->s.set.train_count))
        status = eq_fail(t->diag, EQ_ERR_INPUT,
                         "the checkpoint '%s' does not fit its own experiment; train anew "
                         "with --force",
                         path);
    return status == EQ_OK ? eq_folder_check(t->o->folder, old->run, t->diag) : status;
}

/* Takes the state of the checkpoint over. */
static eq_status resume(trainer *t) {
    eq_checkpoint old = {0}, *p = &t->now;
    char *path = in_folder(t, EQ_TRAIN_CHECKPOINT);
    if (path == NULL) return eq_out_of_memory(t->diag);
    eq_status status = eq_checkpoint_read(path, &old, t->diag);
    if (status == EQ_OK) status = check_resumed(t, &old, path);
    if (status == EQ_OK) {
        eq_session_conductances(t->s.c, old.g, false);
        for (uint64_t k = 0; k < p->states; k++)
            memcpy(p->state[k], old.state[k], (size_t)p->conductances * sizeof *old.g);
        p->run = old.run;
        p->epoch = old.epoch;
        p->position = old.position;
        p->steps = old.steps;
        p->shuffle = old.shuffle;
        p->sign = old.sign;
        p->loss = old.loss;
        p->wrong = old.wrong;
        p->seconds = old.seconds;
        p->epoch_seconds = old.epoch_seconds;
        p->rows = old.rows;
        p->row = old.row;
        old.row = NULL;
        eq_engine_load(t->s.engine);
        status = exchange_states(t, false);
    }
    eq_checkpoint_free(&old);
    eq_free(path);
    return status;
}

/* The folder becomes this training's, unless it holds a run that is not to be touched. */
static eq_status claim(trainer *t) {
    const char *held = NULL;
    if (t->claim != NULL) return EQ_OK;
    eq_status status = eq_folder_claim(t->o->folder, &t->claim, t->diag);
    if (status == EQ_OK && !t->o->resume && !t->o->force)
        status = eq_folder_holds(t->o->folder, &held, t->diag);
    if (status != EQ_OK || held == NULL) return status;
    return eq_fail(
        t->diag, EQ_ERR_USAGE,
        "the folder '%s' holds a run already (%s); go on with it by --resume, replace it "
        "by --force, or give another folder with -o",
        t->o->folder, held);
}

/* What can be refused before anything is read. */
static eq_status check_options(trainer *t) {
    struct stat st;
    if (t->o->threads < 1)
        return eq_fail(t->diag, EQ_ERR_USAGE, "%d threads cannot work; give 1 or more",
                       t->o->threads);
    if (t->o->resume && t->o->force)
        return eq_fail(t->diag, EQ_ERR_USAGE,
                       "--resume goes on with the run that --force removes; give one of them");
    if (t->o->resume && t->o->folder == NULL)
        return eq_fail(t->diag, EQ_ERR_USAGE, "--resume needs the folder of the run; give -o DIR");
    bool there = t->o->folder != NULL && stat(t->o->folder, &st) == 0 && S_ISDIR(st.st_mode);
    return there && eq_comm_rank() == 0 ? claim(t) : EQ_OK;
}

static eq_status open_all(trainer *t) {
    eq_session *s = &t->s;
    size_t batch = t->x->batch > 32 ? t->x->batch : 32; /* evaluation likes larger minibatches */
    s->x = t->x;
    eq_status status = eq_experiment_circuit(t->x, &s->c, t->diag);
    if (status == EQ_OK) status = eq_deck_check_names(s->c, EQ_NGSPICE, t->diag);
    if (status == EQ_OK) status = eq_session_data(s, t->diag);
    if (status == EQ_OK) status = eq_fingerprint_of(t->x, s->c, &s->set, &t->now.began, t->diag);
    if (status == EQ_OK) status = eq_encoder_fit(&t->x->encoding, &s->set, &s->encoder, t->diag);
    if (status == EQ_OK) status = eq_session_initialise(s, t->diag);
    if (status == EQ_OK) status = eq_session_start(s, t->o->engine, batch, t->o->threads, t->diag);
    if (status == EQ_OK) status = groups_new(t);
    if (status == EQ_OK) status = begin(t);
    if (status == EQ_OK && t->o->resume) status = resume(t);
    if (status != EQ_OK) return status;
    t->order = eq_malloc(s->set.train_count, sizeof *t->order);
    return t->order == NULL ? eq_out_of_memory(t->diag) : EQ_OK;
}

/* The learning rates of this step: schedule, and the bias correction of Adam. */
static void set_ranges(trainer *t) {
    double factor = eq_schedule_factor(&t->x->schedule, (size_t)t->now.epoch, t->x->epochs);
    double steps = (double)t->now.steps;
    for (size_t g = 0; g < t->s.c->groups; g++) {
        eq_step_range *r = &t->group[g].range;
        r->rate = t->group[g].rate * factor;
        r->correction1 = 1.0 - pow(r->beta1, steps);
        r->correction2 = 1.0 - pow(r->beta2, steps);
    }
}

/* Free phase, nudged phases and update of n examples. */
static eq_status minibatch(trainer *t, size_t n) {
    eq_session *s = &t->s;
    eq_status status =
        eq_session_free_phase(s, s->set.train, t->order + t->now.position, n, t->diag);
    if (status != EQ_OK) return status;
    eq_score score = {0};
    eq_session_score(s, n, &score);
    if (!isfinite(score.loss))
        return eq_fail(
            t->diag, EQ_ERR_CONVERGE,
            "the loss is not finite in epoch %llu after %llu examples; lower the learning "
            "rates",
            (unsigned long long)t->now.epoch + 1, (unsigned long long)t->now.position);
    double a[EQ_MAX_SLOTS], sign = 1.0;
    if (t->x->estimator.kind->random_sign) sign = eq_random_next(&t->now.sign) >> 63 ? 1.0 : -1.0;
    status = eq_estimate(&t->x->estimator, s->phases, s->engine, &t->x->cost, sign, n, s->y,
                         s->label, a, t->diag);
    if (status != EQ_OK) return status;
    t->now.steps++;
    set_ranges(t);
    status = eq_engine_update(s->engine, a, optimizer_step, t, t->diag);
    t->now.loss += score.loss;
    t->now.wrong += score.wrong;
    t->now.position += n;
    return status;
}

/* Whether the user has asked any of the ranks to stop. */
static bool stopping(trainer *t) {
    double asked = t->o->stop != NULL && *t->o->stop ? 1.0 : 0.0;
    eq_comm_sum(&asked, 1);
    t->stopped = t->stopped || asked > 0.0;
    return t->stopped;
}

static double rate_of(const trainer *t) {
    return t->now.epoch_seconds > 0.0 ? (double)t->now.position / t->now.epoch_seconds : 0.0;
}

/* Tells the caller how far the epoch is, at most every 0.1 s. */
static void report(trainer *t, double now) {
    size_t count = t->s.set.train_count, left = t->x->epochs - (size_t)t->now.epoch;
    if (t->o->progress == NULL || now - t->last_progress < 0.1 || t->now.position == 0) return;
    t->last_progress = now;
    double done = (double)t->now.position, rate = rate_of(t);
    double evaluation = t->evaluation > 0.0
                            ? t->evaluation
                            : (double)t->s.set.test_count / (3.0 * fmax(rate, 1e-300));
    eq_progress p = {
        .epoch = (size_t)t->now.epoch + 1,
        .epochs = t->x->epochs,
        .done = (size_t)t->now.position,
        .examples = count,
        .examples_per_s = rate,
        .seconds_left =
            ((double)count * (double)left - done) / fmax(rate, 1e-300) + (double)left * evaluation,
        .train_loss = t->now.loss / done,
        .train_error = (double)t->now.wrong / done,
    };
    t->o->progress(t->o->data, &p);
}

/* The rest of an epoch from now.position on; EQ_ERR_INTERRUPTED when the user asks to stop. */
static eq_status run_epoch(trainer *t, eq_random *after) {
    size_t count = t->s.set.train_count;
    *after = t->now.shuffle;
    memcpy(t->order, t->s.set.train_index, count * sizeof *t->order);
    eq_random_shuffle(after, t->order, count);
    eq_status status = EQ_OK;
    double before = seconds_now();
    while (status == EQ_OK && t->now.position < count) {
        size_t left = count - (size_t)t->now.position;
        status = minibatch(t, left < t->x->batch ? left : t->x->batch);
        double now = seconds_now();
        t->now.epoch_seconds += now - before;
        before = now;
        report(t, now);
        if (status == EQ_OK && stopping(t)) status = EQ_ERR_INTERRUPTED;
    }
    return status;
}

/* Appends the row of the epoch just trained. */
static eq_status measure(trainer *t) {
    eq_session *s = &t->s;
    eq_checkpoint *p = &t->now;
    eq_score score = {0};
    double before = seconds_now(), n = (double)s->set.train_count, m = (double)s->set.test_count;
    eq_status status =
        eq_session_evaluate(s, s->set.test, s->set.test_index, s->set.test_count, &score, t->diag);
    if (status != EQ_OK) return status;
    size_t cap = (size_t)p->rows;
    if (!eq_grow((void **)&p->row, &cap, (size_t)p->rows + 1, sizeof *p->row))
        return eq_out_of_memory(t->diag);
    double now = seconds_now();
    t->evaluation = now - before;
    p->row[p->rows++] = (eq_metrics){
        .epoch = (size_t)p->epoch + 1,
        .train_loss = p->loss / n,
        .train_error = (double)p->wrong / n,
        .test_loss = m > 0.0 ? score.loss / m : NAN,
        .test_error = m > 0.0 ? (double)score.wrong / m : NAN,
        .examples_per_s = rate_of(t),
        .seconds = now - t->start,
    };
    return EQ_OK;
}

/* One whole epoch: training, evaluation, files. */
static eq_status epoch(trainer *t) {
    eq_random after;
    eq_status status = run_epoch(t, &after);
    if (status == EQ_ERR_INTERRUPTED) {
        eq_status saved = eq_comm_agree(save(t, true));
        return saved == EQ_OK ? status : saved;
    }
    if (status == EQ_OK) status = measure(t);
    if (status != EQ_OK) return status;
    t->now.shuffle = after;
    t->now.epoch++;
    t->now.position = 0;
    t->now.loss = 0.0;
    t->now.wrong = 0;
    t->now.epoch_seconds = 0.0;
    if (t->now.epoch == t->x->epochs || seconds_now() - t->last_save >= t->o->save_every)
        status = save(t, t->now.epoch == t->x->epochs);
    status = eq_comm_agree(status);
    if (status == EQ_OK && t->o->epoch != NULL)
        t->o->epoch(t->o->data, &t->now.row[t->now.rows - 1]);
    return status;
}

static void summarise(const trainer *t, bool done, eq_train_summary *out) {
    eq_engine_info info = eq_engine_about(t->s.engine);
    if (done) eq_comm_max(&info.worst_ratio, 1);
    *out = (eq_train_summary){
        .engine = info.name,
        .inputs = t->s.c->inputs,
        .outputs = t->s.c->outputs,
        .conductances = t->s.c->table[EQ_CLASS_memristor].count,
        .train_examples = t->s.set.train_count,
        .test_examples = t->s.set.test_count,
        .classes = t->s.set.train->classes,
        .iterations_per_solve = info.solves > 0.0 ? info.iterations / info.solves : 0.0,
        .worst_ratio = info.worst_ratio,
        .shared_bytes = eq_comm_bytes(),
    };
}

/* The folder as a run begins: the experiment alone, or what the run to go on with has there. */
static eq_status enter_folder(trainer *t) {
    eq_status status = eq_folder_make(t->o->folder, t->diag);
    if (status == EQ_OK) status = claim(t);
    if (status == EQ_OK && t->o->force) status = eq_folder_clear(t->o->folder, t->diag);
    if (status == EQ_OK) status = save_experiment(t);
    return status;
}

/* A training that failed before it had saved anything leaves no run behind. */
static void leave_folder(trainer *t) {
    const char *first = NULL;
    eq_status status = eq_folder_holds(t->o->folder, &first, t->diag);
    if (status == EQ_OK && first != NULL && strcmp(first, EQ_TRAIN_EXPERIMENT) == 0)
        eq_folder_clear(t->o->folder, t->diag); /* `first` is the last to be looked for */
}

static eq_status run(trainer *t) {
    bool writes = t->o->folder != NULL && eq_comm_rank() == 0;
    eq_status entered = writes ? enter_folder(t) : EQ_OK;
    eq_status status = eq_comm_agree(entered);
    t->start = seconds_now() - t->now.seconds;
    while (status == EQ_OK && t->now.epoch < t->x->epochs) {
        status = epoch(t);
        if (status == EQ_OK && stopping(t) && t->now.epoch < t->x->epochs) {
            status = eq_comm_agree(save(t, true));
            if (status == EQ_OK) status = EQ_ERR_INTERRUPTED;
        }
    }
    if (status != EQ_OK && writes && entered == EQ_OK) leave_folder(t);
    return status;
}

eq_status eq_train(const eq_experiment *x, const eq_train_options *o, eq_metrics *last,
                   eq_train_summary *summary, eq_diag *diag) {
    trainer t = {.x = x, .o = o, .diag = diag};
    eq_status status = eq_comm_agree(check_options(&t));
    if (status == EQ_OK) status = eq_comm_agree(open_all(&t));
    if (status == EQ_OK) status = eq_comm_agree(run(&t));
    if (summary != NULL && t.s.engine != NULL && t.s.set.train != NULL)
        summarise(&t, status == EQ_OK, summary);
    if (last != NULL && t.now.rows > 0) *last = t.now.row[t.now.rows - 1];
    trainer_close(&t);
    return status;
}
