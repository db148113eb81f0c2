/* What a careless host does, and what it must get: a status, never a crash. Ends with 0 if every call answers as it should. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "expect.h"

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

static const char *digits;

/* Memory that is not aligned, or that is input and output at once. */
static void buffers(void) {
    dunlin_model *model = NULL;
    dunlin_value *image = picture(1.0f), *input = NULL;
    float wanted[N_SCORES], scores[N_SCORES];
    static unsigned char memory[28 * 28 * 4 + 64];
    const size_t dims[] = {1, 1, 28, 28};
    const void *data = NULL;
    size_t n_bytes = 0;
    expect(load(digits, 2, &model), DUNLIN_OK, "load");
    expect(classify(model, image, NULL, wanted), DUNLIN_OK, "run");
    expect(dunlin_tensor_data(image, &data, &n_bytes), DUNLIN_OK, "data");
    for (size_t shift = 0; shift < 4; shift++) {
        memcpy(memory + shift, data, n_bytes);
        expect(dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 4, memory + shift, n_bytes, NULL, NULL, &input), DUNLIN_OK, "lent askew");
        expect(classify(model, input, NULL, scores), DUNLIN_OK, "a run of memory that is not aligned");
        expect_true(memcmp(wanted, scores, sizeof scores) == 0, "memory that is not aligned changes the answer");
        dunlin_output output = {sizeof output, "probabilities", memory + shift + 1, sizeof scores};
        const dunlin_value *inputs[] = {input};
        const dunlin_status status = dunlin_model_run_into(model, NULL, inputs, 1, NULL, &output, 1, NULL);
        expect_true(status == DUNLIN_OK || status == DUNLIN_INPUT, "an output over the input is neither written nor refused");
        expect_true(status != DUNLIN_OK || memcmp(wanted, memory + shift + 1, sizeof scores) == 0, "an output over the input is wrong");
        dunlin_value_free(input);
    }
    const dunlin_value *inputs[] = {image, image};
    const char *names[] = {"image", "image"};
    dunlin_output outputs[] = {{sizeof *outputs, "probabilities", scores, sizeof scores}, {sizeof *outputs, "probabilities", scores, sizeof scores}};
    dunlin_status status = dunlin_model_run_into(model, NULL, inputs, 1, NULL, outputs, 2, NULL);
    expect_true(status == DUNLIN_OK || status == DUNLIN_INPUT, "one memory for two outputs is neither written nor refused");
    expect(dunlin_model_run_into(model, names, inputs, 2, NULL, outputs, 1, NULL), DUNLIN_INPUT, "an input twice");
    outputs[0].size = 3;
    expect(dunlin_model_run_into(model, NULL, inputs, 1, NULL, outputs, 1, NULL), DUNLIN_INPUT, "an output of no version");
    outputs[0] = outputs[1];
    outputs[0].data = NULL;
    expect(dunlin_model_run_into(model, NULL, inputs, 1, NULL, outputs, 1, NULL), DUNLIN_NULL_ARGUMENT, "an output nowhere");
    outputs[0].name = "\xc3(";
    expect(dunlin_model_run_into(model, NULL, inputs, 1, NULL, outputs, 1, NULL), DUNLIN_INPUT, "an output whose name is not UTF-8");
    names[0] = "\xff";
    expect(dunlin_model_run_into(model, names, inputs, 1, NULL, outputs + 1, 1, NULL), DUNLIN_INPUT, "an input whose name is not UTF-8");
    const dunlin_value *const *askew = (const dunlin_value *const *)((const char *)inputs + 1);
    expect(dunlin_model_run_into(model, NULL, askew, 1, NULL, outputs + 1, 1, NULL), DUNLIN_INPUT, "a list of inputs that is not aligned");
    expect(dunlin_model_load("\xff\xfe", 2, NULL, &model), DUNLIN_INPUT, "a path that is not UTF-8");
    dunlin_value_free(image);
    dunlin_model_free(model);
}

/* Lengths and counts that no memory has. */
static void sizes(void) {
    dunlin_model *model = NULL;
    dunlin_value *value = picture(1.0f), *made = NULL;
    const size_t wide[] = {SIZE_MAX / 2, 4}, many[] = {(size_t)1 << 62, 0}, big[] = {(size_t)1 << 45};
    const dunlin_value *inputs[] = {value};
    const char *text = "";
    expect(load(digits, 1, &model), DUNLIN_OK, "load");
    expect(dunlin_model_run(model, NULL, inputs, SIZE_MAX, NULL, &made, 1, NULL), DUNLIN_INPUT, "inputs without end");
    expect(dunlin_model_run(model, NULL, inputs, 1, NULL, &made, SIZE_MAX / 8, NULL), DUNLIN_INPUT, "outputs without end");
    expect(dunlin_model_load_bytes(text, SIZE_MAX, NULL, &model), DUNLIN_INPUT, "bytes without end");
    expect(dunlin_model_load(text, SIZE_MAX - 1, NULL, &model), DUNLIN_INPUT, "a path without end");
    expect(dunlin_value_new_tensor(DUNLIN_FLOAT32, wide, 2, text, 8, &made), DUNLIN_LIMIT, "a product that overflows");
    expect(dunlin_value_new_tensor(DUNLIN_INT4, many, 1, text, 0, &made), DUNLIN_LIMIT, "a size beyond the address space");
    expect(dunlin_value_new_tensor(DUNLIN_FLOAT32, big, 1, text, 0, &made), DUNLIN_OUT_OF_MEMORY, "a size beyond the memory");
    expect(dunlin_value_new_sequence(inputs, SIZE_MAX / 16, &made), DUNLIN_OUT_OF_MEMORY, "a sequence without end");
    expect_true(made == NULL, "a failed call has written its result");
    dunlin_value_free(value);
    dunlin_model_free(model);
}

