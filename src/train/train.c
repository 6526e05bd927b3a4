#include "train/train.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/comm.h"
#include "base/file.h"
#include "base/mem.h"
#include "train/folder.h"
#include "train/look.h"
#include "train/seed_folders.h"
#include "train/trainer.h"

/* A training that runs into a folder. */
typedef struct run {
    eq_trainer *t;
    const eq_experiment *x;
    const eq_train_options *o;
    bool stopped;         /* the user has asked one of the ranks to stop */
    eq_claim *claim;      /* of the folder, on rank 0 */
    double start;         /* s: when this process began, less what resumed parts took */
    eq_look look;         /* of begin() */
    double last_progress; /* s */
    double last_save;     /* s */
    double saving;        /* s that it took */
    double began;         /* s: when the first epoch of this process did */
    double evaluation;    /* s that the last evaluation took */
    uint64_t model_steps; /* those of the model.cir to go on with */
    eq_diag *diag;
} run;

eq_train_options eq_train_defaults(void) {
    return (eq_train_options){.threads = 1, .engine = EQ_ENGINE_AUTO, .save_every = 1.0};
}

/* The network that the run stands for, in the circuit while it is written. */
static eq_status write_model(run *r) {
    eq_trainer *t = r->t;
    if (t->s.c == NULL) return EQ_OK; /* the checkpoint has it */
    const eq_checkpoint *p = &t->now;
    eq_model_note note = {.run = p->run};
    eq_session_put(&t->s, eq_checkpoint_network(p, &note.steps));
    eq_status status =
        eq_folder_write_model(r->o->folder, t->s.c, &note,
                              p->best_epoch > 0 ? p->best_epoch : p->epoch, r->x->seed, r->diag);
    eq_session_put(&t->s, p->g);
    return status;
}

/* Everything that the folder holds; the checkpoint last,
 * so that it never runs ahead of the rest. */
static eq_status save(run *r, bool model) {
    const char *folder = r->o->folder;
    eq_checkpoint *p = &r->t->now;
    double before = eq_seconds_now();
    if (folder == NULL || eq_comm_rank() > 0) return EQ_OK;
    eq_trainer_collect(r->t);
    eq_status status = eq_folder_write_metrics(folder, p, r->o->watch_gradient, r->diag);
    if (status == EQ_OK) status = eq_doctor_write(r->t->doctor, folder, r->diag);
    if (status == EQ_OK && model) status = write_model(r);
    p->seconds = eq_seconds_now() - r->start;
    eq_cached *cached = r->t->cached;
    if (status == EQ_OK && cached != NULL)
        status = eq_cached_write(cached, folder, p->run, p->steps, r->diag);
    if (status == EQ_OK) status = eq_folder_write_checkpoint(folder, p, r->diag);
    if (status == EQ_OK && cached != NULL) status = eq_cached_tidy(cached, folder, r->diag);
    r->last_save = eq_seconds_now();
    r->saving = r->last_save - before;
    return status;
}

/* What devices keep is there in both, or in none. */
static bool same_arrays(const eq_checkpoint *a, const eq_checkpoint *b) {
    for (int k = 0; k < EQ_DEVICE_ARRAYS; k++)
        if ((a->device[k] == NULL) != (b->device[k] == NULL)) return false;
    return true;
}

static eq_status check_resumed(run *r, const eq_checkpoint *old, const char *path) {
    const eq_checkpoint *p = &r->t->now;
    if (old->run == 0)
        return eq_fail(r->diag, EQ_ERR_INPUT,
                       "the checkpoint '%s' was written by an older version, which did not note "
                       "circuit and data; resume with that version, or train anew with --force",
                       path);
    eq_status status = eq_fingerprint_check(&p->began, &old->began, r->x, path, r->diag);
    if (status == EQ_OK && (old->conductances != p->conductances || old->states != p->states ||
                            old->targets != p->targets || !same_arrays(old, p) ||
                            old->extras != p->extras || old->position > eq_trainer_count(r->t)))
        status = eq_fail(r->diag, EQ_ERR_INPUT,
                         "the checkpoint '%s' does not fit its own experiment; train anew "
                         "with --force",
                         path);
    if (status == EQ_OK) status = eq_folder_check(r->o->folder, old->run, &r->model_steps, r->diag);
    return status;
}

