/* Measures what the bindings of other languages are held against: a picture of 640 by 640 goes in as a copy, runs on one thread, and
 * what comes out is read.
 *
 *   cc -std=c11 -O2 tests/c/picture.c -Iinclude -Ltarget/release -ldunlin -o picture
 *   LD_LIBRARY_PATH=target/release ./picture tests/scenarios/models/add_float32.onnx [MODEL ..]
 */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dunlin.h"

enum { SIDE = 640, N_FLOATS = 3 * SIDE * SIDE, MAX_BATCHES = 101 };

static float pixels[N_FLOATS];

static void check(dunlin_status status) {
    if (status != DUNLIN_OK) {
        fprintf(stderr, "%s\n", dunlin_last_error());
        exit(1);
    }
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One run; `one` is the second input, or NULL. */
static void run(const dunlin_model *model, const size_t *dims, size_t rank, const dunlin_value *one) {
    dunlin_value *picture = NULL, *output = NULL;
    check(dunlin_value_new_tensor(DUNLIN_FLOAT32, dims, rank, pixels, sizeof pixels, &picture));
    const dunlin_value *inputs[] = {picture, one};
    check(dunlin_model_run(model, NULL, inputs, one == NULL ? 1 : 2, NULL, &output, 1, NULL));
    dunlin_value_free(output);
    dunlin_value_free(picture);
}

static void measure(const char *path, const size_t *dims, size_t rank, const dunlin_value *one, int n, int batches) {
    dunlin_options *options = NULL;
    dunlin_model *model = NULL;
    check(dunlin_options_new(&options));
    check(dunlin_options_set_threads(options, 1));
    check(dunlin_model_load(path, DUNLIN_NUL_TERMINATED, options, &model));
    double times[MAX_BATCHES];
    for (int i = -batches / 2; i < batches; i++) {
        const double start = now();
        for (int k = 0; k < n; k++) {
            run(model, dims, rank, one);
        }
        times[i < 0 ? 0 : i] = (now() - start) / n;
    }
    qsort(times, (size_t)batches, sizeof times[0], compare);
    printf("%-60s %12.2f us\n", path, times[batches / 2]);
    dunlin_model_free(model);
    dunlin_options_free(options);
}

int main(int argc, char **argv) {
    const float number = 1.0f;
    const size_t rows[] = {SIDE * SIDE, 3}, picture[] = {1, 3, SIDE, SIDE};
    dunlin_value *one = NULL;
    check(dunlin_value_new_tensor(DUNLIN_FLOAT32, NULL, 0, &number, sizeof number, &one));
    for (int i = 1; i < argc; i++) {
        if (i == 1) {
            measure(argv[i], rows, 2, one, 5, MAX_BATCHES);
        } else {
            measure(argv[i], picture, 4, NULL, 1, 11);
        }
    }
    dunlin_value_free(one);
    return 0;
}
