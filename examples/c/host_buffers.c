/* Runs a model between the host's own buffers: nothing is copied on the way in, and outputs are written where the host
 * wants them.
 *
 *   cc -std=c11 examples/c/host_buffers.c -Iinclude -Ltarget/debug -ldunlin -o host_buffers
 *   LD_LIBRARY_PATH=target/debug ./host_buffers examples/digits/digits.onnx
 */
#include <stdio.h>

#include "dunlin.h"

static float image[28 * 28];
static float probabilities[10];

static void released(void *user) {
    ++*(int *)user;
}

static int fails(dunlin_status status, const char *what) {
    if (status != DUNLIN_OK) {
        fprintf(stderr, "%s: %s: %s\n", what, dunlin_status_name(status), dunlin_last_error());
    }
    return status != DUNLIN_OK;
}

int main(int argc, char **argv) {
    const size_t dims[] = {1, 1, 28, 28};
    const char *names[] = {"image"};
    dunlin_output output = {sizeof output, "probabilities", probabilities, sizeof probabilities};
    dunlin_model *model = NULL;
    dunlin_value *input = NULL;
    int n_released = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: host_buffers MODEL\n");
        return 2;
    }
    if (fails(dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, NULL, &model), "load")
        || fails(dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 4, image, sizeof image, released, &n_released, &input), "input")) {
        return 1;
    }
    const dunlin_value *inputs[] = {input};
    for (int frame = 0; frame < 3; frame++) {
        if (fails(dunlin_model_run_into(model, names, inputs, 1, NULL, &output, 1, NULL), "run")) {
            return 1;
        }
        float sum = 0;
        for (int i = 0; i < 10; i++) {
            sum += probabilities[i];
        }
        printf("frame %d: probabilities add up to %.3f\n", frame, sum);
    }
    dunlin_value_free(input);
    dunlin_model_free(model);
    printf("the buffer was released %d time\n", n_released);
    return 0;
}