/* Takes the state of the checkpoint over. */
static void take_over(eq_trainer *t, eq_checkpoint *old) {
    eq_checkpoint kept = t->now, *p = &t->now;
    *p = *old;
    p->began = kept.began;
    p->encoder = kept.encoder;
    p->classes = kept.classes;
    p->class_name = kept.class_name;
    p->features = kept.features;
    p->feature_name = kept.feature_name;
    *old =
        (eq_checkpoint){.encoder = old->encoder,
                        .classes = old->classes,
                        .class_name = old->class_name,
                        .features = old->features,
                        .feature_name = old->feature_name,
                        .g = kept.g,
                        .square = kept.square,
                        .device = {kept.device[0], kept.device[1], kept.device[2], kept.device[3]},
                        .row = kept.row,
                        .extra = kept.extra};
    memcpy(old->state, kept.state, sizeof kept.state);
    eq_trainer_restore(t);
}

static eq_status resume(run *r) {
    eq_checkpoint old = {0};
    char *path = eq_path_join(r->o->folder, EQ_TRAIN_CHECKPOINT);
    if (path == NULL) return eq_out_of_memory(r->diag);
    eq_status status = eq_folder_resumes(r->o->folder, r->diag);
    if (status == EQ_OK) status = eq_checkpoint_read(path, &old, r->diag);
    if (status == EQ_OK) status = check_resumed(r, &old, path);
    if (status == EQ_OK) take_over(r->t, &old);
    if (status == EQ_OK && r->t->cached != NULL)
        status =
            eq_cached_read(r->t->cached, r->o->folder, r->t->now.run, r->t->now.steps, r->diag);
    if (status == EQ_OK)
        status = eq_doctor_resume(r->t->doctor, r->o->folder, (size_t)r->t->now.epoch, r->diag);
    eq_checkpoint_free(&old);
    eq_free(path);
    return status;
}

/* The folder becomes this training's, unless it holds a run that is not to be touched. */
static eq_status claim(run *r) {
    const char *held = NULL;
    if (r->claim != NULL) return EQ_OK;
    eq_status status = eq_seed_folders_refuse(r->o->folder, r->diag);
    if (status == EQ_OK) status = eq_folder_claim(r->o->folder, &r->claim, r->diag);
    if (status == EQ_OK && !r->o->resume && !r->o->force)
        status = eq_folder_holds(r->o->folder, &held, r->diag);
    if (status != EQ_OK || held == NULL) return status;
    return eq_folder_refuse(r->o->folder, held, r->diag);
}

/* What can be refused before anything is read. */
static eq_status check_options(run *r) {
    if (r->o->threads < 1)
        return eq_fail(r->diag, EQ_ERR_USAGE, "%d threads cannot work; give 1 or more",
                       r->o->threads);
    if (r->o->resume && r->o->force)
        return eq_fail(r->diag, EQ_ERR_USAGE,
                       "--resume goes on with the run that --force removes; give one of them");
    if (r->o->resume && r->o->folder == NULL)
        return eq_fail(r->diag, EQ_ERR_USAGE, "--resume needs the folder of the run; give -o DIR");
    bool there = r->o->folder != NULL && eq_is_folder(r->o->folder);
    return there && eq_comm_rank() == 0 ? claim(r) : EQ_OK;
}

static eq_status open_all(run *r) {
    eq_trainer_options o = eq_trainer_defaults();
    o.engine = r->o->engine;
    o.threads = r->o->threads;
    eq_status status = eq_trainer_new(r->x, &o, &r->t, r->diag);
    if (status == EQ_OK) status = eq_doctor_new(&r->t->s, &r->t->doctor, r->diag);
    if (status != EQ_OK) return status;
    r->t->now.run = eq_run_identity(&r->t->now.began, r->x);
    return r->o->resume ? resume(r) : EQ_OK;
}

