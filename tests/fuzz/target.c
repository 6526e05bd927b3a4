/* The entry of libFuzzer; -DTARGET=fuzz_spice chooses the reader. */
#include "fuzz/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    TARGET(data, n);
    return 0;
}
