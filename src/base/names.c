/* Interned names (text.h): a hash table with open addressing over one pool of bytes. */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "word_at reads little-endian words");

enum { WORD = 8 }; /* bytes */

/* A slot of the table. Names of up to 8 bytes stand in `word` itself (zero-padded), so that most
 * look-ups touch one cache line; of longer ones it holds the whole hash and the bytes are compared
 * in the pool. */
typedef struct slot {
    uint64_t word;
    uint32_t hash; /* its lowest bit: the name is short */
    uint32_t next; /* the id of the name plus one; 0: empty */
} slot;

struct eq_names {
    char *pool; /* all names, each with its NUL */
    size_t pool_used, pool_cap;
    size_t *start; /* start[id] in pool */
    size_t count, start_cap;
    slot *slot;         /* open addressing; size is a power of two */
    size_t slots, room; /* room: so many names fit before the table grows */
    uint64_t seed;      /* of the hash: differs from run to run, so no deck is written against it */
};

/* A name to look for: its bytes, folded to lower case or not, and the slot that it would have. */
typedef struct wanted {
    const char *name;
    size_t length;
    bool fold;
    uint64_t word;
    uint32_t hash;
} wanted;

eq_names *eq_names_new(void) {
    eq_names *names = eq_calloc(1, sizeof *names);
    if (names != NULL) names->seed = (uintptr_t)names * 0x9E3779B97F4A7C15u;
    return names;
}

void eq_names_free(eq_names *names) {
    if (names == NULL) return;
    eq_free(names->pool);
    eq_free(names->start);
    eq_free(names->slot);
    eq_free(names);
}

/* No table has no names. */
size_t eq_names_count(const eq_names *names) {
    return names == NULL ? 0 : names->count;
}

const char *eq_names_get(const eq_names *names, int32_t id) {
    return names->pool + names->start[id];
}

static inline uint64_t byte_at(const char *p, size_t k) {
    return (uint64_t)(unsigned char)p[k] << (8 * k);
}

/* The first n bytes at p, at most 8, the rest zero; no byte behind them is read. */
static inline uint64_t word_at(const char *p, size_t n) {
    uint32_t head, tail;
    uint64_t word;
    if (n >= WORD) {
        memcpy(&word, p, WORD);
        return word;
    }
    if (n < sizeof head) return n == 0 ? 0 : byte_at(p, 0) | byte_at(p, n / 2) | byte_at(p, n - 1);
    memcpy(&head, p, sizeof head);
    memcpy(&tail, p + n - sizeof tail, sizeof tail);
    return head | (uint64_t)tail << (8 * (n - sizeof tail));
}

/* A to Z become a to z in all eight bytes at once: their top bits are set where the byte is at
 * least 'A' and at most 'Z' (and ASCII), and moved to the bit that differs. */
static inline uint64_t lower_word(uint64_t w) {
    const uint64_t ones = 0x0101010101010101u, top = 0x80 * ones;
    uint64_t low = w & ~top;
    uint64_t capital = (low + (0x80 - 'A') * ones) & ~(low + (0x7F - 'Z') * ones) & ~w & top;
    return w | capital >> 2;
}

/* At most eight bytes of a name, folded to lower case or not. */
static inline uint64_t word_of(const char *p, size_t n, bool fold) {
    uint64_t word = word_at(p, n);
    return fold ? lower_word(word) : word;
}

/* Two multiplications by the constants of splitmix64; the upper half depends on all bits. */
static inline uint64_t mix(uint64_t h) {
    h *= 0xBF58476D1CE4E5B9u;
    return (h ^ h >> 32) * 0x94D049BB133111EBu;
}

/* A hash of whole words at the start of a long name. */
static uint64_t mix_words(const char *name, size_t bytes, bool fold) {
    uint64_t h = bytes;
    for (size_t i = 0; i < bytes; i += WORD) {
        h = mix(h ^ word_of(name + i, WORD, fold));
        h ^= h >> 32;
    }
    return h;
}

/* Decks number their nodes and elements, so names that differ only in the last two bits of their
 * last byte take neighbouring slots: r10, r11, r12 and r13 share a cache line or two, r14 to r17
 * others. (Whole runs r10 to r19 side by side fill the table too unevenly: 5.5 probes a name
 * instead of 2.7; 1.5 without neighbours, each a miss of the cache.) */
static inline __attribute__((always_inline)) wanted
wanted_of(const eq_names *names, const char *name, size_t length, bool fold) {
    wanted w = {name, length, fold, 0, 0};
    size_t before = length <= WORD ? 0 : (length - 1) / WORD * WORD;
    uint64_t word = word_of(name + before, length - before, fold);
    uint64_t h = names->seed ^ length ^ (before == 0 ? 0 : mix_words(name, before, fold));
    unsigned shift = (unsigned)(length - before - 1) * 8 & 63;
    uint64_t near = word >> shift & 3;
    h = mix(h ^ word ^ near << shift);
    w.word = before == 0 ? word : h ^ near;
    w.hash = (uint32_t)((h >> 32 ^ near) << 1 | (before == 0));
    return w;
}