/* Inside an epoch too the files are written when the last ones are old, but not in the first second, and so seldom that
 * writing takes no more than a fiftieth of the time. */
static bool is_due(const run *r) {
    double age = eq_seconds_now() - fmax(r->last_save, r->began);
    return r->o->folder != NULL && age >= fmax(fmax(1.0, r->o->save_every), 50.0 * r->saving);
}

/* Whether the user has asked any of the ranks to stop; *due: whether files are, as the first rank finds. */
static bool stopping(run *r, bool *due) {
    double asked[] = {r->o->stop != NULL && *r->o->stop ? 1.0 : 0.0,
                      eq_comm_rank() == 0 && is_due(r) ? 1.0 : 0.0};
    eq_comm_sum(asked, 2);
    r->stopped = r->stopped || asked[0] > 0.0;
    *due = asked[1] > 0.0;
    return r->stopped;
}

static double rate_of(const run *r) {
    return r->t->now.epoch_seconds > 0.0 ? (double)r->t->now.position / r->t->now.epoch_seconds
                                         : 0.0;
}

/* Tells the caller how far the epoch is, at most every 0.1 s. */
static void report(run *r, double now) {
    size_t count = eq_trainer_count(r->t), left = r->x->epochs - (size_t)r->t->now.epoch;
    size_t looked_at = r->t->s.set.test_count + r->t->s.set.validation_count;
    if (r->o->progress == NULL || now - r->last_progress < 0.1 || r->t->now.position == 0) return;
    r->last_progress = now;
    double done = (double)r->t->now.position, rate = rate_of(r);
    double evaluation =
        r->evaluation > 0.0 ? r->evaluation : (double)looked_at / (3.0 * fmax(rate, 1e-300));
    eq_figures f = eq_trainer_running(r->t, false);
    eq_progress p = {
        .epoch = (size_t)r->t->now.epoch + 1,
        .epochs = r->x->epochs,
        .done = (size_t)r->t->now.position,
        .examples = count,
        .examples_per_s = rate,
        .seconds_left =
            ((double)count * (double)left - done) / fmax(rate, 1e-300) + (double)left * evaluation,
        .train_loss = f.loss,
        .train_error = f.error,
        .train_rmse = f.rmse,
    };
    r->o->progress(r->o->data, &p);
}

/* The rest of an epoch from now.position on; EQ_ERR_INTERRUPTED when the user asks to stop. */
static eq_status run_epoch(run *r) {
    size_t count = eq_trainer_count(r->t);
    eq_status status = EQ_OK;
    while (status == EQ_OK && r->t->now.position < count) {
        status = eq_trainer_step(r->t, NULL, r->diag);
        report(r, eq_seconds_now());
        bool due = false;
        if (status == EQ_OK && stopping(r, &due)) status = EQ_ERR_INTERRUPTED;
        due = due && r->t->now.position < count;
        if (status == EQ_OK && due) status = eq_comm_agree(save(r, false));
    }
    return status;
}

/* Whether row a of metrics is better on the validation set than row b: fewer errors, and as many
 * with less loss; of targets the loss alone. */
static bool better(const eq_metrics *a, const eq_metrics *b) {
    if (a->validation_error < b->validation_error) return true;
    return !(a->validation_error > b->validation_error) && a->validation_loss < b->validation_loss;
}

/* Remembers the network if no epoch before was better. */
static eq_status keep_best(run *r) {
    const eq_checkpoint *p = &r->t->now;
    const eq_metrics *row = &p->row[p->rows - 1];
    if (r->t->s.set.validation_count == 0) return EQ_OK;
    if (p->best_epoch > 0 && !better(row, eq_checkpoint_best(p))) return EQ_OK;
    return eq_trainer_keep(r->t, row->epoch, r->diag);
}

