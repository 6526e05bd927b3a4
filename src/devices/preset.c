#include "devices/preset.h"

#include <string.h>

#include "base/text.h"
#include "devices/registry.h"

/* What is not said is at the default of the class. */
static const eq_preset presets[] = {
    {"strukov2008",
     "drift",
     "Strukov et al., Nature 453 (2008) 80: D = 10 nm, mu = 1e-10 cm^2/(V s), Roff/Ron = 160 (Fig. "
     "2b); "
     "Ron = 100 ohm: Biolek et al., Radioengineering 18 (2009) 210",
     {{"ron", 100.0}, {"roff", 16e3}, {"d", 10e-9}, {"mu", 1e-14}}},
    {"biolek2009",
     "drift",
     "Biolek et al., Radioengineering 18 (2009) 210: the subcircuit of the paper with its own "
     "window, p = 10",
     {{"ron", 100.0}, {"roff", 16e3}, {"d", 10e-9}, {"mu", 1e-14}, {"window", 2.0}, {"p", 10.0}}},
    {"oblea2010",
     "yakopcic",
     "Yakopcic et al., IEEE TCAD 32 (2013) 1201, fit of the Ag chalcogenide device of Oblea et al. "
     "(IJCNN "
     "2010); the same numbers stand in the example of Xyce's reference guide",
     {{"a1", 0.17},
      {"a2", 0.17},
      {"b", 0.05},
      {"vp", 0.16},
      {"vn", 0.15},
      {"ap", 4000.0},
      {"an", 4000.0},
      {"xp", 0.3},
      {"xn", 0.5},
      {"alphap", 1.0},
      {"alphan", 5.0},
      {"x", 0.11}}},
    {"vteam_default",
     "vteam",
     "default parameters of the VTEAM model of its authors (asic2.group, memristor models), as "
     "MemTorch has "
     "them, too",
     {{"ron", 50.0},
      {"roff", 1e3},
      {"kon", -10.0},
      {"koff", 5e-4},
      {"alphaon", 3.0},
      {"alphaoff", 1.0},
      {"von", -0.2},
      {"voff", 0.02},
      {"won", 0.0},
      {"woff", 3e-9}}},
    {"stanford_hfox",
     "rram",
     "parameters of the Stanford RRAM model 1.0.0 (Jiang and Wong, nanoHUB 2014, doi "
     "10.4231/D37H1DN48), as "
     "MemTorch has them, too",
     {{"i0", 1e-3},
      {"g0", 0.25e-9},
      {"v0", 0.25},
      {"gapmin", 0.2e-9},
      {"gapmax", 1.7e-9},
      {"vel0", 10.0},
      {"ea", 0.6},
      {"a0", 0.25e-9},
      {"tox", 12e-9},
      {"gamma0", 16.0},
      {"beta", 0.8},
      {"fmin", 1.4e9},
      {"rth", 2.1e3}}},
    {"knowm_mss",
     "mms",
     "Molter, knowm.org, The Mean Metastable Switch Memristor Model: subcircuit for LTspice",
     {{"ron", 500.0}, {"roff", 1500.0}, {"von", 0.27}, {"voff", 0.27}, {"tau", 1e-4}}},
    {"knowm_gmms",
     "mms",
     "Molter, knowm.org, example of the generalized model for Xyce (memristor level=5)",
     {{"ron", 500.0},
      {"roff", 1500.0},
      {"von", 0.27},
      {"voff", 0.27},
      {"tau", 1e-4},
      {"phi", 0.8},
      {"sfa", 8e-4},
      {"sfb", 4.0},
      {"sra", 8e-4},
      {"srb", 4.0}}},
};

const eq_preset *eq_preset_at(size_t k) {
    return k < sizeof presets / sizeof *presets ? &presets[k] : NULL;
}

const eq_preset *eq_preset_find(const char *name, size_t length) {
    for (size_t k = 0; k < sizeof presets / sizeof *presets; k++)
        if (eq_same_word(presets[k].name, name, length)) return &presets[k];
    return NULL;
}

int eq_preset_values(const eq_preset *p, double *w) {
    int number = eq_class_find(p->cls);
    const eq_device_class *cls = eq_class(number);
    for (int k = 0; k < cls->params; k++) w[k] = cls->param[k].default_value;
    for (size_t k = 0; k < EQ_PRESET_VALUES && p->with[k].param != NULL; k++)
        w[eq_param_find(cls, p->with[k].param)] = p->with[k].value;
    return number;
}
