/* The numbers of a device by their names, published devices, and what no device can be. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "model/device/device.h"
#include "model/device/response.h"

#define NUMBER(name, field, ideal)                                                                 \
    { name, offsetof(eq_device, field), ideal }
/* Those of the exponential step are the ones that its authors fitted (aihwkit, ExpStepDevice). */
static const eq_device_number numbers[] = {
    NUMBER("dw_min", dw_min, 0.001),
    NUMBER("dw_min_dtod", dw_min_dtod, 0.0),
    NUMBER("dw_min_std", dw_min_std, 0.0),
    NUMBER("up_down", up_down, 0.0),
    NUMBER("up_down_dtod", up_down_dtod, 0.0),
    NUMBER("w_min", w_min, -0.6),
    NUMBER("w_max", w_max, 0.6),
    NUMBER("w_min_dtod", w_min_dtod, 0.0),
    NUMBER("w_max_dtod", w_max_dtod, 0.0),
    NUMBER("gamma_up", gamma_up, (double)NAN),
    NUMBER("gamma_down", gamma_down, (double)NAN),
    NUMBER("gamma_up_dtod", gamma_up_dtod, 0.0),
    NUMBER("gamma_down_dtod", gamma_down_dtod, 0.0),
    NUMBER("A_up", a_up, 0.00081),
    NUMBER("A_down", a_down, 0.36833),
    NUMBER("a", a, 0.244),
    NUMBER("b", b, 0.2425),
    NUMBER("pow_gamma", pow_gamma, 1.0),
    NUMBER("pow_gamma_dtod", pow_gamma_dtod, 0.0),
    NUMBER("pow_up_down", pow_up_down, 0.0),
    NUMBER("pow_up_down_dtod", pow_up_down_dtod, 0.0),
    NUMBER("threshold", threshold, 0.5),
    NUMBER("refresh", refresh, 0.75),
    NUMBER("write_noise", write_noise, 0.0),
    NUMBER("write_noise_std", write_noise_std, 0.0),
    NUMBER("read_noise", read_noise, 0.0),
    NUMBER("read_noise_rel", read_noise_rel, 0.0),
    NUMBER("stuck_min", stuck_min, 0.0),
    NUMBER("stuck_max", stuck_max, 0.0),
    NUMBER("stuck_init", stuck_init, 0.0),
    NUMBER("corrupt_devices_prob", corrupt, 0.0),
    NUMBER("drift_nu", drift_nu, 0.0),
    NUMBER("drift_nu_dtod", drift_nu_dtod, 0.0),
    NUMBER("drift_t0", drift_t0, 20.0),
    NUMBER("drift_time", drift_time, 0.0),
    NUMBER("lifetime", lifetime, 0.0),
    NUMBER("lifetime_dtod", lifetime_dtod, 0.0),
    NUMBER("endurance", endurance, 0.0),
    NUMBER("endurance_dtod", endurance_dtod, 0.0),
};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

const eq_device_number *eq_device_numbers(size_t *count) {
    *count = NUMBERS;
    return numbers;
}

double *eq_device_value(eq_device *o, const eq_device_number *n) {
    return (double *)(void *)((char *)o + n->offset);
}

static double value_of(const eq_device *o, const eq_device_number *n) {
    double value;
    memcpy(&value, (const char *)o + n->offset, sizeof value);
    return value;
}

eq_device eq_device_ideal(void) {
    eq_device o = {.chip = 1, .bl = 31, .piecewise_up = {{1.0}, 1}, .piecewise_down = {{1.0}, 1}};
    for (size_t k = 0; k < NUMBERS; k++) *eq_device_value(&o, &numbers[k]) = numbers[k].ideal;
    return o;
}

void eq_device_complete(eq_device *o) {
    bool exponential = o->response == eq_response_find("exponential-step");
    if (isnan(o->gamma_up)) o->gamma_up = exponential ? 12.44625 : 0.0;
    if (isnan(o->gamma_down)) o->gamma_down = exponential ? 12.78785 : 0.0;
}

/* Devices as fitted by the authors of aihwkit (presets/devices.py) to the papers named; the levels
 * of the last are those of its paper. */
