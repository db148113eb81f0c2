/* Sixteen threads load, run, cancel and free shared models at random: every call gives its answer, bit for bit, or one of the errors
 * that such a host must expect, and memory does not grow. Arguments: a model of digits, seconds. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

enum { N_THREADS = 16, N_SLOTS = 6, N_LEVELS = 4 };

/* What all threads share: each takes, uses and frees what others put there. */
static _Atomic(dunlin_model *) models[N_SLOTS];
static _Atomic(dunlin_session *) sessions[N_SLOTS];
static _Atomic(dunlin_cancel *) cancels[N_SLOTS];
static dunlin_value *pictures[N_LEVELS];
static float answers[N_LEVELS][N_SCORES];
static dunlin_pool *pool;
static const char *path;
static atomic_int n_unexpected;
static atomic_bool is_over;

typedef struct tally {
    unsigned long n_calls, n_good, n_stopped, n_freed, n_busy;
    unsigned seed;
} tally;

static unsigned pick(tally *self, unsigned n) {
    self->seed = self->seed * 1664525u + 1013904223u;
    return (self->seed >> 8) % n;
}

static void judge(tally *self, dunlin_status status, const char *what) {
    self->n_calls++;
    self->n_good += status == DUNLIN_OK;
    self->n_stopped += status == DUNLIN_CANCELLED || status == DUNLIN_DEADLINE;
    self->n_freed += status == DUNLIN_INVALID_HANDLE || status == DUNLIN_NULL_ARGUMENT;
    self->n_busy += status == DUNLIN_BUSY;
    switch (status) {
    case DUNLIN_OK: case DUNLIN_CANCELLED: case DUNLIN_DEADLINE: case DUNLIN_INVALID_HANDLE: case DUNLIN_NULL_ARGUMENT: case DUNLIN_BUSY:
        return;
    default:
        n_unexpected++;
        printf("%s: %s (%s)\n", what, dunlin_status_name(status), dunlin_last_error());
    }
}

static void load_one(tally *self, unsigned slot) {
    dunlin_options *options = NULL;
    dunlin_model *model = NULL;
    judge(self, dunlin_options_new(&options), "options");
    if (pick(self, 4) > 0) {
        judge(self, dunlin_options_set_pool(options, pool), "pool");
    } else {
        judge(self, dunlin_options_set_threads(options, 1 + pick(self, 3)), "threads");
    }
    if (pick(self, 8) == 0) {
        judge(self, dunlin_options_set_cancel(options, cancels[slot]), "a load's switch");
    }
    judge(self, dunlin_model_load(path, DUNLIN_NUL_TERMINATED, options, &model), "load");
    dunlin_options_free(options);
    if (model != NULL) {
        dunlin_session *session = NULL;
        judge(self, dunlin_session_new(model, &session), "session");
        dunlin_session_free(atomic_exchange(&sessions[slot], session));
        dunlin_model_free(atomic_exchange(&models[slot], model));
    }
}

static void run_one(tally *self, unsigned slot) {
    const unsigned level = pick(self, N_LEVELS);
    float scores[N_SCORES] = {0};
    dunlin_output output = {sizeof output, "probabilities", scores, sizeof scores};
    dunlin_run_options *options = NULL;
    dunlin_report *report = NULL;
    const dunlin_value *inputs[] = {pictures[level]};
    judge(self, dunlin_run_options_new(&options), "options");
    if (pick(self, 2) == 0) {
        judge(self, dunlin_run_options_set_cancel(options, cancels[slot]), "a run's switch");
    }
    if (pick(self, 8) == 0) {
        judge(self, dunlin_run_options_set_timeout_ms(options, 1), "timeout");
    }
    dunlin_report **out_report = pick(self, 8) == 0 ? &report : NULL;
    const dunlin_status status = pick(self, 2) == 0
        ? dunlin_model_run_into(models[slot], NULL, inputs, 1, options, &output, 1, out_report)
        : dunlin_session_run_into(sessions[slot], NULL, inputs, 1, options, &output, 1, out_report);
    judge(self, status, "run");
    if (status == DUNLIN_OK && memcmp(scores, answers[level], sizeof scores) != 0) {
        n_unexpected++;
        printf("a run gave other bits\n");
    }
    dunlin_report_free(report);
    dunlin_run_options_free(options);
}

