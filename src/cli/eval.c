#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/carry.h"
#include "cli/commands.h"
#include "cli/eval.h"

enum {
    COLUMNS = 80,
    WIDTH = 6
}; /* of a line; of a column of counts, more where the name is longer */

/* How wide the column of predictions as class k is. */
static size_t width_of(const eq_evaluation *e, size_t k) {
    size_t width = eq_carry_width(e->class_name[k]);
    return 1 + (width > WIDTH ? width : WIDTH);
}

/* The columns from `first` to before `last`. */
static void print_block(const eq_evaluation *e, size_t first, size_t last, size_t names) {
    printf("%-*s", (int)names, "");
    for (size_t k = first; k < last; k++) {
        putchar(' ');
        eq_carry_field(e->class_name[k], WIDTH, SIZE_MAX, false, stdout);
    }
    for (size_t i = 0; i < e->classes; i++) {
        putchar('\n');
        eq_print_name(e->class_name[i], names);
        for (size_t k = first; k < last; k++)
            printf("%*zu", (int)width_of(e, k), e->confusion[i * e->classes + k]);
    }
    putchar('\n');
}

/* In blocks of as many columns as 80 characters hold, at least one. */
static void print_confusion(const eq_evaluation *e) {
    size_t names = 0;
    for (size_t k = 0; k < e->classes; k++) {
        size_t width = eq_carry_width(e->class_name[k]);
        names = width > names ? width : names;
    }
    if (names > eq_names_width(e)) names = eq_names_width(e);
    printf("\nrows: true class, columns: prediction\n");
    for (size_t first = 0, last; first < e->classes; first = last) {
        size_t all = names + width_of(e, first);
        for (last = first + 1; last < e->classes && all + width_of(e, last) <= COLUMNS; last++)
            all += width_of(e, last);
        if (first > 0) putchar('\n');
        print_block(e, first, last, names);
    }
}

static void print_targets(const eq_evaluation *e) {
    size_t width = eq_names_width(e) < 38 ? eq_names_width(e) : 38;
    printf("\n%-*s %12s %12s %12s\n", (int)width, "target", "RMSE", "mean |error|", "R^2");
    for (size_t k = 0; k < e->classes; k++) {
        const eq_target_figures *f = &e->target[k];
        eq_print_name(e->class_name[k], width);
        printf(" %12.5g %12.5g %12s\n", f->rmse, f->mae, eq_show('f', 5, f->r2).text);
    }
}

/* Which network it is that was evaluated, where there were several to choose from. */
static void print_choice(const eq_metrics *row, size_t epochs) {
    printf("the network of epoch %zu, the best of %zu on the validation set (", row->epoch, epochs);
    if (isnan(row->validation_error))
        printf("RMSE %.5g)\n", row->validation_rmse);
    else
        printf("error %.2f %%)\n", 100.0 * row->validation_error);
}

static void print_evaluation(const eq_evaluation *e) {
    printf("examples %zu  loss %.6g  ", e->examples, e->loss);
    if (e->target != NULL) {
        printf("RMSE %.6g  R^2 %s\n", e->rmse, eq_show('f', 5, e->r2).text);
        print_targets(e);
        return;
    }
    printf("wrong %zu  error %.4f  accuracy %.2f %%\n", e->wrong, e->error,
           100.0 * (1.0 - e->error));
    print_confusion(e);
    eq_print_classes(e);
}

/* What the command line asks for. */
typedef struct request {
    eq_trained_options open;
    eq_infer_options infer;
    const char *predictions; /* FILE */
    int draws;
    bool json;
    const char *gradient, *eps; /* FILE; E,E,.. */
    int attack_steps;
    eq_attack_options attack;
} request;

/* What an evaluation does not do, whatever --set says. */
static const struct {
    const char *start, *why;
} not_here[] = {
    {"estimator.", "nothing is nudged"},     {"optimizer.", "nothing is trained"},
    {"schedule.", "nothing is trained"},     {"minibatch.", "nothing is trained"},
    {"augmentation.", "nothing is trained"}, {"regularizer.", "nothing is trained"},
    {"epochs.", "nothing is trained"},
};

