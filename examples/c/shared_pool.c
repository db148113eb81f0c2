/* Two models on the threads of one pool: as many as the program wants to spend on inference, whatever it loads.
 *
 *   cc -std=c11 examples/c/shared_pool.c -Iinclude -Ltarget/debug -ldunlin -pthread -o shared_pool
 *   LD_LIBRARY_PATH=target/debug ./shared_pool examples/digits/digits.onnx examples/digits/digits.onnx
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "dunlin.h"

static const float image[28 * 28];

static void check(int works, const char *what) {
    if (!works) {
        const char *why = dunlin_last_error();
        fprintf(stderr, "%s: %s\n", what, why != NULL ? why : "failed");
        exit(1);
    }
}

static void *run(void *user) {
    const size_t dims[] = {1, 1, 28, 28};
    dunlin_value *input = NULL, *output = NULL;
    check(dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 4, image, sizeof image, NULL, NULL, &input) == DUNLIN_OK, "input");
    const dunlin_value *inputs[] = {input};
    for (int i = 0; i < 20; i++) {
        check(dunlin_model_run(user, NULL, inputs, 1, NULL, &output, 1, NULL) == DUNLIN_OK, "run");
        dunlin_value_free(output);
    }
    dunlin_value_free(input);
    return NULL;
}

int main(int argc, char **argv) {
    check(argc == 3, "usage: shared_pool MODEL MODEL");
    dunlin_pool *pool = NULL;
    dunlin_options *options = NULL;
    dunlin_model *models[2] = {NULL};
    pthread_t threads[2];
    check(dunlin_pool_new(2, &pool) == DUNLIN_OK, "pool");
    check(dunlin_options_new(&options) == DUNLIN_OK, "options");
    check(dunlin_options_set_pool(options, pool) == DUNLIN_OK, "pool");
    for (int i = 0; i < 2; i++) {
        check(dunlin_model_load(argv[1 + i], DUNLIN_NUL_TERMINATED, options, &models[i]) == DUNLIN_OK, "load");
    }
    for (int i = 0; i < 2; i++) {
        check(pthread_create(&threads[i], NULL, run, models[i]) == 0, "thread");
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        dunlin_model_free(models[i]);
    }
    printf("2 models ran 20 times each, at the same time, on a pool of %zu threads\n", dunlin_pool_threads(pool));
    dunlin_options_free(options);
    dunlin_pool_free(pool);
    return 0;
}
