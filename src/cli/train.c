#define _DEFAULT_SOURCE /* TIOCGWINSZ */
#include "train/train.h"

#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/carry.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/seeds.h"
#include "report/plot.h"
#include "train/estimator.h"

/* Set by a signal; the trainer looks at it after every minibatch. */
static volatile sig_atomic_t stop;

/* The error rate of classes, the root mean square error of targets. */
static const char *figure(char text[64], double error, double rmse) {
    if (isnan(error))
        snprintf(text, 64, "RMSE %.4g", rmse);
    else
        snprintf(text, 64, "error %5.2f %%", 100.0 * error);
    return text;
}

/* What the callbacks need. Long trainings print about LINES epochs; metrics.csv has them all. */
typedef struct screen {
    bool terminal; /* standard error is one */
    bool verbose;
    int width; /* columns of the terminal; 80 where there is none */
    size_t epochs;
    const char *title, *folder;
    const eq_experiment *x;
    eq_diag *diag;    /* warnings are printed as they come */
    double unlearned; /* loss of held-out tasks without meta-learning; NAN: not seen */
} screen;

enum { LINES = 25, COLUMNS = 80, BAR = 28 };

/* The columns of the terminal behind standard error. */
static int columns(void) {
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : COLUMNS;
}

/* epoch 3/10 [=========>        ] 12345 examples/s  error 4.52 %  1:05 left, redrawn in place and
 * cut where the terminal ends: a longer line would wrap and stay. */
static void draw_bar(void *data, const eq_progress *p) {
    const screen *s = data;
    int filled = (int)(BAR * (double)p->done / (double)(p->examples == 0 ? 1 : p->examples));
    char bar[BAR + 1], line[256];
    for (int k = 0; k < BAR; k++) bar[k] = k < filled ? '=' : k == filled ? '>' : ' ';
    bar[BAR] = '\0';
    int left = p->seconds_left < 1e6 ? (int)(p->seconds_left + 0.5) : 0;
    char how[64];
    snprintf(line, sizeof line, "epoch %zu/%zu [%s] %.0f/s  %s  %d:%02d left", p->epoch, p->epochs,
             bar, p->examples_per_s, figure(how, p->train_error, p->train_rmse), left / 60,
             left % 60);
    fprintf(stderr, "\r\033[K%.*s", s->width - 1, line);
    fflush(stderr);
}

/* "label        text", the text going on below itself where the line is full. */
static void print_item(const screen *s, const char *label, const char *text) {
    enum { LABEL = 11 };
    int at = printf("%-*s", LABEL, label), room = s->width < COLUMNS ? s->width : COLUMNS;
    while (*text != '\0') {
        int n = (int)strcspn(text, " ");
        if (at > LABEL && at + 1 + n > room) at = printf("\n%*s", LABEL, "") - 1;
        at += printf("%s%.*s", at > LABEL ? " " : "", n, text);
        text += n + (text[n] == ' ');
    }
    putchar('\n');
}

/* By which rule, and how far its gradient is from the exact one, of which adjoint, rbp and bptt are ways. */
static void print_gradient(const screen *s, const eq_train_summary *t) {
    char text[256];
    int n = snprintf(text, sizeof text, "%s", t->estimator);
    bool phases = eq_estimator_find(t->estimator)->phases > 0,
         clamps = strcmp(t->nudging, "clamp") == 0;
    if (phases)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      clamps ? ", clamps at eta %g" : " at beta %g", t->beta);
    if (phases && isnan(t->gradient_error))
        snprintf(text + n, sizeof text - (size_t)n, ": no gradient to compare with");
    else if (phases && isinf(t->gradient_error))
        snprintf(text + n, sizeof text - (size_t)n, ": a phase finds no state");
    else if (phases && clamps)
        snprintf(text + n, sizeof text - (size_t)n,
                 ": cosine %s to the exact gradient on %zu example%s",
                 eq_show('f', 6, t->gradient_cosine).text, t->looked_at, eq_plural(t->looked_at));
    else if (phases)
        snprintf(text + n, sizeof text - (size_t)n,
                 ": off by %.2g of the exact gradient on %zu example%s, cosine %s",
                 t->gradient_error, t->looked_at, eq_plural(t->looked_at),
                 eq_show('f', 6, t->gradient_cosine).text);
    print_item(s, "gradient", text);
}

