/* Ends runs early: by a deadline, and by a switch that another thread turns.
 *
 *   cc -std=c11 examples/c/cancel.c -Iinclude -Ltarget/debug -ldunlin -pthread -o cancel
 *   LD_LIBRARY_PATH=target/debug ./cancel examples/digits/digits.onnx
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "dunlin.h"

enum { N_IMAGES = 4000 };

static float images[N_IMAGES * 28 * 28];

static void check(int works, const char *what) {
    if (!works) {
        const char *why = dunlin_last_error();
        fprintf(stderr, "%s: %s\n", what, why != NULL ? why : "failed");
        exit(1);
    }
}

static void *turn(void *cancel) {
    dunlin_cancel_set(cancel);
    return NULL;
}

int main(int argc, char **argv) {
    check(argc == 2, "usage: cancel MODEL");
    const size_t dims[] = {N_IMAGES, 1, 28, 28};
    dunlin_model *model = NULL;
    dunlin_value *input = NULL, *output = NULL;
    dunlin_cancel *cancel = NULL;
    dunlin_run_options *options = NULL;
    check(dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, NULL, &model) == DUNLIN_OK, "load");
    check(dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 4, images, sizeof images, NULL, NULL, &input) == DUNLIN_OK, "input");
    check(dunlin_cancel_new(&cancel) == DUNLIN_OK, "switch");
    check(dunlin_run_options_new(&options) == DUNLIN_OK, "options");
    const dunlin_value *inputs[] = {input};

    check(dunlin_run_options_set_timeout_ms(options, 1) == DUNLIN_OK, "timeout");
    dunlin_status status = dunlin_model_run(model, NULL, inputs, 1, options, &output, 1, NULL);
    printf("within a millisecond: %s\n", dunlin_status_name(status));

    /* Runs again and again until the other thread turns the switch in the middle of one. */
    check(dunlin_run_options_set_timeout_ms(options, 0) == DUNLIN_OK, "no timeout");
    check(dunlin_run_options_set_cancel(options, cancel) == DUNLIN_OK, "switch");
    pthread_t thread;
    check(pthread_create(&thread, NULL, turn, cancel) == 0, "thread");
    do {
        dunlin_value_free(output);
        output = NULL;
        status = dunlin_model_run(model, NULL, inputs, 1, options, &output, 1, NULL);
    } while (status == DUNLIN_OK);
    pthread_join(thread, NULL);
    printf("after the switch: %s\n", dunlin_status_name(status));

    dunlin_value_free(input);
    dunlin_model_free(model);
    dunlin_cancel_free(cancel);
    dunlin_run_options_free(options);
    return 0;
}
