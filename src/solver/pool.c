#include "solver/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/mem.h"

/* How many looks before a waiting thread sleeps: some ten microseconds, about the time of a job. */
enum { LOOKS = 4000 };

/* Whoever is awake takes the next part of a job, so that on a busy machine the calling thread does
 * them all instead of waiting for a worker to get a processor. It takes them from the front, workers from the
 * back: jobs over the same rows find most of them in the cache of the core that had them before. ticket: 16 bits
 * each for the number of the job, how many parts it has, how many are taken in front, and behind; done: parts
 * finished. Each on a cache line of its own. */
struct eq_pool {
    _Alignas(64) _Atomic uint64_t ticket;
    _Alignas(64) atomic_int done;
    _Alignas(64) pthread_mutex_t lock;
    pthread_cond_t given, finished;
    void (*job)(void *data, int k);
    void *data;
    atomic_bool stop;
    int threads, started;
    pthread_t *worker;
};

static void pause_a_moment(void) {
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
}

static uint64_t number_of(uint64_t ticket) {
    return ticket >> 48;
}

static int parts_of(uint64_t ticket) {
    return (int)(ticket >> 32 & 0xffff);
}

static int in_front(uint64_t ticket) {
    return (int)(ticket >> 16 & 0xffff);
}

static int behind(uint64_t ticket) {
    return (int)(ticket & 0xffff);
}

/* Takes parts of the current job until there are none left. */
static void take_parts(eq_pool *p, bool from_back) {
    uint64_t ticket = atomic_load(&p->ticket), one = from_back ? 1 : (uint64_t)1 << 16;
    while (in_front(ticket) + behind(ticket) < parts_of(ticket) && !p->stop) {
        if (!atomic_compare_exchange_weak(&p->ticket, &ticket, ticket + one)) continue;
        p->job(p->data, from_back ? parts_of(ticket) - 1 - behind(ticket) : in_front(ticket));
        if (atomic_fetch_add(&p->done, 1) + 1 == parts_of(ticket)) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->finished);
            pthread_mutex_unlock(&p->lock);
        }
        ticket = atomic_load(&p->ticket);
    }
}

/* Waits for a job with another number than `seen`; returns its number. */
static uint64_t next_number(eq_pool *p, uint64_t seen) {
    for (int look = 0; look < LOOKS; look++) {
        uint64_t now = number_of(atomic_load_explicit(&p->ticket, memory_order_acquire));
        if (now != seen) return now;
        pause_a_moment();
    }
    pthread_mutex_lock(&p->lock);
    while (number_of(atomic_load(&p->ticket)) == seen && !p->stop)
        pthread_cond_wait(&p->given, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return number_of(atomic_load(&p->ticket));
}

static void *work(void *pool) {
    eq_pool *p = pool;
    for (uint64_t seen = 0;;) {
        seen = next_number(p, seen);
        if (p->stop) return NULL;
        take_parts(p, true);
    }
}

/* Gives out the next job (or the order to stop). */
static void give(eq_pool *p, int parts) {
    atomic_store(&p->done, 0);
    pthread_mutex_lock(&p->lock);
    uint64_t next = number_of(atomic_load(&p->ticket)) + 1;
    atomic_store(&p->ticket, next << 48 | (uint64_t)parts << 32);
    pthread_cond_broadcast(&p->given);
    pthread_mutex_unlock(&p->lock);
}

static void wait_for_parts(eq_pool *p, int parts) {
    for (int look = 0; look < LOOKS; look++) {
        if (atomic_load_explicit(&p->done, memory_order_acquire) == parts) return;
        pause_a_moment();
    }
    pthread_mutex_lock(&p->lock);
    while (atomic_load(&p->done) != parts) pthread_cond_wait(&p->finished, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

void eq_pool_run(eq_pool *p, int parts, void (*job)(void *data, int k), void *data) {
    if (p->threads == 1 || parts == 1) {
        for (int k = 0; k < parts; k++) job(data, k);
        return;
    }
    p->job = job;
    p->data = data;
    give(p, parts);
    take_parts(p, false);
    wait_for_parts(p, parts);
}

int eq_pool_threads(const eq_pool *p) {
    return p->threads;
}

eq_status eq_pool_new(int threads, eq_pool **out, eq_diag *diag) {
    eq_pool *p = eq_calloc_aligned(1, sizeof *p);
    if (p == NULL) return eq_out_of_memory(diag);
    p->threads = threads;
    p->worker = eq_calloc((size_t)threads, sizeof *p->worker);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->given, NULL);
    pthread_cond_init(&p->finished, NULL);
    eq_status status = p->worker == NULL ? eq_out_of_memory(diag) : EQ_OK;
    for (int k = 1; status == EQ_OK && k < threads; k++) {
        if (pthread_create(&p->worker[p->started], NULL, work, p) == 0)
            p->started++;
        else
            status =
                eq_fail(diag, EQ_ERR_MEMORY, "thread %d of %d cannot be started; use fewer threads",
                        k + 1, threads);
    }
    if (status == EQ_OK)
        *out = p;
    else
        eq_pool_free(p);
    return status;
}

void eq_pool_free(eq_pool *p) {
    if (p == NULL) return;
    p->stop = true;
    give(p, 0);
    for (int k = 0; k < p->started; k++) pthread_join(p->worker[k], NULL);
    pthread_cond_destroy(&p->given);
    pthread_cond_destroy(&p->finished);
    pthread_mutex_destroy(&p->lock);
    eq_free(p->worker);
    eq_free(p);
}