static void warn_of_settings(const eq_settings *set, bool nudges, eq_diag *diag) {
    for (size_t k = 0; k < set->count; k++)
        for (size_t j = 0; j < sizeof not_here / sizeof *not_here; j++) {
            const char *item = set->item[k], *why = not_here[j].why;
            if (strncmp(item, not_here[j].start, strlen(not_here[j].start)) != 0) continue;
            if (nudges && strncmp(item, "estimator.", 10) == 0) continue;
            eq_warn_at(diag, (eq_place){0}, "--set %s has no effect in an evaluation: %s", item,
                       why);
        }
}

/* "0.05,0.1" */
static eq_status read_attack(request *r, eq_diag *diag) {
    eq_attack_options *o = &r->attack;
    o->gradient = r->gradient != NULL;
    o->steps = (size_t)r->attack_steps;
    if (r->eps == NULL && r->attack_steps != 1)
        return eq_fail(diag, EQ_ERR_USAGE, "--attack-steps are those of --attack; give it as well");
    if (r->eps != NULL && r->attack_steps < 1)
        return eq_fail(diag, EQ_ERR_USAGE, "--attack-steps 0 moves nothing; give 1 or more");
    for (const char *at = r->eps; at != NULL && *at != '\0';) {
        char *end;
        if (o->count == EQ_ATTACKS)
            return eq_fail(diag, EQ_ERR_USAGE, "--attack takes %d numbers at most", EQ_ATTACKS);
        o->eps[o->count++] = strtod(at, &end);
        if (end == at || (*end != ',' && *end != '\0'))
            return eq_fail(
                diag, EQ_ERR_USAGE,
                "--attack is '%s'; give parts of a feature's range between commas, as in "
                "0.05,0.1",
                r->eps);
        at = *end == ',' ? end + 1 : end;
    }
    return EQ_OK;
}

static eq_status check_request(request *r, eq_diag *diag) {
    r->infer.predictions = r->predictions != NULL;
    r->infer.power = r->infer.power || !isnan(r->infer.settling) || !isnan(r->infer.capacitance);
    if (r->infer.potentials && r->predictions == NULL)
        return eq_fail(diag, EQ_ERR_USAGE,
                       "--potentials go into the file of --predictions; give it as well");
    eq_status status = read_attack(r, diag);
    bool nudges = r->gradient != NULL || r->attack.count > 0;
    warn_of_settings(&r->open.set, nudges, diag);
    return status;
}

static void print(const request *r, eq_trained *m, const eq_inference *i, const eq_attack *a,
                  const eq_chip_draws *drawn) {
    const eq_circuit *c = eq_trained_circuit(m);
    eq_metrics chosen;
    size_t epochs;
    bool several = eq_trained_chosen(m, &chosen, &epochs);
    if (r->json) {
        eq_print_evaluation_json(c, i, &r->attack, a, drawn, several ? chosen.epoch : epochs);
        return;
    }
    if (several) print_choice(&chosen, epochs);
    print_evaluation(&i->score);
    if (i->power != NULL) eq_print_power(c, i, r->infer.capacitance);
    if (r->attack.count > 0) eq_print_attack(&i->score, &r->attack, a);
    if (drawn != NULL) eq_print_draws(&i->score, drawn);
}

/* What sources deliver is what elements dissipate, or the sums are wrong. */
static eq_status check_power(const eq_power *p, eq_diag *diag) {
    if (p == NULL || p->balance <= p->bound) return EQ_OK;
    return eq_fail(
        diag, EQ_ERR_CHECK,
        "the power delivered and the power dissipated differ by %g W, more than the %g W "
        "that the bound of KCL allows: one of them is wrong",
        p->balance, p->bound);
}

static eq_status check_file(const request *r, const eq_trained *m, const char *path,
                            eq_diag *diag) {
    if (path == NULL) return EQ_OK;
    return eq_check_output(path, eq_trained_reads(m, path) ? path : r->open.data, diag);
}

static eq_status attack(const request *r, eq_trained *m, eq_attack *a, eq_diag *diag) {
    if (r->gradient == NULL && r->attack.count == 0) return EQ_OK;
    eq_status status = eq_trained_attack(m, &r->attack, a, diag);
    if (status == EQ_OK && r->gradient != NULL && eq_comm_rank() == 0)
        status = eq_write_table(r->gradient, NULL, a->gradient, diag);
    return status;
}

