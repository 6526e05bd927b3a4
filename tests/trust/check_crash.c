/* Crashes and failing systems (issue 5, point 3): eqspice is killed before each of its writes and
 * at random moments; disks are full, folders cannot be written, fsync fails, malloc fails. Files
 * are whole each time, the message and the exit status tell, and a killed training ends with the
 * bits of one that was not. */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "netlist/netlist.h"
#include "support/effort.h"
#include "support/program.h"
#include "train/checkpoint.h"

Suite *crash_suite(void);

enum { LONGEST = 512, MOST_CALLS = 200, MOST_WORDS = 24, KILLED = 128 + SIGKILL };

static const char *program(void) {
    const char *name = getenv("EQSPICE");
    return name == NULL ? "build/eqspice" : name;
}

/* In the child: the fault, output to the file `said`, no file larger than most [bytes] (0: any). */
static _Noreturn void become(char *line, const char *fault, rlim_t most) {
    char *argv[MOST_WORDS + 2] = {NULL}, shim[LONGEST], *rest = NULL;
    const char *name = program(), *slash = strrchr(name, '/');
    snprintf(shim, sizeof shim, "%.*s/faults.so", slash == NULL ? 1 : (int)(slash - name),
             slash == NULL ? "." : name);
    int n = 0, out = open(in("said"), O_CREAT | O_WRONLY | O_TRUNC, 0666);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (fault != NULL && (setenv("EQ_FAULT", fault, 1) != 0 || setenv("LD_PRELOAD", shim, 1) != 0 ||
                          access(shim, R_OK) != 0))
        _exit(99);
    if (most > 0) {
        signal(SIGXFSZ, SIG_IGN); /* a write beyond it fails with EFBIG */
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){most, most});
    }
    setenv("TMPDIR", scratch_current(), 1); /* what is killed leaves its folder */
    argv[n++] = (char *)(uintptr_t)name;
    for (char *word = strtok_r(line, " ", &rest); word != NULL && n < MOST_WORDS;
         word = strtok_r(NULL, " ", &rest))
        argv[n++] = word;
    execv(name, argv);
    _exit(99);
}

static pid_t start(const char *line, const char *fault, rlim_t most) {
    char copy[LONGEST];
    snprintf(copy, sizeof copy, "%s", line);
    pid_t child = fork();
    if (child == 0) become(copy, fault, most);
    ck_assert_int_gt(child, 0);
    return child;
}

