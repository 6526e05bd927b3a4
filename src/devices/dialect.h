/* The simulators whose decks are written, as a class spells its line for each (device.h). */
#ifndef EQ_DEVICES_DIALECT_H
#define EQ_DEVICES_DIALECT_H

typedef enum eq_dialect {
    EQ_NGSPICE,
    EQ_XYCE,
    EQ_LTSPICE,
    EQ_SPECTRE,
    EQ_XML,
    EQ_DIALECT_COUNT
} eq_dialect;

/* A line that the three SPICEs have in common. */
#define EQ_SPICE_LINE(line) [EQ_NGSPICE] = line, [EQ_XYCE] = line, [EQ_LTSPICE] = line

#endif
