#define _POSIX_C_SOURCE 200809L /* nanosleep, strsignal */
#include "explore/explore.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/comm.h"
#include "base/file.h"
#include "base/mem.h"
#include "explore/copy.h"
#include "explore/search.h"
#include "explore/sqlite.h"
#include "explore/workers.h"
#include "train/folder.h"

/* A study that runs. */
typedef struct exploring {
    const eq_study *s;
    const eq_explore_options *o;
    eq_explored *out;
    uint64_t identity;
    eq_experiment_master *master; /* of all trainings */
    eq_claim *claim;              /* of the folder, on rank 0 */
    eq_study_rows *rows;          /* of this process */
    eq_search *search;
    size_t *todo;               /* [left] runs of the round without a row that are this process's */
    size_t left, all_left;      /* all_left: of all ranks and rounds, when this began */
    size_t had, had_failed;     /* rows that were there before the round */
    double start, told, synced; /* s */
    size_t synced_done;
    eq_diag *diag;
} exploring;

/* --- the folder --- */

static eq_status has(const char *folder, const char *name, bool *there, eq_diag *diag) {
    char *path = eq_path_join(folder, name);
    if (path == NULL) return eq_out_of_memory(diag);
    *there = access(path, F_OK) == 0;
    eq_free(path);
    return EQ_OK;
}

static eq_status remove_old(const char *folder, eq_diag *diag) {
    static const char *const name[] = {EQ_STUDY_TABLE, EQ_STUDY_SQLITE, EQ_STUDY_COPY,
                                       EQ_STUDY_PAGE};
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < sizeof name / sizeof *name; k++) {
        char *path = eq_path_join(folder, name[k]);
        if (path == NULL) return eq_out_of_memory(diag);
        if (access(path, F_OK) == 0 && unlink(path) != 0)
            status = eq_fail(diag, EQ_ERR_IO, "cannot remove '%s'; check the permissions", path);
        eq_free(path);
    }
    return status;
}

/* Those who trained for a study that kill -9 has ended die with it, and with them the lock, but not
 * at the same instant. */
static eq_status claim(exploring *e) {
    enum { TRIES = 20 };
    eq_status status = EQ_ERR_INPUT;
    for (int k = 0; status == EQ_ERR_INPUT && k < TRIES; k++) {
        eq_diag *said = k + 1 < TRIES ? eq_diag_new() : e->diag;
        if (said == NULL) return eq_out_of_memory(e->diag);
        if (k > 0) nanosleep(&(struct timespec){0, 50000000}, NULL);
        status = eq_folder_claim(e->o->folder, &e->claim, said);
        if (said == e->diag) break;
        if (status != EQ_OK && status != EQ_ERR_INPUT) eq_diag_pass_on(said, status, e->diag);
        eq_diag_free(said);
    }
    return status;
}

/* The copy is written with a new table, and has to be of the study that goes on with an old one. */
static eq_status enter_copy(const exploring *e, bool table) {
    bool there = false;
    eq_status status = has(e->o->folder, EQ_STUDY_COPY, &there, e->diag);
    if (status != EQ_OK) return status;
    if (there && table) return eq_study_copy_check(e->identity, e->o->folder, e->diag);
    return eq_study_copy_write(e->s, e->identity, e->out->seed, e->o->folder, e->diag);
}

/* The folder becomes this study's; a table that is there is gone on with, replaced or refused. */
static eq_status enter_folder(exploring *e) {
    const char *dir = e->o->folder;
    bool table = false;
    eq_status status = eq_folder_make(dir, e->diag);
    if (status == EQ_OK) status = claim(e);
    if (status == EQ_OK && e->o->force) status = remove_old(dir, e->diag);
    if (status == EQ_OK) status = has(dir, EQ_STUDY_TABLE, &table, e->diag);
    if (status == EQ_OK && table && !e->o->resume)
        status = eq_folder_refuse(dir, EQ_STUDY_TABLE, e->diag);
    if (status == EQ_OK) status = enter_copy(e, table);
    return status == EQ_OK ? eq_study_rows_open(e->s, dir, true, &e->rows, e->diag) : status;
}

/* --- the work --- */

/* Writes what came of run k of the study. */
static eq_status add(exploring *e, eq_study_rows *rows, size_t k, const double *value,
                     eq_status how, const eq_diag *said, eq_diag *diag) {
    const char *why = how == EQ_OK ? NULL : "memory ran out";
    for (size_t j = 0; how != EQ_OK && j < eq_diag_count(said); j++) {
        const eq_message *m = eq_diag_get(said, j);
        if (m->severity != EQ_ERROR) continue;
        why = m->text;
        break;
    }
    return eq_study_rows_add(rows, e->out->level, k, e->out->seed, value, why, diag);
}

