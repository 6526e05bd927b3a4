/* Checked memory: every allocation of eqspice goes through these, sizes are multiplied with an
 * overflow check, and a test can make the n-th allocation fail. */
#ifndef EQ_BASE_MEM_H
#define EQ_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* n items of `size` bytes; NULL when memory runs out or n*size overflows. n = 0 gives a valid
 * pointer. Large arrays get huge pages where the kernel has them. */
void *eq_malloc(size_t n, size_t size) __attribute__((malloc));
/* For libraries that allocate through a hook: large arrays in huge pages, no fault injection. */
void *eq_malloc_foreign(size_t bytes);
void *eq_calloc(size_t n, size_t size) __attribute__((malloc));
/* As eq_calloc, at an address divisible by 64 (a cache line, an AVX-512 register); free with
 * eq_free. */
void *eq_calloc_aligned(size_t n, size_t size) __attribute__((malloc));
void *eq_realloc(void *p, size_t n, size_t size);
char *eq_strdup(const char *text);
char *eq_strndup(const char *text, size_t length);
/* Copies of n texts, to be freed with eq_strings_free; NULL when memory runs out. */
char **eq_strings_copy(char *const *text, size_t n);
void eq_strings_free(char **text, size_t n); /* NULL is legal */
void eq_free(void *p);

/* Makes room for `need` items in *p (capacity *cap, half as much again); false and nothing changed
 * on failure. */
bool eq_grow_more(void **p, size_t *cap, size_t need, size_t size);
static inline bool eq_grow(void **p, size_t *cap, size_t need, size_t size) {
    return (*p != NULL && need <= *cap) || eq_grow_more(p, cap, need, size);
}

/* For programs, first thing in main: the heap starts with room for 256 MiB in huge pages, of which
 * only those touched cost memory. A page fault costs as much as parsing three elements. */
void eq_mem_huge_heap(void);

/* Test hooks: after `n` more successful allocations every one fails (_once: one alone); n < 0
 * switches the hook off. Returns how many were left of the n of the call before, < 0 when one has
 * failed or none was set. */
long eq_mem_fail_after(long n);
long eq_mem_fail_once_after(long n);

#endif