/* So many epochs without a better one are over as end the training. */
static bool exhausted(const run *r) {
    const eq_checkpoint *p = &r->t->now;
    return r->x->patience > 0 && p->best_epoch > 0 && p->epoch - p->best_epoch >= r->x->patience;
}

static bool done(const run *r) {
    return r->t->now.epoch >= r->x->epochs || exhausted(r);
}

/* Appends the row of that epoch, with what its training examples gave. */
static eq_status measure(run *r, uint64_t number, eq_figures train) {
    const eq_data_set *d = &r->t->s.set;
    eq_checkpoint *p = &r->t->now;
    double cosine = NAN;
    eq_figures test, validation;
    if (r->o->watch_gradient) {
        eq_status watched = eq_trainer_watch(r->t, &cosine, r->diag);
        if (watched != EQ_OK) return watched;
    }
    double before = eq_seconds_now(), unlearned = NAN, steps = NAN;
    const eq_meta *m = r->t->meta;
    eq_status status =
        m != NULL ? eq_trainer_look_at_tasks(r->t, &test, &unlearned, &steps, r->diag)
                  : eq_trainer_look(r->t, d->test, d->test_index, d->test_count, &test, r->diag);
    if (status == EQ_OK)
        status = eq_trainer_look(r->t, d->train, d->validation_index, d->validation_count,
                                 &validation, r->diag);
    if (status != EQ_OK) return status;
    size_t cap = (size_t)p->rows;
    if (!eq_grow((void **)&p->row, &cap, (size_t)p->rows + 1, sizeof *p->row))
        return eq_out_of_memory(r->diag);
    double now = eq_seconds_now();
    r->evaluation = now - before;
    p->row[p->rows++] = (eq_metrics){
        .epoch = (size_t)number,
        .train_loss = train.loss,
        .train_error = train.error,
        .train_rmse = train.rmse,
        .train_r2 = train.r2,
        .validation_loss = validation.loss,
        .validation_error = validation.error,
        .validation_rmse = validation.rmse,
        .validation_r2 = validation.r2,
        .test_loss = test.loss,
        .test_error = test.error,
        .test_rmse = test.rmse,
        .test_r2 = test.r2,
        .examples_per_s = rate_of(r),
        .seconds = now - r->start,
        .gradient_cosine = cosine,
        .mode_hops = number > 0 ? r->t->now.hops : NAN,
        .train_before = m != NULL ? m->before / (double)(p->position * r->t->s.tasks.query) : NAN,
        .test_before = unlearned,
        .inner_steps = steps,
    };
    return keep_best(r);
}

/* An epoch is done. */
static void tell(const run *r, const eq_metrics *m) {
    size_t rows;
    const eq_diagnosis *row = eq_doctor_rows(r->t->doctor, &rows);
    if (r->o->epoch != NULL) r->o->epoch(r->o->data, m);
    if (r->o->diagnosis != NULL) r->o->diagnosis(r->o->data, m->epoch, row, rows);
}

/* Once: the column of metrics.csv has the others. */
static void warn_of_hops(run *r) {
    const eq_checkpoint *p = &r->t->now;
    double hops = p->row[p->rows - 1].mode_hops,
           phases = (double)(r->t->s.set.train_count * (size_t)r->x->estimator.kind->phases);
    for (uint64_t k = 0; k + 1 < p->rows; k++)
        if (p->row[k].mode_hops > 0.0) return;
    if (hops > 0.0)
        eq_warn_at(
            r->diag, (eq_place){0},
            "epoch %zu: %.0f of %.0f clamped phases hopped to another mode of the energy, below "
            "that "
            "of the free phase, so that the step does not go down to the target; a smaller eta or "
            "smaller weights keep the mode (mode_hops in " EQ_TRAIN_METRICS
            " has the other epochs)",
            p->row[p->rows - 1].epoch, hops, phases);
}