/* How the examples are distorted. */
static void print_augmentation(const screen *s, const eq_train_summary *t) {
    const eq_augmentation *o = &s->x->augmentation;
    const struct {
        const char *name;
        double value;
    } all[] = {
        {"shift", (double)o->shift}, {"turn", o->turn}, {"zoom", o->zoom}, {"noise", o->noise}};
    char text[256] = "";
    int n = 0;
    if (!eq_augmentation_is(o) || t->train_tasks > 0) return;
    if (eq_augmentation_is_of_images(o))
        n = snprintf(text, sizeof text,
                     "images of %zu x %zu pixels in %zu channel%s: ", t->image[1], t->image[2],
                     t->image[0], eq_plural(t->image[0]));
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if (all[k].value != 0.0)
            n += snprintf(text + n, sizeof text - (size_t)n, "%s %g, ", all[k].name, all[k].value);
    if (o->mirror) n += snprintf(text + n, sizeof text - (size_t)n, "mirror, ");
    text[n - 2] = '\0';
    print_item(s, "distorted", text);
}

/* What is trained, on what, how and where; before it what is wrong with it. */
static void print_begin(void *data, const eq_train_summary *t) {
    screen *s = data;
    char text[512];
    eq_print_diag(s->diag);
    if (s->title != NULL) print_item(s, "circuit", s->title);
    int at = t->elements == 0
                 ? snprintf(text, sizeof text, "%zu unit%s", t->nodes, eq_plural(t->nodes))
                 : snprintf(text, sizeof text, "%zu nodes, %zu element%s", t->nodes, t->elements,
                            eq_plural(t->elements));
    snprintf(text + at, sizeof text - (size_t)at, ", %zu input%s, %zu output%s, %zu parameter%s",
             t->inputs, eq_plural(t->inputs), t->outputs, eq_plural(t->outputs), t->parameters,
             eq_plural(t->parameters));
    print_item(s, t->elements == 0 ? "network" : s->title == NULL ? "circuit" : "", text);
    int n = snprintf(text, sizeof text, "%zu to train with, ", t->train_examples);
    if (t->validation_examples > 0)
        n += snprintf(text + n, sizeof text - (size_t)n, "%zu to choose by, ",
                      t->validation_examples);
    n += snprintf(text + n, sizeof text - (size_t)n, "%zu held out, %zu %s", t->test_examples,
                  t->targets > 0 ? t->targets : t->classes,
                  t->targets == 1  ? "target"
                  : t->targets > 0 ? "targets"
                                   : "classes");
    if (t->train_tasks == 0)
        snprintf(text + n, sizeof text - (size_t)n, "; minibatches of %zu", t->batch);
    print_item(s, "examples", text);
    snprintf(text, sizeof text, "%zu to learn from, %zu held out; %zu a step", t->train_tasks,
             t->test_tasks, t->batch);
    if (t->train_tasks > 0) print_item(s, "tasks", text);
    print_augmentation(s, t);
    snprintf(text, sizeof text, "%s, %d thread%s, %d process%s", t->engine, t->threads,
             t->threads == 1 ? "" : "s", eq_comm_size(), eq_comm_size() == 1 ? "" : "es");
    print_item(s, "engine", text);
    print_gradient(s, t);
    snprintf(text, sizeof text, t->epochs_done > 0 ? "%zu, from %zu on" : "%zu", t->epochs,
             t->epochs_done);
    print_item(s, "epochs", text);
    print_item(s, "folder", s->folder);
    fflush(stdout);
}