static const struct {
    const char *name, *response, *values;
    bool additive;
} presets[] = {
    /* RRAM (HfO2), Gong et al., Nat. Commun. 9, 2102 (2018) */
    {"reram-es", "exponential-step",
     "dw_min 0.00135 up_down 0.259359 w_max 1 w_min -1 a -0.5 b -0.5 gamma_up 5 gamma_down 5 "
     "A_up -1.18445 A_down -0.081404 dw_min_dtod 0.2 up_down_dtod 0.05 w_max_dtod 0.3 "
     "w_min_dtod 0.3 dw_min_std 5 write_noise_std 75",
     false},
    /* The same by soft bounds, its symmetry point calibrated to w = 0 */
    {"reram-sb", "soft-bounds",
     "dw_min 0.002 w_max 1.25 w_min -0.75 dw_min_dtod 0.3 up_down_dtod 0.01 w_max_dtod 0.24 "
     "w_min_dtod 0.4 dw_min_std 3.75 write_noise_std 56",
     true},
    /* Capacitor with leakage, Li et al., VLSI Technology 2018 */
    {"capacitor", "linear-step",
     "dw_min 0.005 w_max 1 w_min -1 gamma_up 0.05 gamma_down 0.05 dw_min_dtod 0.1 "
     "up_down_dtod 0.06 w_max_dtod 0.07 w_min_dtod 0.07 gamma_up_dtod 0.01 gamma_down_dtod 0.01 "
     "dw_min_std 0.3 lifetime 1e6 lifetime_dtod 0.3",
     true},
    /* Lithium ECRAM, Tang et al., IEDM 2018 */
    {"ecram", "linear-step",
     "dw_min 0.002 w_max 1.1724 w_min -0.8276 gamma_up 0.1153 gamma_down 0.5085 dw_min_dtod 0.1 "
     "up_down_dtod 0.01 w_max_dtod 0.05 w_min_dtod 0.05 gamma_up_dtod 0.05 gamma_down_dtod 0.05 "
     "dw_min_std 0.3",
     false},
    /* Metal-oxide ECRAM, Kim et al., IEDM 2019 */
    {"ecram-mo", "linear-step",
     "dw_min 2.8214e-4 w_max 1.1714 w_min -0.8286 gamma_up 0.4152 gamma_down 0.7342 "
     "dw_min_dtod 0.1 up_down_dtod 0.01 w_max_dtod 0.05 w_min_dtod 0.05 gamma_up_dtod 0.05 "
     "gamma_down_dtod 0.05 dw_min_std 2",
     false},
    /* Gokmen and Vlasov, Front. Neurosci. 10, 333 (2016), in the range -1..1: 1,200 states */
    {"gokmen-vlasov", "constant-step",
     "dw_min 0.0016 dw_min_dtod 0.3 dw_min_std 0.3 up_down_dtod 0.01 w_max 1 w_min -1 "
     "w_max_dtod 0.3 w_min_dtod 0.3",
     false},
    /* The same with 10,000 states and no asymmetry: Rasch, Gokmen and Haensch 2019, arXiv 1906.02698 */
    {"idealized", "constant-step",
     "dw_min 0.0002 dw_min_dtod 0.3 dw_min_std 0.3 w_max 1 w_min -1 w_max_dtod 0.3 w_min_dtod 0.3",
     false},
};

static const eq_device_number *number_of(const char *name, size_t length) {
    for (size_t k = 0; k < NUMBERS; k++)
        if (strlen(numbers[k].name) == length && memcmp(numbers[k].name, name, length) == 0)
            return &numbers[k];
    return NULL;
}

/* "name value name value ..." */
static void take_values(const char *text, eq_device *o) {
    while (*text != '\0') {
        size_t n = strcspn(text, " ");
        const eq_device_number *number = number_of(text, n);
        text += n + strspn(text + n, " ");
        n = strcspn(text, " ");
        if (number != NULL) eq_parse_double(text, n, eq_device_value(o, number));
        text += n + strspn(text + n, " ");
    }
}