/* Whether next to nothing is left of the loss that the first epoch had. */
static bool has_learned(const run *r, double loss) {
    static const double little = 1e-5;
    const eq_checkpoint *p = &r->t->now;
    return loss == 0.0 || (p->rows > 0 && loss <= little * p->row[0].train_loss);
}

/* One whole epoch: training, evaluation, files. */
static eq_status epoch(run *r) {
    const eq_checkpoint *p = &r->t->now;
    eq_status status = run_epoch(r);
    if (status == EQ_ERR_INTERRUPTED) {
        eq_status saved = eq_comm_agree(save(r, true));
        return saved == EQ_OK ? status : saved;
    }
    eq_figures train = {.loss = NAN};
    if (status == EQ_OK) train = eq_trainer_running(r->t, true);
    if (status == EQ_OK)
        status = eq_doctor_end(r->t->doctor, (size_t)p->epoch + 1,
                               eq_schedule_factor(&r->x->schedule, (size_t)p->epoch, r->x->epochs),
                               has_learned(r, train.loss), r->diag);
    if (status == EQ_OK) status = measure(r, p->epoch + 1, train);
    if (status != EQ_OK) return status;
    warn_of_hops(r);
    eq_trainer_advance(r->t);
    bool last = done(r);
    if (last || eq_seconds_now() - r->last_save >= r->o->save_every) status = save(r, last);
    status = eq_comm_agree(status);
    if (status == EQ_OK) tell(r, &p->row[p->rows - 1]);
    return status;
}

/* Before the first epoch: what tasks come to without meta-learning. */
static eq_status look_at_tasks(run *r) {
    eq_status status = measure(r, 0, (eq_figures){NAN, NAN, NAN, NAN});
    if (status == EQ_OK && r->o->epoch != NULL)
        r->o->epoch(r->o->data, &r->t->now.row[r->t->now.rows - 1]);
    return status;
}

/* No epoch at all: the parameters as they begin, scored on all examples, are epoch 0. */
static eq_status look_only(run *r) {
    const eq_data_set *d = &r->t->s.set;
    eq_figures train;
    eq_status status =
        eq_trainer_look(r->t, d->train, d->train_index, d->train_count, &train, r->diag);
    if (status == EQ_OK) status = measure(r, 0, train);
    if (status == EQ_OK) status = save(r, true);
    status = eq_comm_agree(status);
    if (status == EQ_OK && r->o->epoch != NULL)
        r->o->epoch(r->o->data, &r->t->now.row[r->t->now.rows - 1]);
    return status;
}

static void summarise(const run *r, bool whole, eq_train_summary *out) {
    const eq_session *s = &r->t->s;
    eq_engine_info info = eq_network_about(s->model);
    if (whole) eq_comm_max(&info.worst_ratio, 1);
    if (whole) eq_comm_max(&info.last_step, 1);
    *out = (eq_train_summary){
        .engine = info.name,
        .inputs = eq_network_inputs(s->model),
        .outputs = eq_network_outputs(s->model),
        .parameters = eq_network_parameters(s->model),
        .train_examples = s->set.train_count,
        .test_examples = s->set.test_count,
        .validation_examples = s->set.validation_count,
        .classes = s->encoder.targets > 0 ? 0 : s->set.train->classes,
        .targets = s->encoder.targets,
        .stopped_early = exhausted(r),
        .iterations_per_solve = info.solves > 0.0 ? info.iterations / info.solves : 0.0,
        .free_iterations_per_solve =
            info.free_solves > 0.0 ? info.free_iterations / info.free_solves : 0.0,
        .worst_ratio = info.worst_ratio,
        .last_step = info.last_step,
        .shared_bytes = eq_comm_bytes(),
        .nodes = s->c == NULL ? eq_network_nodes(s->model) : eq_circuit_nodes(s->c) - 1,
        .elements = s->c == NULL ? 0 : eq_circuit_elements(s->c),
        .threads = r->o->threads,
        .batch = r->x->batch < s->set.train_count ? r->x->batch : s->set.train_count,
        .epochs = r->x->epochs,
        .epochs_done = (size_t)r->t->now.epoch,
        .estimator = r->x->estimator.kind->name,
        .nudging = eq_nudging_name(r->x->estimator.nudging),
        .beta = eq_estimator_strength(&r->x->estimator),
        .looked_at = r->look.examples,
        .gradient_error = r->look.error,
        .gradient_cosine = r->look.cosine,
        .image = {s->distortion.image.channels, s->distortion.image.height,
                  s->distortion.image.width},
        .train_tasks = s->tasks.train,
        .test_tasks = s->tasks.test,
    };
    const eq_checkpoint *p = &r->t->now;
    if (p->best_epoch > 0) out->best = *eq_checkpoint_best(p);
}