static bool shown(const screen *s, size_t epoch) {
    size_t every = (s->epochs + LINES - 1) / LINES;
    return epoch <= 1 || epoch % every == 0 || epoch == s->epochs;
}

/* The same in the lines of the epochs. */
static const char *column(char text[64], double error, double rmse) {
    if (isnan(error))
        snprintf(text, 64, "RMSE %.4g", rmse);
    else
        snprintf(text, 64, "%6.2f %%", 100.0 * error);
    return text;
}

/* The errors behind the losses, in at most 80 columns: metrics.csv has the rest. */
static void print_row(const screen *s, const eq_metrics *m) {
    if (s->terminal) fputs("\r\033[K", stderr);
    enum { TEST, LOSS, VALIDATION, TRAIN, SECONDS, FIELDS };
    static const int left_out[] = {SECONDS, TRAIN,
                                   VALIDATION}; /* in turn, where there is no room */
    char field[FIELDS][96] = {{0}}, error[64];
    bool both = !isnan(m->validation_loss);
    if (isnan(m->train_loss)) { /* before the first epoch, of tasks */
        snprintf(field[LOSS], sizeof *field, "epoch %3zu ", m->epoch);
    } else {
        snprintf(field[LOSS], sizeof *field, "epoch %3zu  train loss %-9.4g", m->epoch,
                 m->train_loss);
        snprintf(field[TRAIN], sizeof *field, " %s", column(error, m->train_error, m->train_rmse));
    }
    if (both)
        snprintf(field[VALIDATION], sizeof *field, "  validation %s",
                 column(error, m->validation_error, m->validation_rmse));
    if (!isnan(m->test_loss) && both)
        snprintf(field[TEST], sizeof *field, "  test %s",
                 column(error, m->test_error, m->test_rmse));
    else if (!isnan(m->test_loss))
        snprintf(field[TEST], sizeof *field, "  test loss %-9.4g %s", m->test_loss,
                 column(error, m->test_error, m->test_rmse));
    snprintf(field[SECONDS], sizeof *field, "  %.1f s", m->seconds);
    size_t room = (size_t)(s->terminal && s->width < COLUMNS ? s->width : COLUMNS), all = 0;
    for (int k = 0; k < FIELDS; k++) all += strlen(field[k]);
    for (int k = 0; k < 3 && all > room; k++) {
        all -= strlen(field[left_out[k]]);
        field[left_out[k]][0] = '\0';
    }
    printf("%s%s%s%s%s\n", field[LOSS], field[TRAIN], field[VALIDATION], field[TEST],
           field[SECONDS]);
    fflush(stdout);
}

static void print_epoch(void *data, const eq_metrics *m) {
    screen *s = data;
    if (m->epoch == 0) s->unlearned = m->test_loss;
    if (shown(s, m->epoch)) print_row(s, m);
}

/* A field of the diagnosis: "-" where there is none. */
static void print_field(const char *format, double value, double unit, int width) {
    if (isnan(value))
        printf(" %*s", width, "-");
    else
        printf(format, unit * value);
}

