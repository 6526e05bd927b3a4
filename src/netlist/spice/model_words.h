/* What SPICE says on .model cards beside the parameters of the classes: the words of a letter's
 * models, and the types of models. */
#ifndef EQ_NETLIST_SPICE_MODEL_WORDS_H
#define EQ_NETLIST_SPICE_MODEL_WORDS_H

#include <stddef.h>

/* What a model parameter that the class does not declare means. */
typedef enum eq_word_action {
    WORD_ALIAS,
    WORD_DC_FREE,
    WORD_TEXT,
    WORD_NEUTRAL,     /* changes nothing where it is 0 */
    WORD_GEOMETRY,    /* read by resistor.c and geometry.c */
    WORD_LEVEL,       /* 1 to 3 have one law; with 3 lengths make the area */
    WORD_OTHER_LEVEL, /* of transistors of some levels; `alias` is its name there */
    WORD_COUNTS,      /* changes the answer whatever it is */
    WORD_FOREIGN,     /* ngspice has none; elsewhere it changes nothing where it is `alias` */
    WORD_FLAG,        /* stands alone */
    WORD_NOT_HERE
} eq_word_action;

typedef struct eq_model_word {
    char letter;
    const char *name;
    eq_word_action action;
    const char *
        alias; /* the parameter (NULL: of that name); of a foreign word its neutral value, NULL: any */
} eq_model_word;

/* Types of models: those with a letter are read (of switches in switch.c), the others belong
 * to devices that are refused; own: as the classes name it. */
typedef struct eq_model_type {
    const char *name;
    char letter;
    const char *own;
} eq_model_type;

/* Elements that take a model, by their letter, in messages. */
typedef struct eq_model_letter {
    char letter;
    const char *nodes, *types, *example; /* of .model */
} eq_model_letter;

/* That of a letter, or of a diode. */
const eq_model_letter *eq_model_letter_of(char letter);

extern const eq_model_word eq_model_words[];
extern const eq_model_type eq_model_types[];
extern const size_t eq_model_word_count, eq_model_type_count;

#endif
