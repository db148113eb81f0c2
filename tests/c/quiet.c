/* What a guest must leave alone: signals, output, environment variables, the working directory, open files, and the CPU while idle. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

static char asked[64][32];
static size_t n_asked = 0;
static int is_watching = 0;
extern char **environ;

/* Stands before the C library's: whoever in the process asks for a variable asks here. */
char *getenv(const char *name) {
    if (is_watching && n_asked < sizeof asked / sizeof *asked) {
        snprintf(asked[n_asked++], sizeof *asked, "%s", name);
    }
    const size_t length = strlen(name);
    for (char **entry = environ; *entry != NULL; entry++) {
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
            return *entry + length + 1;
        }
    }
    return NULL;
}

/* Loads, runs and fails, with reports. */
static dunlin_model *use(const char *path) {
    float scores[N_SCORES];
    dunlin_model *model = NULL;
    dunlin_report *report = NULL;
    expect(load(path, 4, &model), DUNLIN_OK, "load");
    expect(classify_level(model, 1.0f, scores), DUNLIN_OK, "run");
    expect(dunlin_model_report(model, &report), DUNLIN_OK, "report");
    dunlin_report_free(report);
    expect(dunlin_model_load_bytes("nonsense", 8, NULL, &model), DUNLIN_FORMAT, "nonsense");
    expect(dunlin_model_load("no such file", DUNLIN_NUL_TERMINATED, NULL, &model), DUNLIN_NOT_FOUND, "no file");
    return model;
}

static long written(const char *path) {
    struct stat info = {0};
    return stat(path, &info) == 0 ? (long)info.st_size : -1;
}

static double used_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(int argc, char **argv) {
    static struct sigaction before[65], after[65];
    static char folder_before[4096], folder_after[4096], file[4096];
    sigset_t mask_before, mask_after;
    if (argc != 3) {
        return 2;
    }
    snprintf(file, sizeof file, "%s/output", argv[2]);
    const int out = dup(1), err = dup(2), n_files = n_entries("/proc/self/fd");
    for (int i = 1; i < 65; i++) {
        sigaction(i, NULL, &before[i]);
    }
    sigprocmask(SIG_SETMASK, NULL, &mask_before);
    if (getcwd(folder_before, sizeof folder_before) == NULL || freopen(file, "w", stdout) == NULL || dup2(fileno(stdout), 2) < 0) {
        return 2;
    }
    is_watching = 1;
    dunlin_model *model = use(argv[1]);
    is_watching = 0;
    fflush(NULL);
    const long n_bytes = written(file);
    dup2(out, 1);
    dup2(err, 2);
    expect_true(n_bytes == 0 || n_failed > 0, "something was written to stdout or stderr");
    expect_true(n_failed == 0, "a call failed");

    for (int i = 1; i < 65; i++) {
        sigaction(i, NULL, &after[i]);
        int is_same = before[i].sa_handler == after[i].sa_handler && before[i].sa_flags == after[i].sa_flags;
        for (int other = 1; other < 65; other++) {
            is_same = is_same && sigismember(&before[i].sa_mask, other) == sigismember(&after[i].sa_mask, other);
        }
        expect_true(is_same, "a signal's handler has changed");
    }
    sigprocmask(SIG_SETMASK, NULL, &mask_after);
    for (int i = 1; i < 65; i++) {
        expect_true(sigismember(&mask_before, i) == sigismember(&mask_after, i), "the mask of signals has changed");
    }
    expect_true(getcwd(folder_after, sizeof folder_after) != NULL && strcmp(folder_before, folder_after) == 0, "the working directory has changed");
    for (size_t i = 0; i < n_asked; i++) {
        if (strncmp(asked[i], "DUNLIN_", 7) != 0) {
            printf("the variable %s was read\n", asked[i]);
            n_failed++;
        }
    }

    /* A tenth of a second after its last run, a pool sleeps. */
    const struct timespec tenth = {0, 100000000}, while_idle = {0, 300000000};
    nanosleep(&tenth, NULL);
    const double start = used_seconds();
    nanosleep(&while_idle, NULL);
    const double used = used_seconds() - start;
    expect_true(used < 0.003, "an idle library uses the CPU");
    dunlin_model_free(model);
    expect_true(n_entries("/proc/self/fd") <= n_files, "a file is left open");
    expect_true(n_entries("/proc/self/task") == 3, "a thread is left");
    return verdict();
}
