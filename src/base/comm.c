#include "base/comm.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Where the share of a rank begins. */
static size_t share_of(size_t n, int rank) {
    size_t r = (size_t)rank, size = (size_t)eq_comm_size();
    return r * (n / size) + (r < n % size ? r : n % size);
}

void eq_comm_partition(size_t n, size_t *first, size_t *count) {
    *first = share_of(n, eq_comm_rank());
    *count = share_of(n, eq_comm_rank() + 1) - *first;
}

#ifdef EQ_MPI /* make MPI=1 */
#include <mpi.h>

enum { MOST_AT_ONCE = 1 << 27 }; /* doubles of one message: counts of MPI are int */

static double bytes;
static bool world, alone = true; /* MPI runs; this process works on its own */
static int own_rank;
static int *begin, *number; /* [ranks] work of a spread */
static eq_status agreed;    /* the failure that all ranks know of */
static int speaker;         /* whose messages are printed */

bool eq_comm_prints(void) {
    return own_rank == speaker;
}

/* Whether a launcher has started this process (the variables of OpenMPI, PMIx and PMI): MPI_Init of
 * a process on its own takes half a second. */
static bool launched(void) {
    static const char *const variable[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
    for (size_t k = 0; k < sizeof variable / sizeof *variable; k++)
        if (getenv(variable[k]) != NULL) return true;
    return false;
}

bool eq_comm_start(void) {
    alone = !launched();
    if (alone) return true;
    world = true;
    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &own_rank);
    begin = eq_calloc((size_t)eq_comm_size(), sizeof *begin);
    number = eq_calloc((size_t)eq_comm_size(), sizeof *number);
    return begin != NULL && number != NULL;
}

void eq_comm_stop(void) {
    eq_free(begin);
    eq_free(number);
    if (world) MPI_Finalize();
}

int eq_comm_rank(void) {
    return alone ? 0 : own_rank;
}

