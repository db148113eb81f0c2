/* What a careless host does, and what it must get: a status, never a crash. Ends with 0 if every call answers as it should. */
#include <stdio.h>
#include <string.h>

#include "dunlin.h"

static int n_failed = 0;

static void expect(dunlin_status got, dunlin_status want, const char *what) {
    if (got != want) {
        const char *why = dunlin_last_error();
        printf("%s: %s instead of %s (%s)\n", what, dunlin_status_name(got), dunlin_status_name(want), why ? why : "");
        n_failed++;
    }
}

static void expect_true(int truth, const char *what) {
    if (!truth) {
        printf("%s\n", what);
        n_failed++;
    }
}

static void count(void *user) {
    ++*(int *)user;
}

static void values(void) {
    const size_t dims[] = {2, 3};
    const size_t huge[] = {SIZE_MAX, SIZE_MAX};
    const float data[6] = {1, 2, 3, 4, 5, 6};
    dunlin_value *value = NULL;
    expect(dunlin_value_new_tensor(DUNLIN_FLOAT32, dims, 2, data, sizeof data, NULL), DUNLIN_NULL_ARGUMENT, "no place");
    expect(dunlin_value_new_tensor(DUNLIN_FLOAT32, NULL, 2, data, sizeof data, &value), DUNLIN_NULL_ARGUMENT, "no dims");
    expect(dunlin_value_new_tensor(DUNLIN_FLOAT32, dims, 2, NULL, sizeof data, &value), DUNLIN_NULL_ARGUMENT, "no data");
    expect(dunlin_value_new_tensor(DUNLIN_FLOAT32, dims, 2, data, 23, &value), DUNLIN_SHAPE, "too few bytes");
    expect(dunlin_value_new_tensor(DUNLIN_FLOAT32, huge, 2, data, sizeof data, &value), DUNLIN_LIMIT, "a huge shape");
    expect(dunlin_value_new_tensor(DUNLIN_FLOAT32, dims, SIZE_MAX, data, 1, &value), DUNLIN_INPUT, "a huge rank");
    expect(dunlin_value_new_tensor(99, dims, 2, data, sizeof data, &value), DUNLIN_DTYPE, "an unknown type");
    expect_true(value == NULL, "a failed call has written its result");

    int n_released = 0;
    expect(dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 2, data, 5, count, &n_released, &value), DUNLIN_SHAPE, "lent short");
    expect_true(n_released == 0, "a failed call has released the memory");
    expect(dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 2, data, sizeof data, count, &n_released, &value), DUNLIN_OK, "lent");
    const void *lent = NULL;
    size_t n_bytes = 0;
    expect(dunlin_tensor_data(value, &lent, &n_bytes), DUNLIN_OK, "data");
    expect_true(lent == data && n_bytes == sizeof data, "lent memory was copied");
    size_t sizes[2] = {0, 0};
    expect(dunlin_tensor_dims(value, sizes, 1), DUNLIN_SHAPE, "room for too few dims");
    expect(dunlin_tensor_dims(value, sizes, 2), DUNLIN_OK, "dims");
    expect_true(sizes[0] == 2 && sizes[1] == 3 && dunlin_tensor_rank(value) == 2, "wrong dims");

    const dunlin_value *two[] = {value, value};
    dunlin_value *sequence = NULL, *item = NULL;
    expect(dunlin_value_new_sequence(two, 2, &sequence), DUNLIN_OK, "sequence");
    expect_true(dunlin_value_count(sequence) == 2, "wrong count");
    expect(dunlin_value_item(sequence, 2, &item), DUNLIN_NOT_FOUND, "an item too many");
    expect(dunlin_value_item(sequence, 1, &item), DUNLIN_OK, "item");
    expect(dunlin_tensor_data(sequence, &lent, NULL), DUNLIN_DTYPE, "data of a sequence");
    dunlin_value_free(value);
    dunlin_value_free(sequence);
    expect_true(n_released == 0, "memory was released while an item uses it");
    dunlin_value_free(item);
    expect_true(n_released == 1, "memory was not released once");

    expect(dunlin_tensor_data(item, &lent, NULL), DUNLIN_INVALID_HANDLE, "a freed value");
    dunlin_value_free(item);
    dunlin_value_free(NULL);
    expect_true(dunlin_value_kind(item) == DUNLIN_KIND_NONE, "a freed value has a kind");

    const char *texts[] = {"a", "\xff"};
    const size_t n = 2;
    expect(dunlin_value_new_strings(&n, 1, texts, NULL, 2, &value), DUNLIN_INPUT, "text that is not UTF-8");
    texts[1] = "bc";
    expect(dunlin_value_new_strings(&n, 1, texts, NULL, 2, &value), DUNLIN_OK, "texts");
    const char *text = NULL;
    size_t length = 0;
    expect(dunlin_tensor_string(value, 1, &text, &length), DUNLIN_OK, "text");
    expect_true(length == 2 && memcmp(text, "bc", 2) == 0, "wrong text");
    expect(dunlin_tensor_string(value, 2, &text, &length), DUNLIN_NOT_FOUND, "a text too many");
    dunlin_value_free(value);
}

