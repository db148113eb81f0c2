/* Shows what a run spent, node by node, and where each node ran.
 *
 *   cc -std=c11 examples/c/report.c -Iinclude -Ltarget/debug -ldunlin -o report
 *   LD_LIBRARY_PATH=target/debug ./report examples/digits/digits.onnx
 */
#include <stdio.h>
#include <stdlib.h>

#include "dunlin.h"

static void check(int works, const char *what) {
    if (!works) {
        const char *why = dunlin_last_error();
        fprintf(stderr, "%s: %s\n", what, why != NULL ? why : "failed");
        exit(1);
    }
}

int main(int argc, char **argv) {
    check(argc == 2, "usage: report MODEL");
    static const float image[28 * 28];
    const size_t dims[] = {1, 1, 28, 28};
    dunlin_model *model = NULL;
    dunlin_value *input = NULL, *output = NULL;
    dunlin_report *report = NULL;
    check(dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, NULL, &model) == DUNLIN_OK, "load");
    check(dunlin_value_new_tensor(DUNLIN_FLOAT32, dims, 4, image, sizeof image, &input) == DUNLIN_OK, "input");
    const dunlin_value *inputs[] = {input};
    check(dunlin_model_run(model, NULL, inputs, 1, NULL, &output, 1, &report) == DUNLIN_OK, "run");

    for (size_t i = 0; i < dunlin_report_node_count(report); i++) {
        dunlin_node_report node = {0};
        node.size = sizeof node;
        check(dunlin_report_node(report, i, &node) == DUNLIN_OK, "node");
        printf("%-20s %-20s on %s: %.1f us, %llu bytes out%s%s\n", node.op, node.node, node.backend,
            (double)node.nanoseconds / 1000.0, (unsigned long long)node.output_bytes, node.fallback != NULL ? ", because " : "",
            node.fallback != NULL ? node.fallback : "");
    }
    printf("in all %.1f us, at most %llu bytes of tensors at a time\n", (double)dunlin_report_nanoseconds(report) / 1000.0,
        (unsigned long long)dunlin_report_peak_bytes(report));
    printf("%s\n", dunlin_report_json(report));

    dunlin_report_free(report);
    dunlin_value_free(output);
    dunlin_value_free(input);
    dunlin_model_free(model);
    return 0;
}