/* Of the last epoch, of every one shown with --verbose; diagnosis.csv has them all. */
static void print_diagnosis(void *data, size_t epoch, const eq_diagnosis *row, size_t rows) {
    const screen *s = data;
    if (s->terminal) fputs("\r\033[K", stderr);
    if (eq_comm_prints()) eq_print_diag(s->diag);
    if (epoch != s->epochs && !(s->verbose && shown(s, epoch))) return;
    const char *part = "";
    bool devices = false;
    for (size_t k = 0; k < rows; k++) devices = devices || !isnan(row[k].stuck);
    for (size_t k = 0; k < rows; k++) {
        const eq_diagnosis *r = &row[k];
        bool group = strcmp(r->part, "group") == 0;
        if (strcmp(part, r->part) != 0 && group)
            printf("%-16s %9s %9s %12s %8s %9s%s\n", "group", "at min", "at max", "gradient", "snr",
                   "moved", devices ? "     stuck    pulses" : "");
        if (strcmp(part, r->part) != 0 && !group)
            printf("%-16s %9s %9s %12s\n", "layer", "mean |v|", "to before", "saturated");
        part = r->part;
        eq_carry_field(r->name, 16, SIZE_MAX, true, stdout);
        if (group) {
            printf(" %7.2f %% %7.2f %%", 100.0 * r->at_min, 100.0 * r->at_max);
            print_field(" %12.4g", r->gradient, 1.0, 12);
            print_field(" %8.3g", r->snr, 1.0, 8);
            print_field(" %9.2g", r->moved, 1.0, 9);
            if (devices) print_field(" %7.2f %%", r->stuck, 100.0, 9);
            if (devices) print_field(" %9.4g", r->pulses, 1.0, 9);
        } else {
            print_field(" %9.4g", r->v, 1.0, 9);
            print_field(" %9.3g", r->ratio, 1.0, 9);
            print_field(" %10.2f %%", r->saturated, 100.0, 12);
        }
        putchar('\n');
    }
    fflush(stdout);
}

/* runs/NAME, the folder of an experiment that names none. */
static char *default_folder(const eq_experiment *x, eq_diag *diag) {
    if (eq_comm_rank() == 0 && eq_folder_make("runs", diag) != EQ_OK) return NULL;
    char *folder = eq_path_join("runs", x->name);
    if (folder == NULL) eq_out_of_memory(diag);
    return folder;
}

static void print_tasks(const eq_metrics *m, const eq_train_summary *s, double unlearned) {
    char how[64];
    printf("%zu held-out task%s: loss %.4g before they are learned, %.4g behind that (%s)\n",
           s->test_tasks, eq_plural(s->test_tasks), m->test_before, m->test_loss,
           figure(how, m->test_error, m->test_rmse));
    if (m->epoch > 0 && !isnan(unlearned))
        printf("%*s from where the first epoch began: %.4g\n", 22, "", unlearned);
}

static void print_end(const eq_metrics *m, const eq_train_summary *s, double unlearned,
                      const char *folder) {
    char how[64], apart[64] = "";
    bool circuit = s->elements > 0;
    if (s->free_iterations_per_solve > 0.0)
        snprintf(apart, sizeof apart, " (%.2f a free one)", s->free_iterations_per_solve);
    printf("%zu %s%s trained by the %s engine, %.2f iterations a solve%s,\n", s->parameters,
           circuit ? "conductance" : "parameter", eq_plural(s->parameters), s->engine,
           s->iterations_per_solve, apart);
    if (s->last_step > 0.0)
        printf("the last of the counted steps of a free phase moved a unit by at most %.2g\n",
               s->last_step);
    else
        printf("%s at most %.2g of its bound\n", circuit ? "KCL residual" : "residual",
               s->worst_ratio);
    if (eq_comm_size() > 1)
        printf("%d processes, each told the others %.4g MB\n", eq_comm_size(),
               1e-6 * s->shared_bytes);
    if (s->stopped_early)
        printf("stopped after epoch %zu: no better one on the validation set since epoch %zu\n",
               m->epoch, s->best.epoch);
    if (s->best.epoch > 0) {
        printf("epoch %zu, the best on %zu validation example%s (%s), is kept\n", s->best.epoch,
               s->validation_examples, eq_plural(s->validation_examples),
               figure(how, s->best.validation_error, s->best.validation_rmse));
        m = &s->best;
    }
    if (s->train_tasks > 0 && s->test_tasks > 0)
        print_tasks(m, s, unlearned);
    else if (!isnan(m->test_error))
        printf("accuracy on %zu held-out example%s: %.2f %%\n", s->test_examples,
               eq_plural(s->test_examples), 100.0 * (1.0 - m->test_error));
    else if (!isnan(m->test_rmse))
        printf("%zu held-out example%s: RMSE %.5g, R^2 %s\n", s->test_examples,
               eq_plural(s->test_examples), m->test_rmse, eq_show('f', 5, m->test_r2).text);
    static const char all[] = EQ_TRAIN_MODEL ", " EQ_TRAIN_METRICS ", " EQ_TRAIN_DIAGNOSIS
                                             ", " EQ_TRAIN_CHECKPOINT " and " EQ_TRAIN_CURVES;
    const char *files = circuit ? all : all + sizeof EQ_TRAIN_MODEL ", " - 1;
    bool fits = strlen("wrote /") + strlen(folder) + strlen(files) <= COLUMNS;
    printf(fits ? "wrote %s/%s\n" : "wrote into %s\n%s\n", folder, files);
}