static eq_status evaluate(const char *folder, request *r, eq_diag *diag) {
    eq_trained *m = NULL;
    eq_inference *i = NULL;
    eq_chip_draws drawn;
    eq_attack a = {.gradient = NULL};
    eq_status status = check_request(r, diag);
    if (status == EQ_OK)
        status = eq_comm_agree((r->draws > 0 ? eq_trained_open_for_draws
                                             : eq_trained_open)(folder, &r->open, &m, diag));
    if (status == EQ_OK) status = check_file(r, m, r->predictions, diag);
    if (status == EQ_OK) status = check_file(r, m, r->gradient, diag);
    if (status == EQ_OK) status = eq_trained_infer(m, &r->infer, &i, diag);
    if (status == EQ_OK && i->table != NULL && eq_comm_rank() == 0)
        status = eq_inference_write(i, r->predictions, diag);
    if (status == EQ_OK) status = attack(r, m, &a, diag);
    if (status == EQ_OK && r->draws > 0)
        status = eq_trained_draw(m, (size_t)r->draws, &drawn, diag);
    if (status == EQ_OK) {
        print(r, m, i, &a, r->draws > 0 ? &drawn : NULL);
        status = check_power(i->power, diag);
    }
    eq_attack_free(&a);
    eq_inference_free(i);
    eq_trained_free(m);
    return status;
}

static int run(const eq_command *command, int argc, char **argv) {
    eq_list set = {.count = 0};
    request r = {.open = eq_trained_defaults(), .infer = eq_infer_defaults(), .attack_steps = 1};
    const eq_option table[] = {
        {"data", 0, EQ_OPTION_TEXT, &r.open.data, "PATH",
         "evaluate on this file instead of the test set"},
        {"labels", 0, EQ_OPTION_TEXT, &r.open.labels, "FILE",
         "labels, or targets, of that file where it is .npy or IDX"},
        {"predictions", 0, EQ_OPTION_TEXT, &r.predictions, "FILE",
         "write every example: its class, the one predicted, outputs (.csv, .npz)"},
        {"potentials", 0, EQ_OPTION_FLAG, &r.infer.potentials, NULL,
         "write the potential of every node there too"},
        {"json", 0, EQ_OPTION_FLAG, &r.json, NULL, "print one JSON object"},
        {"power", 0, EQ_OPTION_FLAG, &r.infer.power, NULL,
         "watts of an inference, by class of element and by layer"},
        {"settling", 0, EQ_OPTION_NUMBER, &r.infer.settling, "S",
         "energy of an inference that takes S seconds"},
        {"capacitance", 0, EQ_OPTION_NUMBER, &r.infer.capacitance, "F",
         "energy of one that settles with F farad at every node too"},
        {"draws", 0, EQ_OPTION_INT, &r.draws, "N",
         "mean, deviation and quantiles over N chips with the mismatch of the experiment"},
        {"input-gradient", 0, EQ_OPTION_TEXT, &r.gradient, "FILE",
         "write dL/dx of every example, by its two phases (.csv, .npz)"},
        {"attack", 0, EQ_OPTION_TEXT, &r.eps, "E[,E..]",
         "score adversarial examples, moved by parts E of each feature's range"},
        {"attack-steps", 0, EQ_OPTION_INT, &r.attack_steps, "N",
         "in N steps of gradient ascent (1: by the sign of the gradient)"},
        EQ_SET_OPTION(&set),
        {"temp", 0, EQ_OPTION_NUMBER, &r.open.temp, "T", "evaluate at T degrees C"},
        {"model", 0, EQ_OPTION_TEXT, &r.open.models, "FILE",
         "take the .model cards of this deck instead of the network's"},
        {"threads", 0, EQ_OPTION_INT, &r.open.threads, "N", "use N threads"},
    };
    int exit_status;
    const char *folder =
        eq_parse_arguments(command, table, sizeof table / sizeof *table, argc, argv, &exit_status);
    if (folder == NULL) return exit_status;
    r.open.set = eq_settings_of(&set);
    eq_diag *diag = eq_diag_new();
    return eq_finish(diag, evaluate(folder, &r, diag));
}

const eq_command eq_command_eval = {"eval", "DIR", "evaluate what train wrote on its test set",
                                    true, run};
