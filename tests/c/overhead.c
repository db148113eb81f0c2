/* What a run costs besides the arithmetic: a model of one addition, run over and over between the host's own buffers. Takes the
 * model. Prints the median time of a run in nanoseconds, of the model's and of a session's. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dunlin.h"

enum { ROUNDS = 501, RUNS = 200, N = 4 };

static dunlin_model *model;
static dunlin_session *session;
static const float x[N] = {1.0f, 2.0f, 3.0f, 4.0f};
static float y[N];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* The median over rounds of the mean time of a run, in nanoseconds; less than 0 if one failed. */
static double measure(int with_session, const dunlin_value *const *inputs) {
    static double times[ROUNDS];
    const char *names[] = {"x", "b"};
    const dunlin_output output = {sizeof output, "y", y, sizeof y};
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        for (int i = 0; i < RUNS; i++) {
            dunlin_status status = with_session
                ? dunlin_session_run_into(session, names, inputs, 2, NULL, &output, 1, NULL)
                : dunlin_model_run_into(model, names, inputs, 2, NULL, &output, 1, NULL);
            if (status != DUNLIN_OK) {
                return -1.0;
            }
        }
        times[round] = (now() - start) / RUNS;
    }
    qsort(times, ROUNDS, sizeof *times, compare);
    return times[ROUNDS / 2];
}

int main(int argc, char **argv) {
    const size_t dims[] = {N};
    dunlin_options *options = NULL;
    dunlin_value *value = NULL;
    if (argc != 2 || dunlin_options_new(&options) || dunlin_options_set_threads(options, 1)
        || dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, options, &model) || dunlin_session_new(model, &session)
        || dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 1, x, sizeof x, NULL, NULL, &value)) {
        fprintf(stderr, "usage: overhead ADD.onnx\n");
        return 2;
    }
    const dunlin_value *inputs[] = {value, value};
    double of_model = measure(0, inputs), of_session = measure(1, inputs);
    int is_right = of_model > 0 && of_session > 0 && y[0] == 2.0f && y[N - 1] == 8.0f;
    printf("dunlin: a run of the model %.0f ns, of a session %.0f ns\n", of_model, of_session);
    dunlin_value_free(value);
    dunlin_session_free(session);
    dunlin_model_free(model);
    dunlin_options_free(options);
    return is_right ? 0 : 1;
}