/* Into options->folder, which is there. */
static eq_status train_one(const eq_experiment *x, eq_train_options o, bool verbose,
                           eq_diag *diag) {
    screen s = {isatty(STDERR_FILENO) == 1 && eq_comm_rank() == 0,
                verbose,
                columns(),
                x->epochs,
                x->deck,
                o.folder,
                x,
                diag,
                NAN};
    eq_metrics last = {0};
    eq_train_summary summary = {0};
    o.begin = print_begin;
    o.progress = s.terminal ? draw_bar : NULL;
    o.epoch = print_epoch;
    o.diagnosis = print_diagnosis;
    o.data = &s;
    eq_status status = eq_train(x, &o, &last, &summary, diag);
    if (status == EQ_OK)
        eq_interrupt_set_flag(NULL); /* mpirun repeats the signal that stopped it */
    if (s.terminal) fputs("\r\033[K", stderr);
    if (status == EQ_OK && eq_comm_rank() == 0) status = eq_plot_curves(o.folder, diag);
    if (status == EQ_OK && summary.stopped_early && !shown(&s, last.epoch)) print_row(&s, &last);
    if (status == EQ_OK) print_end(&last, &summary, s.unlearned, o.folder);
    if (status == EQ_ERR_INTERRUPTED && eq_comm_rank() == 0)
        printf("stopped; to go on, give the same command with --resume; the run is in %s\n",
               o.folder);
    return status;
}

/* seeds NULL: with the one seed of the experiment. */
static eq_status train(const eq_experiment *x, const eq_train_options *asked, const char *seeds,
                       bool verbose, eq_diag *diag) {
    char *folder = NULL;
    eq_train_options o = *asked;
    eq_status status = EQ_OK;
    o.stop = &stop;
    eq_interrupt_set_flag(&stop);
    if (o.folder == NULL) {
        o.folder = folder = default_folder(x, diag);
        status = eq_comm_agree(folder == NULL ? EQ_ERR_IO : EQ_OK);
    }
    if (status == EQ_OK)
        status =
            seeds == NULL ? train_one(x, o, verbose, diag) : eq_train_seeds(x, &o, seeds, diag);
    eq_free(folder);
    return status;
}

static eq_status engine_of(const char *name, eq_engine_kind *kind, eq_diag *diag) {
    if (eq_engine_kind_find(name, kind)) return EQ_OK;
    return eq_fail(diag, EQ_ERR_USAGE, "there is no engine '%s'; use auto, layered or sparse",
                   name);
}

/* Whether --set NAME=... is among them. */
static bool sets(const eq_list *set, const char *name) {
    size_t n = strlen(name);
    bool found = false;
    for (size_t k = 0; k < set->count; k++)
        found |= strncmp(set->item[k], name, n) == 0 && set->item[k][n] == '=';
    return found;
}

/* An option and --set of the same thing would drop one of them in silence. */
static eq_status check_twice(const eq_list *set, bool seed, bool seeds, bool epochs, bool engine,
                             eq_diag *diag) {
    const struct {
        const char *option, *name;
        bool given;
    } twice[] = {{"--seed", "seed", seed},
                 {"--seeds", "seed", seeds},
                 {"--epochs", "epochs.count", epochs},
                 {"--engine", "circuit.engine", engine},
                 {"--engine", "architecture.engine", engine}};
    for (size_t k = 0; k < sizeof twice / sizeof *twice; k++)
        if (twice[k].given && sets(set, twice[k].name))
            return eq_fail(diag, EQ_ERR_USAGE, "%s and --set %s=... both say it; give one of them",
                           twice[k].option, twice[k].name);
    return EQ_OK;
}