/* Looks at what is to be trained and tells the caller, before the first epoch. */
static eq_status begin(run *r) {
    eq_train_summary summary;
    if (r->o->begin == NULL) return EQ_OK;
    eq_status status = eq_look_at(&r->t->s, eq_doctor_warned(r->t->doctor), &r->look, r->diag);
    if (status != EQ_OK) return status;
    summarise(r, false, &summary);
    summary.free_iterations_per_solve = 0.0;
    summary.iterations_per_solve = summary.worst_ratio = summary.shared_bytes = summary.last_step =
        0.0;
    r->o->begin(r->o->data, &summary);
    return EQ_OK;
}

/* The old run goes, unless what this one reads lies among its files. */
static eq_status replace(const run *r) {
    const eq_circuit *c = r->t->s.c;
    const char *read[EQ_EXPERIMENT_FILES];
    size_t files = eq_experiment_files(r->x, read);
    eq_status status = eq_folder_spares(r->o->folder, r->x->path, r->diag);
    for (size_t k = 0; status == EQ_OK && k < files; k++)
        status = eq_folder_spares(r->o->folder, read[k], r->diag);
    for (int32_t k = 0; status == EQ_OK && c != NULL && k < c->files; k++)
        status = eq_folder_spares(r->o->folder, c->file[k], r->diag);
    return status == EQ_OK ? eq_folder_clear(r->o->folder, r->diag) : status;
}

/* The folder as a run begins: the experiment alone, or what the run to go on with has there. */
static eq_status enter_folder(run *r) {
    eq_status status = eq_folder_make(r->o->folder, r->diag);
    if (status == EQ_OK) status = claim(r);
    if (status == EQ_OK && r->o->force) status = replace(r);
    if (status == EQ_OK)
        status = eq_folder_write_experiment(r->o->folder, r->x, r->t->now.run,
                                            eq_data_checksum(&r->t->s.set), r->diag);
    return status;
}

/* A training that failed before it had saved anything leaves no run behind. */
static void leave_folder(run *r) {
    const char *first = NULL;
    eq_status status = eq_folder_holds(r->o->folder, &first, r->diag);
    if (status == EQ_OK && first != NULL && strcmp(first, EQ_TRAIN_EXPERIMENT) == 0)
        eq_folder_clear(r->o->folder, r->diag); /* `first` is the last to be looked for */
}

static eq_status run_all(run *r) {
    bool writes = r->o->folder != NULL && eq_comm_rank() == 0;
    eq_status entered = writes ? enter_folder(r) : EQ_OK;
    eq_status status = eq_comm_agree(entered);
    if (status == EQ_OK) status = eq_comm_agree(begin(r));
    r->start = eq_seconds_now() - r->t->now.seconds;
    uint64_t steps;
    eq_checkpoint *p = &r->t->now;
    eq_checkpoint_network(p, &steps);
    if (status == EQ_OK && r->x->epochs == 0 && p->rows == 0)
        status = look_only(r);
    else if (status == EQ_OK && done(r) && r->model_steps != steps)
        status = eq_comm_agree(save(r, true)); /* the run that left the checkpoint was killed */
    if (status == EQ_OK && r->t->meta != NULL && p->rows == 0) status = look_at_tasks(r);
    r->began = eq_seconds_now();
    while (status == EQ_OK && !done(r)) {
        bool due;
        status = epoch(r);
        if (status == EQ_OK && stopping(r, &due) && !done(r)) {
            status = eq_comm_agree(save(r, true));
            if (status == EQ_OK) status = EQ_ERR_INTERRUPTED;
        }
    }
    if (status != EQ_OK && writes && entered == EQ_OK) leave_folder(r);
    return status;
}

