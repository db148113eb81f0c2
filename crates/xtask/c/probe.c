/* Runs a model on inputs made up from their types and prints what came out, so that two libraries can be compared.
 *
 *   probe MODEL [RUNS [SIZE]]
 *
 * Prints the answers' bytes, folded to a number each, or the error; with RUNS the median time of that many runs too, on
 * standard error. Open sizes but the first are SIZE, or 1.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dunlin.h"

enum { MAX_PORTS = 64 };

static int fail(const char *what) {
    printf("%s: %s\n", what, dunlin_last_error());
    return 1;
}

static uint64_t folded(const unsigned char *bytes, size_t n) {
    uint64_t hash = 1469598103934665603u;
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ bytes[i]) * 1099511628211u;
    }
    return hash;
}

/* Bytes of an element, for the types whose tensors are made here; 0 for others. */
static size_t width(int32_t dtype) {
    switch (dtype) {
    case DUNLIN_UINT8:
    case DUNLIN_INT8:
    case DUNLIN_BOOL:
        return 1;
    case DUNLIN_FLOAT16:
    case DUNLIN_BFLOAT16:
    case DUNLIN_INT16:
    case DUNLIN_UINT16:
        return 2;
    case DUNLIN_FLOAT32:
    case DUNLIN_INT32:
    case DUNLIN_UINT32:
        return 4;
    case DUNLIN_FLOAT64:
    case DUNLIN_INT64:
    case DUNLIN_UINT64:
        return 8;
    default:
        return 0;
    }
}

/* Floats run through 0, 1/8, .. 7/8; all else is 1, which is a valid index, length or truth value nearly everywhere. */
static dunlin_status make(const dunlin_port *port, size_t open, dunlin_value **out) {
    size_t dims[16];
    size_t n = 1;
    if (port->rank > 16 || (width(port->dtype) == 0 && port->dtype != DUNLIN_STRING)) {
        return DUNLIN_UNSUPPORTED;
    }
    for (size_t i = 0; i < port->rank; i++) {
        dims[i] = port->dims[i] >= 0 ? (size_t)port->dims[i] : i == 0 ? 1 : open;
        n *= dims[i];
    }
    if (port->dtype == DUNLIN_STRING) {
        const char **texts = malloc((n + 1) * sizeof *texts);
        for (size_t i = 0; i < n; i++) {
            texts[i] = "a";
        }
        dunlin_status status = dunlin_value_new_strings(dims, port->rank, texts, NULL, n, out);
        free((void *)texts);
        return status;
    }
    size_t n_bytes = n * width(port->dtype);
    unsigned char *data = calloc(n_bytes + 1, 1);
    for (size_t i = 0; i < n; i++) {
        float f = (float)(i % 8) / 8;
        double d = f;
        if (port->dtype == DUNLIN_FLOAT32) {
            memcpy(data + 4 * i, &f, 4);
        } else if (port->dtype == DUNLIN_FLOAT64) {
            memcpy(data + 8 * i, &d, 8);
        } else if (port->dtype != DUNLIN_FLOAT16 && port->dtype != DUNLIN_BFLOAT16) {
            data[i * width(port->dtype)] = 1;
        }
    }
    dunlin_status status = dunlin_value_new_tensor(port->dtype, dims, port->rank, data, n_bytes, out);
    free(data);
    return status;
}

static void print(const dunlin_value *value) {
    const void *data = NULL;
    size_t n_bytes = 0;
    size_t n = dunlin_value_count(value);
    if (dunlin_tensor_data(value, &data, &n_bytes) == DUNLIN_OK) {
        printf("type %d, %zu bytes, %016llx\n", (int)dunlin_tensor_dtype(value), n_bytes,
               (unsigned long long)folded(data, n_bytes));
        return;
    }
    const char *text = NULL;
    size_t length = 0;
    for (size_t i = 0; dunlin_tensor_string(value, i, &text, &length) == DUNLIN_OK; i++) {
        printf("text %.*s\n", (int)length, text);
    }
    for (size_t i = 0; i < n; i++) {
        dunlin_value *item = NULL;
        if (dunlin_value_item(value, i, &item) == DUNLIN_OK) {
            print(item);
            dunlin_value_free(item);
        }
    }
}

static double now(void) {
    struct timespec time;
    timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: probe MODEL [RUNS [SIZE]]\n");
        return 2;
    }
    int n_runs = argc > 2 ? atoi(argv[2]) : 1;
    size_t open = argc > 3 ? (size_t)atoi(argv[3]) : 1;
    dunlin_options *options = NULL;
    dunlin_model *model = NULL;
    dunlin_value *inputs[MAX_PORTS] = {0};
    dunlin_value *outputs[MAX_PORTS] = {0};
    dunlin_options_new(&options);
    dunlin_options_set_threads(options, 1);
    if (dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, options, &model) != DUNLIN_OK) {
        return fail("load");
    }
    size_t n_inputs = dunlin_model_input_count(model), n_outputs = dunlin_model_output_count(model);
    if (n_inputs > MAX_PORTS || n_outputs > MAX_PORTS) {
        printf("too many inputs or outputs\n");
        return 1;
    }
    for (size_t i = 0; i < n_inputs; i++) {
        dunlin_port port = {.size = sizeof port};
        if (dunlin_model_input(model, i, &port) != DUNLIN_OK || make(&port, open, &inputs[i]) != DUNLIN_OK) {
            return fail("input");
        }
    }
    double *times = malloc(sizeof *times * (size_t)(n_runs + 1));
    for (int run = 0; run < n_runs; run++) {
        double start = now();
        if (dunlin_model_run(model, NULL, (const dunlin_value *const *)inputs, n_inputs, NULL, outputs, n_outputs, NULL)
            != DUNLIN_OK) {
            return fail("run");
        }
        times[run] = now() - start;
        for (size_t i = 0; i < n_outputs; i++) {
            if (run + 1 == n_runs) {
                print(outputs[i]);
            }
            dunlin_value_free(outputs[i]);
        }
    }
    if (argc > 2) {
        qsort(times, (size_t)n_runs, sizeof *times, ascending);
        fprintf(stderr, "%.4f ms\n", times[n_runs / 2] * 1e3);
    }
    free(times);
    for (size_t i = 0; i < n_inputs; i++) {
        dunlin_value_free(inputs[i]);
    }
    dunlin_options_free(options);
    dunlin_model_free(model);
    return 0;
}