static void models(const char *path) {
    dunlin_model *model = NULL;
    dunlin_value *input = NULL, *output = NULL;
    const size_t dims[] = {1, 1, 28, 28};
    static const float image[28 * 28];
    expect(dunlin_model_load(NULL, 0, NULL, &model), DUNLIN_NOT_FOUND, "an empty path");
    expect(dunlin_model_load("no such file", DUNLIN_NUL_TERMINATED, NULL, &model), DUNLIN_NOT_FOUND, "no file");
    expect_true(dunlin_last_error_file() != NULL, "the error does not name the file");
    expect(dunlin_model_load_bytes("nonsense", 8, NULL, &model), DUNLIN_FORMAT, "nonsense");
    expect(dunlin_model_load(path, DUNLIN_NUL_TERMINATED, (const dunlin_options *)&dims, &model), DUNLIN_INVALID_HANDLE, "no options");
    expect(dunlin_model_load(path, DUNLIN_NUL_TERMINATED, NULL, &model), DUNLIN_OK, "load");
    expect_true(dunlin_model_input_count(model) == 1 && dunlin_model_output_count(model) >= 1, "wrong counts");
    dunlin_port port = {0};
    expect(dunlin_model_input(model, 0, &port), DUNLIN_INPUT, "a size of 0");
    port.size = sizeof port;
    expect(dunlin_model_input(model, 7, &port), DUNLIN_NOT_FOUND, "an input too many");
    expect(dunlin_model_input(model, 0, &port), DUNLIN_OK, "input");
    expect_true(strcmp(port.name, "image") == 0 && port.dtype == DUNLIN_FLOAT32 && port.rank == 4, "wrong input");

    expect(dunlin_value_new_tensor(DUNLIN_FLOAT32, dims, 3, image, sizeof image / 28 * 1, &input), DUNLIN_OK, "input of 28");
    const dunlin_value *inputs[] = {input};
    const char *names[] = {"nobody"};
    expect(dunlin_model_run(model, NULL, inputs, 1, NULL, &output, 1, NULL), DUNLIN_SHAPE, "an input of rank 3");
    dunlin_value_free(input);
    expect(dunlin_model_run(model, NULL, inputs, 1, NULL, &output, 1, NULL), DUNLIN_INVALID_HANDLE, "a freed input");
    expect(dunlin_value_new_tensor(DUNLIN_FLOAT32, dims, 4, image, sizeof image, &input), DUNLIN_OK, "input");
    inputs[0] = input;
    expect(dunlin_model_run(model, names, inputs, 1, NULL, &output, 1, NULL), DUNLIN_NOT_FOUND, "an unknown name");
    expect(dunlin_model_run(model, NULL, NULL, 1, NULL, &output, 1, NULL), DUNLIN_NULL_ARGUMENT, "no inputs");
    expect(dunlin_model_run((dunlin_model *)input, NULL, inputs, 1, NULL, &output, 1, NULL), DUNLIN_INVALID_HANDLE, "a value for a model");
    expect_true(output == NULL, "a failed run has written its output");
    dunlin_report *report = NULL;
    expect(dunlin_model_run(model, NULL, inputs, 1, NULL, &output, 1, &report), DUNLIN_OK, "run");
    dunlin_node_report node = {0};
    node.size = sizeof node;
    expect(dunlin_report_node(report, 0, &node), DUNLIN_OK, "node");
    expect_true(node.op != NULL && dunlin_report_json(report)[0] == '{', "an empty report");
    dunlin_report_free(report);

    dunlin_session *session = NULL;
    expect(dunlin_session_new(model, &session), DUNLIN_OK, "session");
    dunlin_value_free(output);
    dunlin_model_free(model);
    expect(dunlin_model_run(model, NULL, inputs, 1, NULL, &output, 1, NULL), DUNLIN_INVALID_HANDLE, "a freed model");
    expect(dunlin_session_run(session, NULL, inputs, 1, NULL, &output, 1, NULL), DUNLIN_OK, "a session after its model");
    expect(dunlin_session_set_state(session, "h", 1, input), DUNLIN_NOT_FOUND, "an unknown state");
    dunlin_session_free(session);
    dunlin_value_free(output);
    dunlin_value_free(input);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    expect_true(strcmp(dunlin_version(), DUNLIN_VERSION) == 0, "header and library differ in version");
    expect_true(dunlin_has("cpu") && !dunlin_has("quantum"), "features");
    values();
    models(argv[1]);
    printf("%d of the calls answered wrongly\n", n_failed);
    return n_failed != 0;
}