/* The exit status, 128 + the signal that ended it. */
static int finish(pid_t child) {
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_with(const char *fault, const char *line) {
    int exit_status = finish(start(line, fault, 0));
    ck_assert_msg(exit_status != 99, "cannot start %s with the fault %s", program(),
                  fault == NULL ? "none" : fault);
    return exit_status;
}

static void assert_said(const char *part, const char *fault) {
    char *text = file_text(in("said"));
    ck_assert_msg(strstr(text, part) != NULL, "%s: no '%s' in: %s", fault, part, text);
    eq_free(text);
}

/* A command that writes over the file `old` in the folder. */
static const char *const writer[] = {
    "export netlists/iris.cir --to xyce -o %s",
    "export netlists/iris.cir --to xml -o %s",
    "op netlists/amplifier.cir --format raw -o %s",
    "run netlists/antiparallel.cir --format csv -o %s",
    "build kendall --layers 8,4,4 -o %s",
};
enum { WRITERS = sizeof writer / sizeof *writer };

static const char old[] = "what was here before\n";

static void write_line(char *line, int which) {
    snprintf(line, LONGEST, writer[which], in("old"));
    ck_assert_int_eq(eq_file_write(in("old"), old, sizeof old - 1, NULL), EQ_OK);
}

/* The old text, or the whole new one. */
static void assert_whole(const char *whole, const char *fault, bool must_be_old) {
    char *text = file_text(in("old"));
    bool is_old = strcmp(text, old) == 0;
    ck_assert_msg(is_old || (!must_be_old && strcmp(text, whole) == 0), "%s: the file holds %.200s",
                  fault, text);
    eq_free(text);
}

/* Killed before each call that writes. */
START_TEST(a_killed_writer_leaves_a_whole_file) {
    char line[LONGEST], fault[64];
    write_line(line, _i);
    ck_assert_int_eq(run_with(NULL, line), 0);
    char *whole = file_text(in("old"));
    int n = 1, exit_status = KILLED;
    for (; exit_status == KILLED && n < MOST_CALLS; n++) {
        write_line(line, _i);
        snprintf(fault, sizeof fault, "any:%d:kill", n);
        exit_status = run_with(fault, line);
        assert_whole(whole, fault, false);
    }
    ck_assert_int_eq(exit_status, 0);
    ck_assert_int_gt(n, 5); /* openat, fflush, fsync, fclose, renameat were met */
    eq_free(whole);
}
END_TEST

static const struct {
    const char *call;
    int code;
    bool keeps; /* the fault is met before the new file is in place */
} failing[] = {
    {"openat:1", EROFS, true},  {"openat:1", EACCES, true},  {"fflush:1", ENOSPC, true},
    {"fsync:1", EIO, true},     {"fsync:1", ENOSPC, true},   {"fsync:2", EIO, false},
    {"fclose:1", EDQUOT, true}, {"renameat:1", EROFS, true},
};
enum { FAILING = sizeof failing / sizeof *failing };

/* A full disk, a read-only folder, fsync that fails: exit status 1, a message, the old file, no
 * litter. */
START_TEST(a_failing_system_is_told) {
    char line[LONGEST], fault[64];
    for (int w = 0; w < WRITERS; w++) {
        write_line(line, w);
        ck_assert_int_eq(run_with(NULL, line), 0);
        char *whole = file_text(in("old"));
        write_line(line, w);
        snprintf(fault, sizeof fault, "%s:%d", failing[_i].call, failing[_i].code);
        int exit_status = run_with(fault, line);
        ck_assert_msg(exit_status == 1, "%s with %s: exit status %d", line, fault, exit_status);
        assert_said("cannot write '", fault);
        assert_said(strerror(failing[_i].code), fault);
        assert_whole(whole, fault, failing[_i].keeps);
        eq_free(whole);
        snprintf(line, sizeof line, "exec test -z \"$(ls -A %s | grep tmp)\"", in(""));
        ck_assert_int_eq(system(line), 0);
    }
}
END_TEST

/* The limit of the system itself, without the shim: files of at most 2 bytes. */
START_TEST(a_limit_of_the_system_is_told) {
    char line[LONGEST];
    write_line(line, _i);
    ck_assert_int_eq(finish(start(line, NULL, 2)), 1);
    assert_whole("", "a limit of 2 bytes", true);
    if (!has_proc("a folder that takes no files")) return;
    snprintf(line, sizeof line, writer[_i], "/proc/old");
    ck_assert_int_eq(run_with(NULL, line), 1);
    assert_said("cannot write '/proc/old': ", "/proc");
}
END_TEST

/* What a training folder may hold at any moment: nothing, or whole files. */
static void check_run(const char *run, const char *fault) {
    char path[LONGEST];
    eq_checkpoint k;
    eq_circuit *c = NULL;
    snprintf(path, sizeof path, "%s/checkpoint", run);
    if (access(path, F_OK) == 0) {
        ck_assert_msg(eq_checkpoint_read(path, &k, NULL) == EQ_OK, "%s: checkpoint", fault);
        eq_checkpoint_free(&k);
    }
    snprintf(path, sizeof path, "%s/model.cir", run);
    if (access(path, F_OK) == 0) {
        ck_assert_msg(eq_circuit_read(path, &c, NULL) == EQ_OK, "%s: model.cir", fault);
        eq_circuit_free(c);
    }
    snprintf(path, sizeof path, "%s/metrics.csv", run);
    if (access(path, F_OK) != 0) return;
    char *text = file_text(path);
    ck_assert_msg(text[strlen(text) - 1] == '\n', "%s: metrics.csv", fault);
    eq_free(text);
}

static bool same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Same conductances, optimizer state, random numbers and losses, bit for bit; the same deck. */
static void assert_same_runs(const char *a, const char *b) {
    eq_checkpoint p, q;
    char path[2][LONGEST];
    for (int k = 0; k < 2; k++) snprintf(path[k], LONGEST, "%s/checkpoint", k == 0 ? a : b);
    ck_assert_int_eq(eq_checkpoint_read(path[0], &p, NULL), EQ_OK);
    ck_assert_int_eq(eq_checkpoint_read(path[1], &q, NULL), EQ_OK);
    ck_assert_uint_eq(p.epoch, q.epoch);
    ck_assert_uint_eq(p.steps, q.steps);
    ck_assert_uint_eq(p.conductances, q.conductances);
    ck_assert_mem_eq(p.g, q.g, p.conductances * sizeof *p.g);
    for (uint64_t k = 0; k < p.states; k++)
        ck_assert_mem_eq(p.state[k], q.state[k], p.conductances * sizeof *p.g);
    ck_assert_mem_eq(&p.shuffle, &q.shuffle, sizeof p.shuffle);
    ck_assert_mem_eq(&p.sign, &q.sign, sizeof p.sign);
    ck_assert_uint_eq(p.extras, q.extras);
    if (p.extras > 0) ck_assert_mem_eq(p.extra, q.extra, p.extras * sizeof *p.extra);
    ck_assert_uint_eq(p.rows, q.rows);
    for (uint64_t k = 0; k < p.rows; k++)
        ck_assert(same_bits(p.row[k].train_loss, q.row[k].train_loss) &&
                  same_bits(p.row[k].test_loss, q.row[k].test_loss));
    eq_checkpoint_free(&p);
    eq_checkpoint_free(&q);
    for (int k = 0; k < 2; k++) snprintf(path[k], LONGEST, "%s/model.cir", k == 0 ? a : b);
    if (access(path[0], F_OK) != 0 && access(path[1], F_OK) != 0) return; /* no circuit */
    char *text[2] = {file_text(path[0]), file_text(path[1])};
    ck_assert_str_eq(text[0], text[1]);
    eq_free(text[0]);
    eq_free(text[1]);
}

static void train_line(char *line, const char *run, int epochs) {
    char path[LONGEST];
    snprintf(path, sizeof path, "%s/checkpoint", run);
    snprintf(line, LONGEST, "train netlists/iris.xml --save-every 0 --epochs %d -o %s%s", epochs,
             run, access(path, F_OK) == 0 ? " --resume" : " --force");
}

/* Killed before every single write of a training of three epochs, and resumed. */
START_TEST(a_killed_training_resumes_to_the_same_bits) {
    char line[LONGEST], fault[64];
    train_line(line, in("whole"), 3);
    ck_assert_int_eq(run_with(NULL, line), 0);
    int n = 1, exit_status = KILLED;
    for (; exit_status == KILLED && n < MOST_CALLS; n++) {
        const char *run = in("killed");
        snprintf(line, sizeof line, "rm -rf %s", run);
        ck_assert_int_eq(system(line), 0);
        train_line(line, run, 3);
        snprintf(fault, sizeof fault, "any:%d:kill", n);
        exit_status = run_with(fault, line);
        check_run(run, fault);
        train_line(line, run, 3);
        if (exit_status == KILLED) ck_assert_int_eq(run_with(NULL, line), 0);
        assert_same_runs(in("whole"), run);
    }
    ck_assert_int_eq(exit_status, 0);
    ck_assert_int_gt(n, 30);
}
END_TEST

/* What eval says of the run is what its checkpoint measured last, or a refusal; returns whether it
 * gave an answer. */
static bool check_evaluation(const char *run, const char *fault) {
    static const char *const refusal[] = {"has no model yet", "has no checkpoint yet",
                                          "there is no run in this folder",
                                          "belong to different runs"};
    char line[LONGEST], wanted[64];
    snprintf(line, sizeof line, "eval %s", run);
    int exit_status = run_with(NULL, line);
    char *said = file_text(in("said"));
    bool refused = false;
    for (size_t k = 0; k < sizeof refusal / sizeof *refusal; k++)
        refused = refused || strstr(said, refusal[k]) != NULL;
    ck_assert_msg(exit_status == (refused ? 2 : 0), "%s: eval ends with %d: %s", fault, exit_status,
                  said);
    if (!refused) {
        eq_checkpoint k;
        snprintf(line, sizeof line, "%s/checkpoint", run);
        ck_assert_int_eq(eq_checkpoint_read(line, &k, NULL), EQ_OK);
        snprintf(wanted, sizeof wanted, "loss %.6g ", k.row[k.rows - 1].test_loss);
        ck_assert_msg(strstr(said, wanted) != NULL, "%s: no '%s' in: %s", fault, wanted, said);
        eq_checkpoint_free(&k);
    }
    eq_free(said);
    return !refused;
}

/* A new run takes an old one's place, or a run goes on to more epochs, and is killed before every
 * single write: never a network of one under the name of the other. Afterwards it can be done
 * again. */
static const char *const taking[] = {"--force --seed 2 --epochs 2", "--force --epochs 2",
                                     "--resume --epochs 4"};
enum { TAKING = sizeof taking / sizeof *taking };

START_TEST(a_killed_successor_leaves_one_run) {
    char line[LONGEST], again[LONGEST], fault[64], *run = strdup(in("run"));
    snprintf(again, sizeof again, "train netlists/iris.xml --save-every 0 -o %s %s", run,
             taking[_i]);
    int n = 1, exit_status = KILLED, answers = 0;
    for (; exit_status == KILLED && n < MOST_CALLS; n++) {
        snprintf(line, sizeof line, "train netlists/iris.xml --epochs 3 --force -o %s", run);
        ck_assert_int_eq(run_with(NULL, line), 0);
        snprintf(fault, sizeof fault, "any:%d:kill", n);
        exit_status = run_with(fault, again);
        check_run(run, fault);
        answers += check_evaluation(run, fault);
    }
    ck_assert_int_eq(exit_status, 0);
    ck_assert_int_gt(n, 20);
    ck_assert_int_gt(answers, 2);
    ck_assert_int_eq(run_with(NULL, again), 0);
    ck_assert(check_evaluation(run, "at last"));
    free(run);
}
END_TEST

/* Two at once: the second is told who is there; after a kill -9 of the first the folder is free. */
START_TEST(two_trainings_in_one_folder) {
    char line[LONGEST], owner[64];
    snprintf(line, sizeof line, "train netlists/iris.xml --epochs 1000000 --save-every 0 -o %s",
             in("run"));
    pid_t first = start(line, NULL, 0);
    for (int k = 0; k < 1000 && access(in("run/checkpoint"), F_OK) != 0; k++)
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    snprintf(owner, sizeof owner, "another training (process %ld on ", (long)first);
    static const char *const option[] = {"", " --resume", " --force"};
    for (int k = 0; k < 3; k++) {
        snprintf(line, sizeof line, "train netlists/iris.xml -o %s%s", in("run"), option[k]);
        ck_assert_int_eq(run_with(NULL, line), 2);
        assert_said(owner, option[k]);
    }
    ck_assert(!check_evaluation(in("run"), "a running training")); /* has no model yet */
    kill(first, SIGKILL);
    ck_assert_int_eq(finish(first), KILLED);
    ck_assert_int_eq(access(in("run/.eqspice.lock"), F_OK), 0);
    snprintf(line, sizeof line, "train netlists/iris.xml -o %s --force", in("run"));
    ck_assert_int_eq(run_with(NULL, line), 0);
    ck_assert(check_evaluation(in("run"), "taken over"));
}
END_TEST

/* Files that cannot be removed keep the old run; a file system without locks is told and used. */
START_TEST(failing_unlink_and_flock_are_told) {
    char line[LONGEST];
    snprintf(line, sizeof line, "train netlists/iris.xml --epochs 2 --force -o %s", in("run"));
    ck_assert_int_eq(run_with("flock:1:38", line), 0);
    assert_said("warning: the folder '", "flock");
    assert_said("see to it that no other training writes there", "flock");
    ck_assert(check_evaluation(in("run"), "flock"));
    ck_assert_int_eq(run_with("unlink:1:13", line), 1);
    assert_said("cannot remove '", "unlink");
    ck_assert(check_evaluation(in("run"), "unlink"));
}
END_TEST

static const char *const training_faults[] = {"openat:3:28",  "fflush:4:28",  "fsync:5:5",
                                              "fsync:6:5",    "fclose:3:122", "renameat:2:30",
                                              "renameat:5:30"};
enum { TRAINING_FAULTS = sizeof training_faults / sizeof *training_faults };

/* The disk fills up in the middle of a training: exit status 1, whole files, and it goes on from
 * there. */
START_TEST(a_training_on_a_full_disk_goes_on_later) {
    char line[LONGEST];
    const char *fault = training_faults[_i];
    train_line(line, in("whole"), 3);
    ck_assert_int_eq(run_with(NULL, line), 0);
    train_line(line, in("full"), 3);
    ck_assert_int_eq(run_with(fault, line), 1);
    assert_said("cannot write '", fault);
    check_run(in("full"), fault);
    train_line(line, in("full"), 3);
    ck_assert_int_eq(run_with(NULL, line), 0);
    assert_same_runs(in("whole"), in("full"));
}
END_TEST

/* A disk that cannot be read, and a file that was cut while it was read. */
START_TEST(a_file_that_cannot_be_read_is_told) {
    char fault[64];
    snprintf(fault, sizeof fault, "read:1:%d", EIO);
    ck_assert_int_eq(run_with(fault, "op netlists/divider.cir"), 2);
    assert_said("cannot read 'netlists/divider.cir': Input/output error", fault);
    ck_assert_int_eq(run_with("read:1:-1", "op netlists/divider.cir"), 2);
    assert_said("netlists/divider.cir", "read:1:-1");
}
END_TEST

/* Decks do without it. */
START_TEST(a_missing_libxml2_is_told) {
    static const char *const fault = "dlopen:1:2";
    ck_assert_int_eq(run_with(fault, "train netlists/iris.xml"), 1);
    assert_said("eqspice: error: libxml2 is missing: /no/such/library", fault);
    assert_said("install the package libxml2", fault);
    ck_assert_int_eq(run_with(fault, "op netlists/divider.cir"), 0);
}
END_TEST

/* kill -9 at random moments, again and again, until the training has ended by itself. */
START_TEST(kills_at_random_moments_cost_nothing) {
    char line[LONGEST];
    int epochs = 150;
    size_t kills = 0, wanted = effort(10, 200);
    eq_random r = eq_random_seed((uint64_t)wanted);
    train_line(line, in("whole"), epochs);
    ck_assert_int_eq(run_with(NULL, line), 0);
    while (kills < wanted) {
        const char *run = in("killed");
        train_line(line, run, epochs);
        pid_t child = start(line, NULL, 0);
        nanosleep(&(struct timespec){0, (long)eq_random_below(&r, 120000000)}, NULL);
        kill(child, SIGKILL);
        int exit_status = finish(child);
        ck_assert(exit_status == 0 || exit_status == KILLED);
        check_run(run, "a kill");
        kills += exit_status == KILLED;
        if (exit_status != 0 && kills < wanted) continue;
        train_line(line, run, epochs);
        ck_assert_int_eq(run_with(NULL, line), 0);
        assert_same_runs(in("whole"), run);
        snprintf(line, sizeof line, "rm -r %s", run);
        ck_assert_int_eq(system(line), 0);
    }
}
END_TEST

/* Trainings whose first epoch takes seconds. */
static const char *const slow[] = {
    "train netlists/meta-sine.xml --set meta.tolerance=1e-300 --set meta.steps=300",
    "train netlists/hopfield-digits.xml --set network.solver=euler --set network.step=0.05 "
    "--set network.steps=1000000 --set network.tolerance=1e-3",
};
enum { SLOW = sizeof slow / sizeof *slow };

static uint64_t position_in(const char *run) {
    char path[LONGEST];
    eq_checkpoint k = {0};
    snprintf(path, sizeof path, "%s/checkpoint", run);
    ck_assert_int_eq(eq_checkpoint_read(path, &k, NULL), EQ_OK);
    ck_assert_uint_eq(k.epoch, 0);
    uint64_t position = k.position;
    eq_checkpoint_free(&k);
    return position;
}

/* Killed as soon as there is a checkpoint, which is before the first epoch has ended, and resumed. */
START_TEST(a_training_killed_in_a_long_epoch_goes_on_there) {
    char line[LONGEST], path[LONGEST];
    const char *run = in("killed");
    snprintf(line, sizeof line, "%s --epochs 1 -o %s", slow[_i], in("whole"));
    ck_assert_int_eq(run_with(NULL, line), 0);
    snprintf(line, sizeof line, "%s --epochs 1 -o %s", slow[_i], run);
    snprintf(path, sizeof path, "%s/checkpoint", run);
    pid_t child = start(line, NULL, 0);
    for (int k = 0; k < 60000 && access(path, F_OK) != 0; k++)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    kill(child, SIGKILL);
    ck_assert_int_eq(finish(child), KILLED);
    ck_assert_uint_gt(position_in(run), 0);
    snprintf(line, sizeof line, "%s --epochs 1 -o %s --resume", slow[_i], run);
    ck_assert_int_eq(run_with(NULL, line), 0);
    assert_same_runs(in("whole"), run);
}
END_TEST

/* kill -9 of an export at random moments: the old deck or the new one. */
START_TEST(killed_exports_leave_whole_decks) {
    char line[LONGEST];
    size_t kills = effort(20, 200);
    eq_random r = eq_random_seed(9);
    write_line(line, 0);
    ck_assert_int_eq(run_with(NULL, line), 0);
    char *whole = file_text(in("old"));
    for (size_t k = 0; k < kills; k++) {
        if (k % 2 == 0) write_line(line, 0);
        pid_t child = start(line, NULL, 0);
        nanosleep(&(struct timespec){0, (long)eq_random_below(&r, 12000000)}, NULL);
        kill(child, SIGKILL);
        finish(child);
        assert_whole(whole, "a kill", false);
    }
    eq_free(whole);
}
END_TEST

#ifndef EQ_COVERAGE
static const char *const hungry[] = {
    "op netlists/antiparallel.cir", "run netlists/controlled.cir --format csv",
    "check netlists/amplifier.cir", "export netlists/iris.cir --to xyce", "build drn --layers 4,2"};
enum { HUNGRY = sizeof hungry / sizeof *hungry };

/* malloc of the whole process, libraries included, fails at its n-th call and for good: never a
 * signal, always the reason. */
START_TEST(the_default_path_survives_every_malloc) {
    char fault[64];
    int n = 1, exit_status = 1;
    int step = (int)effort(5, 1);
    for (; exit_status != 0 && n < 5000; n += step) {
        snprintf(fault, sizeof fault, "malloc:%d:%d", n, ENOMEM);
        exit_status = run_with(fault, hungry[_i]);
        ck_assert_msg(exit_status <= 1, "%s, %s: exit status %d", hungry[_i], fault, exit_status);
        if (exit_status == 1) assert_said(": error: out of memory; ", fault);
    }
    ck_assert_int_eq(exit_status, 0);
    ck_assert_int_gt(n, 50);
}
END_TEST
#endif

/* Sanitizers have a malloc of their own, which the shim would stand in front of. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SHIM = 0 };
#else
enum { SHIM = 1 };
#endif

Suite *crash_suite(void) {
    Suite *s = suite_create("crash");
    TCase *t = tcase_create("crash");
    tcase_set_timeout(t, 900);
    tcase_add_checked_fixture(t, scratch_make, scratch_drop);
    tcase_add_loop_test(t, a_killed_writer_leaves_a_whole_file, 0, SHIM * WRITERS);
    tcase_add_loop_test(t, a_failing_system_is_told, 0, SHIM * FAILING);
    tcase_add_loop_test(t, a_limit_of_the_system_is_told, 0, WRITERS);
    tcase_add_loop_test(t, a_killed_training_resumes_to_the_same_bits, 0, SHIM);
    tcase_add_loop_test(t, a_killed_successor_leaves_one_run, 0, SHIM * TAKING);
    tcase_add_test(t, two_trainings_in_one_folder);
    tcase_add_loop_test(t, failing_unlink_and_flock_are_told, 0, SHIM);
    tcase_add_loop_test(t, a_training_on_a_full_disk_goes_on_later, 0, SHIM * TRAINING_FAULTS);
    tcase_add_loop_test(t, a_missing_libxml2_is_told, 0, SHIM);
    tcase_add_loop_test(t, a_file_that_cannot_be_read_is_told, 0, SHIM);
    tcase_add_test(t, kills_at_random_moments_cost_nothing);
    tcase_add_loop_test(t, a_training_killed_in_a_long_epoch_goes_on_there, 0, SLOW);
    tcase_add_test(t, killed_exports_leave_whole_decks);
#ifndef EQ_COVERAGE /* libgcov does not survive it */
    tcase_add_loop_test(t, the_default_path_survives_every_malloc, 0, SHIM * HUNGRY);
#endif
    suite_add_tcase(s, t);
    return s;
}
