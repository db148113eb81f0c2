/* Runs a model between the host's own buffers: nothing is copied on the way in, and outputs are written where the host
 * wants them. A second thread could turn the switch to end a run early.
 *
 *   cc -std=c11 examples/c/host_buffers.c -Iinclude -Ltarget/debug -ldunlin -o host_buffers
 *   LD_LIBRARY_PATH=target/debug ./host_buffers examples/digits/digits.onnx
 */
#include <stdio.h>

#include "dunlin.h"

static float image[28 * 28];
static float probabilities[10];
static int n_released = 0;

static void released(void *user) {
    ++*(int *)user;
}

static int check(dunlin_status status, const char *what) {
    if (status != DUNLIN_OK) {
        fprintf(stderr, "%s: %s: %s\n", what, dunlin_status_name(status), dunlin_last_error());
    }
    return status != DUNLIN_OK;
}

int main(int argc, char **argv) {
    const size_t dims[] = {1, 1, 28, 28};
    const char *names[] = {"image"};
    dunlin_output output = {sizeof output, "probabilities", probabilities, sizeof probabilities};
    dunlin_options *options = NULL;
    dunlin_run_options *run_options = NULL;
    dunlin_cancel *cancel = NULL;
    dunlin_model *model = NULL;
    dunlin_value *input = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: host_buffers MODEL\n");
        return 2;
    }
    if (check(dunlin_options_new(&options), "options") || check(dunlin_options_set_threads(options, 1), "threads")
        || check(dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, options, &model), "load")
        || check(dunlin_cancel_new(&cancel), "switch") || check(dunlin_run_options_new(&run_options), "run options")
        || check(dunlin_run_options_set_cancel(run_options, cancel), "switch")
        || check(dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 4, image, sizeof image, released, &n_released,
                     &input), "input")) {
        return 1;
    }
    const dunlin_value *inputs[] = {input};
    for (int i = 0; i < 3; i++) {
        if (check(dunlin_model_run_into(model, names, inputs, 1, run_options, &output, 1, NULL), "run")) {
            return 1;
        }
    }
    dunlin_cancel_set(cancel);
    dunlin_status status = dunlin_model_run_into(model, names, inputs, 1, run_options, &output, 1, NULL);
    printf("after the switch: %s\n", dunlin_status_name(status));
    dunlin_value_free(input);
    dunlin_model_free(model);
    dunlin_cancel_free(cancel);
    dunlin_run_options_free(run_options);
    dunlin_options_free(options);
    printf("the buffer was released %d time\n", n_released);
    return 0;
}
