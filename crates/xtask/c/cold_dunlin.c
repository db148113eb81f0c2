/* From main() to the first result of a model with one input of `float`: prints milliseconds and the largest output's place.
 *
 *   cold_dunlin MODEL THREADS DIM...
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dunlin.h"

static double now_ms(void) {
    struct timespec time;
    timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

int main(int argc, char **argv) {
    double start = now_ms();
    size_t dims[8], n = 1, rank = (size_t)(argc - 3);
    if (argc < 4 || rank > 8) {
        return 2;
    }
    for (size_t i = 0; i < rank; i++) {
        dims[i] = (size_t)atoi(argv[3 + i]);
        n *= dims[i];
    }
    float *data = malloc(n * sizeof *data);
    for (size_t i = 0; data != NULL && i < n; i++) {
        data[i] = (float)(i % 8) / 8;
    }
    dunlin_options *options = NULL;
    dunlin_model *model = NULL;
    dunlin_value *input = NULL, *output = NULL;
    const void *result = NULL;
    size_t n_bytes = 0;
    if (dunlin_options_new(&options) != DUNLIN_OK
        || dunlin_options_set_threads(options, (size_t)atoi(argv[2])) != DUNLIN_OK
        || dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, options, &model) != DUNLIN_OK
        || dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, rank, data, n * sizeof *data, NULL, NULL, &input) != DUNLIN_OK
        || dunlin_model_run(model, NULL, (const dunlin_value *const *)&input, 1, NULL, &output, 1, NULL) != DUNLIN_OK
        || dunlin_tensor_data(output, &result, &n_bytes) != DUNLIN_OK) {
        fprintf(stderr, "%s\n", dunlin_last_error());
        return 1;
    }
    const float *numbers = result;
    size_t best = 0;
    for (size_t i = 0; i < n_bytes / sizeof *numbers; i++) {
        best = numbers[i] > numbers[best] ? i : best;
    }
    printf("%.4f %zu\n", now_ms() - start, best);
    return 0;
}
