#define _DEFAULT_SOURCE /* madvise, sbrk */
#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The only mutable state of the library outside its objects: the fault injection of the tests. */
enum { OFF = -1, FAILING = -2 };
static long fail_after = OFF; /* allocations, or one of the above */
static bool fail_once;

static long set_fault(long n, bool once) {
    long left = fail_after;
    fail_after = n < 0 ? OFF : n;
    fail_once = once;
    return left;
}

long eq_mem_fail_after(long n) {
    return set_fault(n, false);
}

long eq_mem_fail_once_after(long n) {
    return set_fault(n, true);
}

/* Whether the hook says that this allocation fails. */
static bool fails(void) {
    if (fail_after == OFF) return false;
    if (fail_after > 0) {
        fail_after--;
        return false;
    }
    fail_after = fail_once ? OFF : FAILING;
    return true;
}

/* Bytes of n items, or 0 when the product overflows or the test hook says this allocation fails. */
static size_t bytes_of(size_t n, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > PTRDIFF_MAX || fails()) return 0;
    return bytes == 0 ? 1 : bytes;
}

/* The whole pages from `start` to `end` in huge ones, where the kernel has them. Only a hint. */
static void huge_pages(uintptr_t start, uintptr_t end) {
    const uintptr_t page = 4096;
    start = (start + page - 1) & ~(page - 1);
    end &= ~(page - 1);
    if (start < end) madvise((void *)start, end - start, MADV_HUGEPAGE);
}

/* Large arrays: fewer page faults, fewer misses of the address translation. */
static void *with_huge_pages(void *p, size_t bytes) {
    const size_t least = (size_t)4 << 20;
    if (p != NULL && bytes >= least) huge_pages((uintptr_t)p, (uintptr_t)p + bytes);
    return p;
}

/* mallopt(3): M_TOP_PAD switches glibc's moving thresholds off, so they get the values to which
 * they would move. The room is address space, not memory. */
void eq_mem_huge_heap(void) {
    const int room = 256 << 20;
    mallopt(M_MMAP_THRESHOLD, 32 << 20); /* glibc's largest */
    mallopt(M_TRIM_THRESHOLD, 2 * room);
    mallopt(M_TOP_PAD, room);
    void *first = malloc(1 << 20); /* more than the constructors of libraries left */
    uintptr_t end = (uintptr_t)sbrk(0);
    if (first != NULL && (uintptr_t)first < end) huge_pages((uintptr_t)first, end);
    free(first);
    mallopt(M_TOP_PAD, 1 << 17);
}

void *eq_malloc(size_t n, size_t size) {
    size_t bytes = bytes_of(n, size);
    return bytes == 0 ? NULL : with_huge_pages(malloc(bytes), bytes);
}

void *eq_malloc_foreign(size_t bytes) {
    return with_huge_pages(malloc(bytes), bytes);
}

void *eq_calloc(size_t n, size_t size) {
    size_t bytes = bytes_of(n, size);
    return bytes == 0 ? NULL : with_huge_pages(calloc(bytes, 1), bytes);
}

void *eq_calloc_aligned(size_t n, size_t size) {
    size_t bytes = bytes_of(n, size);
    if (bytes == 0) return NULL;
    bytes = (bytes + 63) & ~(size_t)63;
    void *p = with_huge_pages(aligned_alloc(64, bytes), bytes);
    if (p != NULL) memset(p, 0, bytes);
    return p;
}

void *eq_realloc(void *p, size_t n, size_t size) {
    size_t bytes = bytes_of(n, size);
    return bytes == 0 ? NULL : with_huge_pages(realloc(p, bytes), bytes);
}

char *eq_strndup(const char *text, size_t length) {
    char *copy = eq_malloc(length + 1, 1);
    if (copy == NULL) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *eq_strdup(const char *text) {
    return eq_strndup(text, strlen(text));
}

char **eq_strings_copy(char *const *text, size_t n) {
    char **copy = eq_calloc(n, sizeof *copy);
    bool whole = copy != NULL;
    for (size_t k = 0; whole && k < n; k++) whole = (copy[k] = eq_strdup(text[k])) != NULL;
    if (whole) return copy;
    eq_strings_free(copy, n);
    return NULL;
}

void eq_strings_free(char **text, size_t n) {
    for (size_t k = 0; text != NULL && k < n; k++) eq_free(text[k]);
    eq_free(text);
}

void eq_free(void *p) {
    free(p);
}

bool eq_grow_more(void **p, size_t *cap, size_t need, size_t size) {
    size_t wanted = *cap < 8 ? 8 : *cap + *cap / 2;
    if (wanted < need) wanted = need;
    void *grown = eq_realloc(*p, wanted, size);
    if (grown == NULL) return false;
    *p = grown;
    *cap = wanted;
    return true;
}