int eq_comm_size(void) {
    int size = 1;
    if (!alone) MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

void eq_comm_detach(void) {
    alone = true;
}

void eq_comm_attach(void) {
    alone = !world;
}

void eq_comm_allgather(double *x, size_t n, size_t width) {
    if (eq_comm_size() == 1) return;
    size_t first, count;
    MPI_Datatype item;
    for (int r = 0; r < eq_comm_size(); r++) {
        begin[r] = (int)share_of(n, r);
        number[r] = (int)share_of(n, r + 1) - begin[r];
    }
    MPI_Type_contiguous((int)width, MPI_DOUBLE, &item);
    MPI_Type_commit(&item);
    MPI_Allgatherv(MPI_IN_PLACE, 0, item, x, number, begin, item, MPI_COMM_WORLD);
    MPI_Type_free(&item);
    eq_comm_partition(n, &first, &count);
    bytes += (double)(count * width) * sizeof *x;
}

/* To rank 0 and back: MPI_Allreduce may round differently on different ranks. */
static void reduce(double *x, size_t n, MPI_Op op) {
    bool root = eq_comm_rank() == 0;
    if (eq_comm_size() == 1) return;
    for (size_t done = 0; done < n;) {
        int count = n - done < MOST_AT_ONCE ? (int)(n - done) : MOST_AT_ONCE;
        MPI_Reduce(root ? MPI_IN_PLACE : x + done, x + done, count, MPI_DOUBLE, op, 0,
                   MPI_COMM_WORLD);
        MPI_Bcast(x + done, count, MPI_DOUBLE, 0, MPI_COMM_WORLD);
        done += (size_t)count;
    }
    bytes += (double)n * sizeof *x;
}

void eq_comm_sum(double *x, size_t n) {
    reduce(x, n, MPI_SUM);
}

void eq_comm_max(double *x, size_t n) {
    reduce(x, n, MPI_MAX);
}

static void send(const double *x, size_t n) {
    for (size_t done = 0; done < n;) {
        int count = n - done < MOST_AT_ONCE ? (int)(n - done) : MOST_AT_ONCE;
        MPI_Send(x + done, count, MPI_DOUBLE, 0, 0, MPI_COMM_WORLD);
        done += (size_t)count;
    }
    bytes += (double)n * sizeof *x;
}

static void receive(double *x, size_t n, int from) {
    for (size_t done = 0; done < n;) {
        int count = n - done < MOST_AT_ONCE ? (int)(n - done) : MOST_AT_ONCE;
        MPI_Recv(x + done, count, MPI_DOUBLE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        done += (size_t)count;
    }
}

/* Rank 0 with room for what all ranks have; numbers[rank] of them. */
static eq_status make_room(const unsigned long long *numbers, double **all, size_t *total,
                           eq_diag *diag) {
    *total = 0;
    for (int r = 0; r < eq_comm_size(); r++) *total += (size_t)numbers[r];
    *all = eq_malloc(*total, sizeof **all);
    return *all == NULL ? eq_out_of_memory(diag) : EQ_OK;
}

eq_status eq_comm_gather(const double *mine, size_t n, double **all, size_t *total, eq_diag *diag) {
    bool root = eq_comm_rank() == 0;
    int size = eq_comm_size();
    unsigned long long own = n, *numbers = eq_calloc((size_t)size, sizeof *numbers);
    eq_status status = eq_comm_agree(numbers == NULL ? eq_out_of_memory(diag) : EQ_OK);
    *all = NULL;
    *total = 0;
    if (status == EQ_OK) {
        MPI_Gather(&own, 1, MPI_UNSIGNED_LONG_LONG, numbers, 1, MPI_UNSIGNED_LONG_LONG, 0,
                   MPI_COMM_WORLD);
        status = eq_comm_agree(root ? make_room(numbers, all, total, diag) : EQ_OK);
    }
    if (status == EQ_OK && root) {
        double *to = *all;
        memcpy(to, mine, n * sizeof *mine);
        for (int r = 1; r < size; r++) receive(to += numbers[r - 1], (size_t)numbers[r], r);
    } else if (status == EQ_OK) {
        send(mine, n);
    }
    eq_free(numbers);
    return status;
}

eq_status eq_comm_first_failure(eq_status status) {
    if (agreed != EQ_OK || eq_comm_size() == 1) return agreed != EQ_OK ? agreed : status;
    int rank = eq_comm_rank(), size = eq_comm_size(), first = status == EQ_OK ? size : rank;
    MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (first == size) return EQ_OK;
    int answer = status;
    MPI_Bcast(&answer, 1, MPI_INT, first, MPI_COMM_WORLD);
    speaker = first;
    return agreed = (eq_status)answer;
}

double eq_comm_bytes(void) {
    return bytes;
}
#else
bool eq_comm_prints(void) {
    return true;
}

bool eq_comm_start(void) {
    return true;
}

void eq_comm_stop(void) {}

int eq_comm_rank(void) {
    return 0;
}

int eq_comm_size(void) {
    return 1;
}

void eq_comm_detach(void) {}

void eq_comm_attach(void) {}

void eq_comm_allgather(double *x, size_t n, size_t width) {
    (void)x, (void)n, (void)width;
}

void eq_comm_sum(double *x, size_t n) {
    (void)x, (void)n;
}

void eq_comm_max(double *x, size_t n) {
    (void)x, (void)n;
}

eq_status eq_comm_gather(const double *mine, size_t n, double **all, size_t *total, eq_diag *diag) {
    *total = n;
    *all = eq_malloc(n, sizeof **all);
    if (*all == NULL) return eq_out_of_memory(diag);
    memcpy(*all, mine, n * sizeof *mine);
    return EQ_OK;
}

eq_status eq_comm_first_failure(eq_status status) {
    return status;
}

double eq_comm_bytes(void) {
    return 0.0;
}
#endif