/* eq_workers.work: job number `job` of the runs that are left. */
static eq_status work(void *data, void *own, size_t job, const volatile sig_atomic_t *stop,
                      bool *failed, eq_diag *diag) {
    exploring *e = data;
    size_t k = e->todo[job];
    double value[EQ_MOST_FIGURES];
    eq_diag *said = eq_diag_new();
    if (said == NULL) return eq_out_of_memory(diag);
    eq_status how =
        eq_run_train(e->s, e->master, e->out->level, k, e->o->folder, stop, value, said);
    eq_status status = how == EQ_ERR_INTERRUPTED ? how : add(e, own, k, value, how, said, diag);
    if (how == EQ_OK) eq_diag_pass_on(said, EQ_ERR_MEMORY, diag); /* a lost explanation */
    *failed = how != EQ_OK;
    eq_diag_free(said);
    return status;
}

/* Each process has the table open for itself: a lock belongs to what was opened. */
static eq_status enter(void *data, void **own, eq_diag *diag) {
    exploring *e = data;
    return eq_study_rows_open(e->s, e->o->folder, false, (eq_study_rows **)own, diag);
}

static void leave(void *data, void *own) {
    (void)data;
    eq_study_rows_close(own);
}

static eq_status lost(void *data, size_t job, int number, eq_diag *diag) {
    exploring *e = data;
    char why[128];
    snprintf(why, sizeof why, "its process was ended by signal %d (%s)", number, strsignal(number));
    return eq_study_rows_add(e->rows, e->out->level, e->todo[job], e->out->seed, NULL, why, diag);
}

/* Syncs new rows, at most ten times a second, and tells how far it is. */
static eq_status watch(void *data, size_t done, size_t failed, eq_diag *diag) {
    enum { RATE = 10 };
    exploring *e = data;
    double now = eq_seconds_now();
    if (done > e->synced_done && now - e->synced >= 1.0 / RATE) {
        eq_status status = eq_study_rows_sync(e->rows, diag);
        if (status != EQ_OK) return status;
        e->synced_done = done;
        e->synced = now;
    }
    if (e->o->progress == NULL || now - e->told < 1.0 / RATE) return EQ_OK;
    e->told = now;
    size_t runs = eq_study_runs(e->s), left = runs - e->had, gone = done * (size_t)eq_comm_size();
    left -= gone < left ? gone : left;
    double rate = (double)(e->all_left - left) / (now - e->start);
    const eq_explore_progress p = {e->had + done, e->had_failed + failed, runs,
                                   rate > 0.0 ? (double)left / rate : (double)INFINITY};
    e->o->progress(e->o->data, &p);
    return EQ_OK;
}

/* By this process alone. */
static eq_status work_alone(exploring *e) {
    size_t failures = 0;
    eq_status status = EQ_OK;
    for (size_t k = 0; status == EQ_OK && k < e->left; k++) {
        bool failed = false;
        status = e->o->stop != NULL && *e->o->stop
                     ? EQ_ERR_INTERRUPTED
                     : work(e, e->rows, k, e->o->stop, &failed, e->diag);
        failures += failed;
        if (status == EQ_OK) status = watch(e, k + 1, failures, e->diag);
    }
    return status;
}

/* The runs of the round without a row; with several ranks every size-th of them. */
static void choose(exploring *e, size_t round) {
    size_t from, to, number = 0;
    e->had = e->had_failed = e->left = e->synced_done = 0;
    for (size_t k = 0; k < e->out->all.runs; k++) {
        e->had += e->out->all.done[k];
        e->had_failed += e->out->all.failed[k];
    }
    if (round == eq_search_rounds(e->s)) return;
    eq_search_points(e->s, round, &from, &to);
    for (size_t k = from * e->s->repeats; k < to * e->s->repeats; k++)
        if (!e->out->all.done[k] && number++ % (size_t)eq_comm_size() == (size_t)eq_comm_rank())
            e->todo[e->left++] = k;
}

