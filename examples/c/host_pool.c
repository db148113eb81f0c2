/* Runs a model on threads that the program has already: Dunlin offers work, the program's workers take it when they find the time.
 *
 *   cc -std=c11 examples/c/host_pool.c -Iinclude -Ltarget/debug -ldunlin -pthread -o host_pool
 *   LD_LIBRARY_PATH=target/debug ./host_pool examples/digits/digits.onnx
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "dunlin.h"

enum { N_WORKERS = 3, MAX_JOBS = 64, N_IMAGES = 200 };

/* The program's own pool: jobs in a list, and workers that take them. */
typedef struct job {
    dunlin_task_fn run;
    void *task;
} job;

static job jobs[MAX_JOBS];
static size_t n_jobs = 0, n_done = 0;
static int is_over = 0;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static float images[N_IMAGES * 28 * 28];

static void *work(void *unused) {
    pthread_mutex_lock(&lock);
    while (!is_over || n_jobs > 0) {
        if (n_jobs == 0) {
            pthread_cond_wait(&changed, &lock);
            continue;
        }
        const job next = jobs[--n_jobs];
        pthread_mutex_unlock(&lock);
        next.run(next.task);
        pthread_mutex_lock(&lock);
        n_done++;
    }
    pthread_mutex_unlock(&lock);
    return unused;
}

/* Dunlin asks for help. Offers that find no room are dropped. */
static void spawn(void *user, dunlin_task_fn run, void *task, size_t n) {
    (void)user;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n && n_jobs < MAX_JOBS; i++) {
        jobs[n_jobs++] = (job){run, task};
    }
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void check(int works, const char *what) {
    if (!works) {
        const char *why = dunlin_last_error();
        fprintf(stderr, "%s: %s\n", what, why != NULL ? why : "failed");
        exit(1);
    }
}

int main(int argc, char **argv) {
    check(argc == 2, "usage: host_pool MODEL");
    const size_t dims[] = {N_IMAGES, 1, 28, 28};
    pthread_t workers[N_WORKERS];
    dunlin_pool *pool = NULL;
    dunlin_options *options = NULL;
    dunlin_model *model = NULL;
    dunlin_value *input = NULL, *output = NULL;
    for (int i = 0; i < N_WORKERS; i++) {
        check(pthread_create(&workers[i], NULL, work, NULL) == 0, "worker");
    }
    check(dunlin_pool_new_host(N_WORKERS + 1, spawn, NULL, NULL, &pool) == DUNLIN_OK, "pool");
    check(dunlin_options_new(&options) == DUNLIN_OK, "options");
    check(dunlin_options_set_pool(options, pool) == DUNLIN_OK, "pool");
    check(dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, options, &model) == DUNLIN_OK, "load");
    check(dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 4, images, sizeof images, NULL, NULL, &input) == DUNLIN_OK, "images");
    const dunlin_value *inputs[] = {input};
    check(dunlin_model_run(model, NULL, inputs, 1, NULL, &output, 1, NULL) == DUNLIN_OK, "run");
    dunlin_value_free(output);
    dunlin_value_free(input);
    dunlin_model_free(model);
    dunlin_options_free(options);
    dunlin_pool_free(pool);

    pthread_mutex_lock(&lock);
    is_over = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < N_WORKERS; i++) {
        pthread_join(workers[i], NULL);
    }
    printf("%d images on the program's threads, which helped %s\n", N_IMAGES, n_done > 0 ? "many times" : "never");
    return 0;
}