static void *work(void *user) {
    tally *self = user;
    while (!is_over) {
        const unsigned slot = pick(self, N_SLOTS), choice = pick(self, 100);
        dunlin_cancel *cancel = NULL;
        if (choice < 8) {
            load_one(self, slot);
        } else if (choice < 10) {
            dunlin_model_free(atomic_exchange(&models[slot], NULL));
        } else if (choice < 12) {
            dunlin_session_free(atomic_exchange(&sessions[slot], NULL));
        } else if (choice < 14) {
            /* Freed twice: another thread may have freed it in between. */
            dunlin_model *model = models[slot];
            dunlin_model_free(model);
            dunlin_model_free(model);
        } else if (choice < 17) {
            judge(self, dunlin_cancel_set(cancels[slot]), "cancel");
        } else if (choice < 22) {
            judge(self, dunlin_cancel_new(&cancel), "a new switch");
            dunlin_cancel_free(atomic_exchange(&cancels[slot], cancel));
        } else {
            run_one(self, slot);
        }
    }
    return NULL;
}

/* Bytes of memory that the process has. */
static long resident(void) {
    long pages = 0, n = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        n = fscanf(file, "%*d %ld", &pages);
        fclose(file);
    }
    return n == 1 ? pages * sysconf(_SC_PAGESIZE) : 0;
}

static void sleep_for(double seconds) {
    const struct timespec time = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
    nanosleep(&time, NULL);
}

int main(int argc, char **argv) {
    static tally tallies[N_THREADS];
    pthread_t threads[N_THREADS];
    dunlin_model *model = NULL;
    if (argc != 3) {
        return 2;
    }
    path = argv[1];
    const double seconds = atof(argv[2]);
    expect(dunlin_pool_new(2, &pool), DUNLIN_OK, "pool");
    expect(load(path, 1, &model), DUNLIN_OK, "load");
    for (int i = 0; i < N_LEVELS; i++) {
        pictures[i] = picture(0.2f + 0.25f * (float)i);
        expect(classify(model, pictures[i], NULL, answers[i]), DUNLIN_OK, "run");
    }
    dunlin_model_free(model);
    for (int i = 0; i < N_THREADS; i++) {
        tallies[i].seed = (unsigned)i + 1;
        expect_true(pthread_create(&threads[i], NULL, work, &tallies[i]) == 0, "no thread");
    }
    sleep_for(seconds / 3);
    const long early = resident();
    sleep_for(2 * seconds / 3);
    is_over = true;
    tally all = {0};
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
        all.n_calls += tallies[i].n_calls;
        all.n_good += tallies[i].n_good;
        all.n_stopped += tallies[i].n_stopped;
        all.n_freed += tallies[i].n_freed;
        all.n_busy += tallies[i].n_busy;
    }
    const long late = resident();
    for (int i = 0; i < N_SLOTS; i++) {
        dunlin_model_free(models[i]);
        dunlin_session_free(sessions[i]);
        dunlin_cancel_free(cancels[i]);
    }
    for (int i = 0; i < N_LEVELS; i++) {
        dunlin_value_free(pictures[i]);
    }
    dunlin_pool_free(pool);
    printf("%lu calls: %lu good, %lu stopped, %lu of freed handles, %lu busy; %ld kB after a third, %ld kB at the end\n", all.n_calls,
        all.n_good, all.n_stopped, all.n_freed, all.n_busy, early / 1024, late / 1024);
    expect_true(n_unexpected == 0, "unexpected errors or answers");
    expect_true(all.n_good > 0 && all.n_stopped > 0 && all.n_freed > 0, "not everything happened");
    /* The allocator keeps what threads gave back; a leak of a kilobyte per load would be far more in a long run. */
    expect_true(late < early + early / 4 + (8 << 20), "memory grows");
    return verdict();
}
