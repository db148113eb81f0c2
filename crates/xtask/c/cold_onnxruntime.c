/* From main() to the first result of a model with one input of `float` by ONNX Runtime's C API: as cold_dunlin.c.
 *
 *   cold_onnxruntime MODEL THREADS DIM...
 *
 * Its shared library comes with the Python package, its header does not; so the few functions are named by their fixed places in the table
 * that the library hands out.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct {
    const void *const *(*get_api)(uint32_t version);
    const char *(*version)(void);
} ort_base;

extern const ort_base *OrtGetApiBase(void);

enum {
    MESSAGE = 2,
    ENV = 3,
    SESSION = 7,
    RUN = 9,
    OPTIONS = 10,
    THREADS = 24,
    INPUT_NAME = 36,
    OUTPUT_NAME = 37,
    TENSOR = 49,
    DATA = 51,
    SHAPE_COUNT = 64,
    SHAPE = 65,
    MEMORY = 69,
    DEFAULT_ALLOCATOR = 78,
};

static const void *const *api;

static double now_ms(void) {
    struct timespec time;
    timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static void check(void *status) {
    if (status != NULL) {
        fprintf(stderr, "%s\n", ((const char *(*)(void *))(uintptr_t)api[MESSAGE])(status));
        exit(1);
    }
}

#define CALL(place, types, ...) check(((void *(*) types)(uintptr_t)api[place])(__VA_ARGS__))

int main(int argc, char **argv) {
    double start = now_ms();
    int64_t dims[8];
    size_t n = 1, rank = (size_t)(argc - 3), n_out = 0;
    if (argc < 4 || rank > 8) {
        return 2;
    }
    for (size_t i = 0; i < rank; i++) {
        dims[i] = atoi(argv[3 + i]);
        n *= (size_t)dims[i];
    }
    float *data = malloc(n * sizeof *data), *result = NULL;
    for (size_t i = 0; data != NULL && i < n; i++) {
        data[i] = (float)(i % 8) / 8;
    }
    void *env, *options, *session, *memory, *allocator, *input, *output = NULL, *shape;
    char *in, *out;
    api = OrtGetApiBase()->get_api(1);
    CALL(ENV, (int, const char *, void **), 3, "cold", &env);
    CALL(OPTIONS, (void **), &options);
    CALL(THREADS, (void *, int), options, atoi(argv[2]));
    CALL(SESSION, (void *, const char *, void *, void **), env, argv[1], options, &session);
    CALL(DEFAULT_ALLOCATOR, (void **), &allocator);
    CALL(INPUT_NAME, (void *, size_t, void *, char **), session, 0, allocator, &in);
    CALL(OUTPUT_NAME, (void *, size_t, void *, char **), session, 0, allocator, &out);
    CALL(MEMORY, (int, int, void **), 0, 0, &memory);
    CALL(TENSOR, (void *, void *, size_t, const int64_t *, size_t, int, void **), memory, data, n * sizeof *data, dims, rank, 1,
         &input);
    CALL(RUN, (void *, void *, char **, void **, size_t, char **, size_t, void **), session, NULL, &in, &input, 1, &out, 1,
         &output);
    CALL(DATA, (void *, float **), output, &result);
    CALL(SHAPE, (void *, void **), output, &shape);
    CALL(SHAPE_COUNT, (void *, size_t *), shape, &n_out);
    size_t best = 0;
    for (size_t i = 0; i < n_out; i++) {
        best = result[i] > result[best] ? i : best;
    }
    printf("%.4f %zu\n", now_ms() - start, best);
    return 0;
}
