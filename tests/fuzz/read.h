/* One function for each reader of files from outside: it reads any bytes and frees what it got. The
 * fuzzer (target.c, `make fuzz`) and the suite `fuzz`, which replays what the fuzzer once found,
 * call the same. */
#ifndef TESTS_FUZZ_READ_H
#define TESTS_FUZZ_READ_H

#include <stddef.h>
#include <stdint.h>

typedef void (*fuzz_read)(const uint8_t *data, size_t n);

void fuzz_spice(const uint8_t *data,
                size_t n); /* a deck; what can be read is written in every dialect */
void fuzz_expression(const uint8_t *data, size_t n); /* inside {} of a .param and of a .func */
void fuzz_circuit(const uint8_t *data, size_t n);    /* a circuit in XML */
void fuzz_experiment(const uint8_t *data, size_t n);
void fuzz_study(const uint8_t *data, size_t n);
void fuzz_idx(const uint8_t *data,
              size_t n); /* first byte: length of the images / 4; then images, labels */
void fuzz_csv(const uint8_t *data, size_t n);
void fuzz_cifar(const uint8_t *data, size_t n);
void fuzz_npy(const uint8_t *data, size_t n); /* as idx, the two tables */
/* First byte odd: of the rails of layers. */
void fuzz_edges(const uint8_t *data, size_t n);
/* Of a Hopfield network; of an elastic one, which has two. */
void fuzz_units(const uint8_t *data, size_t n);
void fuzz_springs(const uint8_t *data, size_t n);
void fuzz_raw(const uint8_t *data, size_t n);
/* First byte even: the body of a checkpoint, which gets a right head; odd: the whole file. */
void fuzz_checkpoint(const uint8_t *data, size_t n);

/* The bytes as a file in memory; its name is good until the next call with the
 * same slot (0 or 1). */
const char *fuzz_file(int slot, const void *data, size_t n);

#endif
