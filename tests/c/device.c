/* Runs a model on the CPU and on a device of the library of accelerators, and compares. Where the device is not there, says what is missing. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dunlin.h"

enum { PIXELS = 28 * 28, DIGITS = 10 };

static int run(dunlin_model *model, float *out) {
    static float image[PIXELS];
    const size_t dims[] = {1, 1, 28, 28};
    dunlin_value *input = NULL;
    for (int i = 0; i < PIXELS; i++) {
        image[i] = (float)(i % 29) / 29.0f;
    }
    dunlin_value_new_tensor(DUNLIN_FLOAT32, dims, 4, image, sizeof image, &input);
    const dunlin_value *inputs[] = {input};
    const dunlin_output output = {sizeof output, "probabilities", out, DIGITS * sizeof *out};
    dunlin_status status = dunlin_model_run_into(model, NULL, inputs, 1, NULL, &output, 1, NULL);
    dunlin_value_free(input);
    return status == DUNLIN_OK;
}

static size_t nodes_on(const dunlin_model *model, const char *backend) {
    size_t n = 0;
    dunlin_report *report = NULL;
    dunlin_node_report node = {.size = sizeof node};
    dunlin_model_report(model, &report);
    for (size_t i = 0; dunlin_report_node(report, i, &node) == DUNLIN_OK; i++) {
        n += strcmp(node.backend, backend) == 0;
    }
    dunlin_report_free(report);
    return n;
}

int main(int argc, char **argv) {
    float expected[DIGITS], got[DIGITS];
    dunlin_model *on_cpu = NULL, *on_device = NULL;
    dunlin_options *options = NULL;
    if (argc != 3 || dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, NULL, &on_cpu) != DUNLIN_OK) {
        fprintf(stderr, "usage: device MODEL DEVICE\n");
        return 2;
    }
    dunlin_options_new(&options);
    dunlin_status status = dunlin_options_set_device(options, argv[2], DUNLIN_NUL_TERMINATED);
    if (status == DUNLIN_OK) {
        status = dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, options, &on_device);
    }
    if (status != DUNLIN_OK) {
        printf("%s: %s\n", dunlin_status_name(status), dunlin_last_error());
        printf("hint: %s\n", dunlin_last_error_hint() ? dunlin_last_error_hint() : "none");
    } else if (!run(on_cpu, expected) || !run(on_device, got)) {
        printf("a run failed: %s\n", dunlin_last_error());
    } else {
        float worst = 0.0f;
        for (int i = 0; i < DIGITS; i++) {
            worst = fmaxf(worst, fabsf(expected[i] - got[i]));
        }
        size_t n = nodes_on(on_device, argv[2]);
        printf("%zu nodes were computed on %s: ", n, argv[2]);
        printf("%s\n", n > 0 && worst < 1e-5f ? "the same answer" : "another answer");
    }
    dunlin_options_free(options);
    dunlin_model_free(on_device);
    dunlin_model_free(on_cpu);
    return 0;
}