static eq_status run_share(exploring *e) {
    if (e->left == 0) return EQ_OK;
    if (e->o->jobs == 0 || eq_comm_size() > 1) {
        eq_comm_detach();
        eq_status status = work_alone(e);
        eq_comm_attach();
        return status;
    }
    const eq_workers w = {e->left, e->o->jobs, e->o->stop, enter, leave, work, lost, watch, e};
    return eq_workers_run(&w, e->diag);
}

/* Table and database in the order of the runs. */
static eq_status finish(exploring *e) {
    size_t round;
    eq_status status = eq_study_rows_sync(e->rows, e->diag);
    if (status == EQ_OK)
        status = eq_search_read(e->search, e->o->folder, true, e->out, &round, e->diag);
    if (status == EQ_OK)
        status = eq_sqlite_write(e->o->folder, EQ_STUDY_TABLE, EQ_STUDY_SQLITE, e->diag);
    return status;
}

/* One round after the other, from the given one on; each looks at the rows of those before. */
static eq_status run_rounds(exploring *e, size_t round) {
    size_t rounds = eq_search_rounds(e->s);
    eq_status status = EQ_OK;
    e->start = eq_seconds_now();
    while (status == EQ_OK && round < rounds) {
        status = eq_comm_agree(run_share(e));
        if (status != EQ_OK || rounds == 1) break;
        status = eq_search_read(e->search, e->o->folder, false, e->out, &round, e->diag);
        status = eq_comm_agree(status);
        if (status == EQ_OK) choose(e, round);
    }
    return status;
}

/* Draws and checks what the first round is of. */
static eq_status begin(exploring *e) {
    size_t round;
    eq_explored *out = e->out;
    eq_status status = eq_search_new(e->s, out, &e->search, e->diag);
    if (status == EQ_OK) status = eq_search_follow(e->search, out, &round, e->diag);
    if (status == EQ_OK) status = eq_experiment_master_read(e->s->experiment, &e->master, e->diag);
    if (status == EQ_OK) {
        eq_comm_detach();
        status = eq_study_check(e->s, e->master, out->level, &out->seed, &e->identity, e->diag);
        eq_comm_attach();
    }
    return status;
}

/* What the table holds already; *round: where to go on. */
static eq_status take_up(exploring *e, bool writes, size_t *round) {
    eq_status status = EQ_OK;
    if (!writes) status = eq_study_rows_open(e->s, e->o->folder, false, &e->rows, e->diag);
    if (status == EQ_OK)
        status = eq_search_read(e->search, e->o->folder, false, e->out, round, e->diag);
    if (status == EQ_OK && writes && e->o->resume) /* it may have got more points */
        status = eq_study_copy_write(e->s, e->identity, e->out->seed, e->o->folder, e->diag);
    e->todo = eq_malloc(eq_study_runs(e->s), sizeof *e->todo);
    if (status == EQ_OK && e->todo == NULL) status = eq_out_of_memory(e->diag);
    if (status != EQ_OK) return status;
    choose(e, *round);
    e->all_left = eq_study_runs(e->s) - e->had;
    return EQ_OK;
}

static eq_status run_all(exploring *e) {
    bool writes = eq_comm_rank() == 0;
    size_t round = 0;
    eq_status status = eq_comm_agree(begin(e));
    if (status == EQ_OK && writes) status = enter_folder(e);
    status = eq_comm_agree(status);
    if (status == EQ_OK) status = take_up(e, writes, &round);
    status = eq_comm_agree(status);
    if (status == EQ_OK && e->o->begin != NULL) e->o->begin(e->o->data, e->had);
    if (status != EQ_OK) return status;
    status = run_rounds(e, round);
    if (writes && (status == EQ_OK || status == EQ_ERR_INTERRUPTED)) {
        eq_status finished = finish(e);
        status = status == EQ_OK ? finished : status;
    }
    return status;
}

eq_status eq_explore(const eq_study *s, const eq_explore_options *o, eq_explored *out,
                     eq_diag *diag) {
    exploring e = {.s = s, .o = o, .out = out, .diag = diag};
    *out = (eq_explored){0};
    eq_status status = EQ_OK;
    if (o->resume && o->force)
        status = eq_fail(diag, EQ_ERR_USAGE,
                         "--resume goes on with the table that --force removes; give one of them");
    if (status == EQ_OK) status = run_all(&e);
    eq_study_rows_close(e.rows);
    eq_search_free(e.search);
    eq_experiment_master_free(e.master);
    eq_folder_release(e.claim);
    eq_free(e.todo);
    if (status != EQ_OK && status != EQ_ERR_INTERRUPTED) eq_explored_free(out);
    return status;
}