typedef struct caller {
    dunlin_model *model;
    dunlin_value *other;
    int n_calls;
} caller;

static void progress(void *user, float fraction) {
    caller *self = user;
    float scores[N_SCORES];
    if (self->n_calls++ == 0) {
        expect(load(digits, 1, &self->model), DUNLIN_OK, "a load within a load");
    }
    expect(classify_level(self->model, fraction, scores), DUNLIN_OK, "a run within a load");
}

static void release(void *user) {
    caller *self = user;
    float scores[N_SCORES];
    expect(classify_level(self->model, 0.5f, scores), DUNLIN_OK, "a run within a release");
    dunlin_value_free(self->other);
    dunlin_model_free(self->model);
    self->n_calls = -1;
}

/* Calls from the functions that Dunlin calls. */
static void callbacks(void) {
    static const float image[28 * 28];
    const size_t dims[] = {1, 1, 28, 28};
    caller self = {NULL, picture(1.0f), 0};
    dunlin_options *options = NULL;
    dunlin_model *model = NULL;
    dunlin_value *input = NULL;
    float scores[N_SCORES];
    expect(dunlin_options_new(&options), DUNLIN_OK, "options");
    expect(dunlin_options_set_progress(options, progress, &self), DUNLIN_OK, "progress");
    expect(dunlin_model_load(digits, DUNLIN_NUL_TERMINATED, options, &model), DUNLIN_OK, "load");
    expect_true(self.n_calls > 0, "nothing was told of a load");
    dunlin_options_free(options);
    expect(dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 4, image, sizeof image, release, &self, &input), DUNLIN_OK, "lent");
    expect(classify(model, input, NULL, scores), DUNLIN_OK, "run");
    dunlin_value_free(input);
    expect_true(self.n_calls == -1, "a release was not called");
    expect(classify_level(self.model, 0.5f, scores), DUNLIN_INVALID_HANDLE, "a model that a release has freed");
    dunlin_model_free(model);
}

enum { N_IMAGES = 60 };

typedef struct running {
    dunlin_model *model;
    dunlin_session *session;
    dunlin_value *input;
    dunlin_run_options *options;
    dunlin_status status;
    int has_begun;
} running;

static void *run(void *user) {
    running *self = user;
    dunlin_value *output = NULL;
    const dunlin_value *inputs[] = {self->input};
    dunlin_session *session = self->session;
    dunlin_model *model = self->model;
    __atomic_store_n(&self->has_begun, 1, __ATOMIC_SEQ_CST);
    self->status = session != NULL ? dunlin_session_run(session, NULL, inputs, 1, self->options, &output, 1, NULL)
                                   : dunlin_model_run(model, NULL, inputs, 1, self->options, &output, 1, NULL);
    dunlin_value_free(output);
    return NULL;
}

/* Everything that a run uses is freed while it runs. */
static void threads(void) {
    static const float images[N_IMAGES * 28 * 28];
    const size_t dims[] = {N_IMAGES, 1, 28, 28};
    for (int i = 0; i < 4; i++) {
        running self = {NULL, NULL, NULL, NULL, DUNLIN_INTERNAL, 0};
        int n_released = 0;
        pthread_t thread;
        expect(load(digits, 2, &self.model), DUNLIN_OK, "load");
        expect(dunlin_run_options_new(&self.options), DUNLIN_OK, "options");
        expect(dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 4, images, sizeof images, count, &n_released, &self.input), DUNLIN_OK, "images");
        if (i % 2 == 1) {
            expect(dunlin_session_new(self.model, &self.session), DUNLIN_OK, "session");
        }
        const dunlin_value *inputs[] = {self.input};
        expect_true(pthread_create(&thread, NULL, run, &self) == 0, "no thread");
        while (!__atomic_load_n(&self.has_begun, __ATOMIC_SEQ_CST)) {
            sched_yield();
        }
        /* Whichever of two calls of a session comes second may find it busy; not both. */
        dunlin_status status = DUNLIN_BUSY;
        if (i == 3) {
            dunlin_value *output = NULL;
            status = dunlin_session_run(self.session, NULL, inputs, 1, NULL, &output, 1, NULL);
            expect_true(status == DUNLIN_OK || status == DUNLIN_BUSY, "a session's second call at a time");
            dunlin_value_free(output);
        }
        dunlin_model_free(self.model);
        dunlin_session_free(self.session);
        dunlin_value_free(self.input);
        dunlin_run_options_free(self.options);
        pthread_join(thread, NULL);
        const int came_second = status == DUNLIN_OK && self.status == DUNLIN_BUSY;
        expect_true(self.status == DUNLIN_OK || self.status == DUNLIN_INVALID_HANDLE || came_second, "a run whose handles are freed ends otherwise");
        expect_true(n_released == 1, "a run has lost the memory that it was lent");
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    digits = argv[1];
    expect_true(strcmp(dunlin_version(), DUNLIN_VERSION) == 0, "header and library differ in version");
    expect_true(dunlin_has("cpu") && !dunlin_has("quantum"), "features");
    values();
    models(argv[1]);
    buffers();
    sizes();
    callbacks();
    threads();
    return verdict();
}