/* The network that the run stands for, which may be that of an epoch before the last, or that of the last. */
static eq_status show(run *r, bool best, eq_train_sight *see, void *data) {
    uint64_t steps;
    eq_checkpoint *p = &r->t->now;
    eq_trainer_collect(r->t);
    eq_session_put(&r->t->s, best ? eq_checkpoint_network(p, &steps) : p->g);
    eq_network_load(r->t->s.model);
    return see(data, &r->t->s, r->diag);
}

eq_status eq_train(const eq_experiment *x, const eq_train_options *asked, eq_metrics *last,
                   eq_train_summary *summary, eq_diag *diag) {
    return eq_train_then(x, asked, true, NULL, NULL, last, summary, diag);
}

/* Phases of counted steps end where they are: what still moves there is no state. */
static void warn_of_unsettled(const run *r) {
    static const double much = 0.1;
    double step = eq_network_about(r->t->s.model).last_step;
    if (step > much)
        eq_warn_at(
            r->diag, (eq_place){0},
            "free phases do not settle: the last of their counted steps still moves a unit by "
            "%.2g; begin with smaller weights (init), lower the rates, or give more "
            "free-steps",
            step);
}

/* The engine that was asked for, or else that of the run which is gone on with, whose copy of the experiment says it. */
static eq_status find_engine(const eq_experiment *x, const eq_train_options *o,
                             eq_engine_kind *kind, eq_diag *diag) {
    eq_experiment *copy = NULL;
    *kind = o->engine != EQ_ENGINE_AUTO ? o->engine : x->engine;
    if (!eq_experiment_has_circuit(x)) *kind = EQ_ENGINE_AUTO;
    if (!o->resume || o->folder == NULL || *kind != EQ_ENGINE_AUTO) return EQ_OK;
    char *path = eq_path_join(o->folder, EQ_TRAIN_EXPERIMENT);
    eq_status status =
        path == NULL ? EQ_ERR_MEMORY : eq_experiment_read(path, &copy, NULL); /* or there is none */
    if (status == EQ_OK) *kind = copy->engine;
    eq_experiment_free(copy);
    eq_free(path);
    return status == EQ_ERR_MEMORY ? eq_out_of_memory(diag) : EQ_OK;
}

eq_status eq_train_then(const eq_experiment *x, const eq_train_options *asked, bool best,
                        eq_train_sight *see, void *data, eq_metrics *last,
                        eq_train_summary *summary, eq_diag *diag) {
    eq_train_options o = asked == NULL ? eq_train_defaults() : *asked;
    eq_experiment held = *x; /* its copy in the folder names the engine that was asked for */
    run r = {.x = &held, .o = &o, .look = {.error = NAN, .cosine = NAN}, .diag = diag};
    eq_status status = eq_comm_agree(find_engine(x, &o, &held.engine, diag));
    if (status == EQ_OK) status = eq_comm_agree(check_options(&r));
    if (status == EQ_OK) status = eq_comm_agree(open_all(&r));
    if (status == EQ_OK) status = eq_comm_agree(run_all(&r));
    if (status == EQ_OK) warn_of_unsettled(&r);
    if (status == EQ_OK && see != NULL) status = show(&r, best, see, data);
    if (summary != NULL && r.t != NULL) summarise(&r, status == EQ_OK, summary);
    if (last != NULL && r.t != NULL && r.t->now.rows > 0) *last = r.t->now.row[r.t->now.rows - 1];
    eq_trainer_free(r.t);
    eq_folder_release(r.claim);
    return status;
}