bool eq_device_preset(const char *name, eq_device *o) {
    for (size_t k = 0; k < sizeof presets / sizeof *presets; k++) {
        if (strcmp(presets[k].name, name) != 0) continue;
        *o = eq_device_ideal();
        o->response = eq_response_find(presets[k].response);
        o->rule = EQ_RULE_STOCHASTIC;
        o->additive = presets[k].additive;
        take_values(presets[k].values, o);
        return true;
    }
    return false;
}

static const char *const rules[] = {"exact",   "sign",       "threshold",
                                    "rounded", "stochastic", "mixed-precision"};

const char *eq_device_rule_name(eq_device_rule rule) {
    return rules[rule];
}

bool eq_device_rule_find(const char *name, eq_device_rule *rule) {
    for (size_t k = 0; k < sizeof rules / sizeof *rules; k++)
        if (strcmp(rules[k], name) == 0) {
            *rule = (eq_device_rule)k;
            return true;
        }
    return false;
}

static bool is_of_reading(const eq_device_number *n) {
    return strncmp(n->name, "read_", 5) == 0 || strncmp(n->name, "drift_", 6) == 0;
}

bool eq_device_programs_alike(const eq_device *a, const eq_device *b) {
    bool alike = a->chip == b->chip && a->levels == b->levels && a->log_levels == b->log_levels;
    for (size_t k = 0; k < NUMBERS; k++)
        if (!is_of_reading(&numbers[k])) {
            double x = value_of(a, &numbers[k]), y = value_of(b, &numbers[k]);
            alike = alike && (x == y || (isnan(x) && isnan(y)));
        }
    return alike;
}

/* Whether some place of the range can be left in the direction d. */
static bool moves(const eq_device *o, int d) {
    enum { PLACES = 32 };
    eq_device_cell c = {.low = o->w_min, .high = o->w_max};
    const double mean[2] = {0.0, 0.0};
    if (o->response->make != NULL) o->response->make(o, mean, &c);
    for (int k = 0; k <= PLACES; k++) {
        double w = c.low + (c.high - c.low) * k / PLACES;
        if (eq_response_factor(o, &c, w, d) > 0.0) return true;
    }
    return false;
}

const char *eq_device_fault(const eq_device *o) {
    if (o->levels == 1)
        return "one level holds nothing; give levels of at least 2, or 0 for any value";
    if (!(o->w_min < 0.0 && o->w_max > 0.0))
        return "the range of w must hold 0 inside; give w_min below 0 and w_max above";
    if (o->stuck_min + o->stuck_max + o->stuck_init + o->corrupt > 1.0)
        return "stuck_min, stuck_max, stuck_init and corrupt_devices_prob together are more than "
               "all devices; lower them to 1 in all";
    if (o->response == NULL && o->rule != EQ_RULE_EXACT)
        return "update rules in pulses need to know what a pulse does; give a response, or "
               "update=\"exact\"";
    if (o->pair && (o->response == NULL || o->rule == EQ_RULE_EXACT))
        return "the devices of a pair are stepped by pulses; give a response, and an update other "
               "than exact";
    return NULL;
}

const char *eq_device_still(const eq_device *o) {
    if (o->response == NULL) return NULL;
    if (!moves(o, 1))
        return "they cannot move up: a pulse steps by 0 in the whole range; lower A_up or "
               "gamma_up, or give a piecewise_up that is not 0";
    if (!moves(o, -1))
        return "they cannot move down: a pulse steps by 0 in the whole range; lower A_down "
               "or gamma_down, or give a piecewise_down that is not 0";
    bool one = o->rule == EQ_RULE_SIGN || o->rule == EQ_RULE_THRESHOLD;
    double most = o->dw_min * (one ? 1.0 : (double)o->bl);
    double level = o->levels > 1 ? (o->w_max - o->w_min) / (double)(o->levels - 1) : 0.0;
    if (o->rule != EQ_RULE_EXACT && !o->log_levels && !o->stochastic_rounding && most < 0.5 * level)
        return "they cannot move: all pulses of an update together are less than half a "
               "level; raise dw_min or levels, or give rounding=\"stochastic\"";
    return NULL;
}