static int run(const eq_command *command, int argc, char **argv) {
    eq_train_options o = eq_train_defaults();
    const char *engine = NULL, *seeds = NULL;
    int epochs = -1, seed = -1, threads = -1;
    eq_list set = {.count = 0};
    bool verbose = false;
    const eq_option table[] = {
        {"output", 'o', EQ_OPTION_TEXT, &o.folder, "DIR", "write here instead of runs/NAME"},
        {"resume", 0, EQ_OPTION_FLAG, &o.resume, NULL, "go on from DIR/checkpoint"},
        {"force", 0, EQ_OPTION_FLAG, &o.force, NULL, "remove the run that DIR holds, begin anew"},
        {"epochs", 0, EQ_OPTION_INT, &epochs, "N", "train N epochs in all; 0: evaluate only"},
        {"threads", 0, EQ_OPTION_INT, &threads, "N",
         "use N threads (1; with --seeds all processors)"},
        {"seed", 0, EQ_OPTION_INT, &seed, "N",
         "seed of the initial conductances and the shuffling"},
        {"seeds", 0, EQ_OPTION_TEXT, &seeds, "A..B",
         "train with each of these seeds (1..5 or 1,4,9) into DIR/seed-K"},
        {"save-every", 0, EQ_OPTION_NUMBER, &o.save_every, "S",
         "write the files after an epoch, or in a long one, when the last are S seconds old (1)"},
        {"watch-gradient", 0, EQ_OPTION_FLAG, &o.watch_gradient, NULL,
         "cosine with the exact gradient each epoch, in metrics.csv"},
        {"engine", 0, EQ_OPTION_TEXT, &engine, "KIND", "auto, layered or sparse"},
        EQ_SET_OPTION(&set),
        {"verbose", 'v', EQ_OPTION_FLAG, &verbose, NULL,
         "print how groups and layers fare after every epoch shown"},
    };
    int exit_status;
    const char *path =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (path == NULL) return exit_status;
    eq_diag *diag = eq_diag_new();
    eq_experiment *x = NULL;
    eq_status status = engine == NULL ? EQ_OK : engine_of(engine, &o.engine, diag);
    o.threads = threads >= 0 ? threads : seeds == NULL ? 1 : eq_processors();
    if (status == EQ_OK && seeds != NULL && seed >= 0)
        status = eq_fail(diag, EQ_ERR_USAGE, "--seed and --seeds are both given; give one of them");
    if (status == EQ_OK && o.threads < 1)
        status = eq_fail(diag, EQ_ERR_USAGE, "%d threads cannot work; give at least 1", o.threads);
    if (status == EQ_OK && !(o.save_every >= 0.0))
        status = eq_fail(diag, EQ_ERR_USAGE, "files cannot be written every %g s; give 0 or more",
                         o.save_every);
    if (status == EQ_OK)
        status = check_twice(&set, seed >= 0, seeds != NULL, epochs >= 0, engine != NULL, diag);
    eq_settings settings = eq_settings_of(&set);
    if (status == EQ_OK) status = eq_experiment_read_with(path, &settings, &x, diag);
    status = eq_comm_agree(status); /* before anything is printed: it says who speaks */
    eq_print_diag(diag);
    if (status == EQ_OK && epochs >= 0) x->epochs = (size_t)epochs;
    if (status == EQ_OK && seed >= 0) x->seed = (uint64_t)seed;
    if (status == EQ_OK) status = train(x, &o, seeds, verbose, diag);
    eq_experiment_free(x);
    return eq_finish(diag, status);
}

const eq_command eq_command_train = {"train", "EXPERIMENT.xml",
                                     "train a network by Equilibrium Propagation", true, run};