static bool is_name(const eq_names *names, size_t id, const char *name, size_t length, bool fold) {
    const char *own = names->pool + names->start[id];
    size_t end = id + 1 < names->count ? names->start[id + 1] : names->pool_used;
    if (end - names->start[id] != length + 1) return false;
    for (size_t i = 0; i < length; i += WORD)
        if (word_at(own + i, length - i) != word_of(name + i, length - i, fold)) return false;
    return true;
}

/* Low bit of the hash aside, where the search for a name starts. */
static inline size_t first_slot(uint32_t hash, size_t slots) {
    return (hash >> 1) & (slots - 1);
}

/* The slot that holds the name, or the empty slot where it belongs. */
static inline __attribute__((always_inline)) slot *slot_of(const eq_names *names, wanted w) {
    size_t last = names->slots - 1;
    for (size_t i = first_slot(w.hash, names->slots);; i = (i + 1) & last) {
        slot *s = &names->slot[i];
        bool same = s->word == w.word && s->hash == w.hash;
        if (s->next == 0 ||
            (same && (w.length <= WORD || is_name(names, s->next - 1, w.name, w.length, w.fold))))
            return s;
    }
}

/* A table of `slots`, which keeps what is in the old one. */
static bool rehash(eq_names *names, size_t slots) {
    slot *fresh = eq_calloc(slots, sizeof *fresh);
    if (fresh == NULL) return false;
    for (size_t k = 0; k < names->slots; k++) {
        if (names->slot[k].next == 0) continue;
        size_t i = first_slot(names->slot[k].hash, slots);
        while (fresh[i].next != 0) i = (i + 1) & (slots - 1);
        fresh[i] = names->slot[k];
    }
    eq_free(names->slot);
    names->slot = fresh;
    names->slots = slots;
    names->room = slots / 3 * 2;
    return true;
}

bool eq_names_reserve(eq_names *names, size_t count) {
    if (count <= names->room) return true;
    size_t slots = names->slots == 0 ? 64 : names->slots;
    while (slots / 3 * 2 < count) slots *= 2;
    return rehash(names, slots);
}

static inline __attribute__((always_inline)) int32_t find(const eq_names *names, wanted w) {
    return names->slots == 0 ? EQ_NO_NAME : (int32_t)slot_of(names, w)->next - 1;
}

/* Appends the name with its NUL to the pool, in whole words. */
static bool append(eq_names *names, const char *name, size_t length, bool fold) {
    size_t need = names->pool_used + length + 1 + WORD;
    if (!eq_grow((void **)&names->pool, &names->pool_cap, need, 1) ||
        !eq_grow((void **)&names->start, &names->start_cap, names->count + 1, sizeof(size_t)))
        return false;
    char *own = names->pool + names->pool_used;
    for (size_t i = 0; i <= length; i += WORD) {
        uint64_t word = word_of(name + i, length - i, fold);
        memcpy(own + i, &word, WORD);
    }
    names->start[names->count++] = names->pool_used;
    names->pool_used += length + 1;
    return true;
}

static inline __attribute__((always_inline)) int32_t add(eq_names *names, wanted w) {
    if (names->count >= names->room && !eq_names_reserve(names, names->count + 1))
        return EQ_NO_NAME;
    slot *s = slot_of(names, w);
    if (s->next != 0) return (int32_t)s->next - 1;
    if (names->count >= INT32_MAX || !append(names, w.name, w.length, w.fold)) return EQ_NO_NAME;
    *s = (slot){w.word, w.hash, (uint32_t)names->count};
    return (int32_t)names->count - 1;
}

void eq_names_prefetch_lower(const eq_names *names, const char *name, size_t length) {
    if (names->slots == 0) return;
    __builtin_prefetch(
        &names->slot[first_slot(wanted_of(names, name, length, true).hash, names->slots)], 1);
}

int32_t eq_names_find(const eq_names *names, const char *name, size_t length) {
    return find(names, wanted_of(names, name, length, false));
}

int32_t eq_names_find_lower(const eq_names *names, const char *name, size_t length) {
    return find(names, wanted_of(names, name, length, true));
}

int32_t eq_names_add(eq_names *names, const char *name, size_t length) {
    return add(names, wanted_of(names, name, length, false));
}

int32_t eq_names_add_lower(eq_names *names, const char *name, size_t length) {
    return add(names, wanted_of(names, name, length, true));
}
