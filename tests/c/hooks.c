/* Everything by which a host lends something to Dunlin or is called by it: descriptors, readers, external files, logs, its own threads,
 * runs in the background. Ends with 0 if every call answers as it should. Takes the digits classifier. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "expect.h"

/* y = x + w, with two floats each; w lies in "w.bin". Its metadata are one key, "k", with the value "v". */
static const unsigned char ADD[] = {
    0x08, 0x08, 0x12, 0x01, 0x74, 0x3a, 0x53, 0x0a, 0x0e, 0x0a, 0x01, 0x78, 0x0a, 0x01, 0x77, 0x12, 0x01, 0x79, 0x22, 0x03, 0x41,
    0x64, 0x64, 0x12, 0x01, 0x67, 0x2a, 0x1c, 0x08, 0x02, 0x10, 0x01, 0x42, 0x01, 0x77, 0x6a, 0x11, 0x0a, 0x08, 0x6c, 0x6f, 0x63,
    0x61, 0x74, 0x69, 0x6f, 0x6e, 0x12, 0x05, 0x77, 0x2e, 0x62, 0x69, 0x6e, 0x70, 0x01, 0x5a, 0x0f, 0x0a, 0x01, 0x78, 0x12, 0x0a,
    0x0a, 0x08, 0x08, 0x01, 0x12, 0x04, 0x0a, 0x02, 0x08, 0x02, 0x62, 0x0f, 0x0a, 0x01, 0x79, 0x12, 0x0a, 0x0a, 0x08, 0x08, 0x01,
    0x12, 0x04, 0x0a, 0x02, 0x08, 0x02, 0x42, 0x04, 0x0a, 0x00, 0x10, 0x0d, 0x72, 0x06, 0x0a, 0x01, 0x6b, 0x12, 0x01, 0x76,
};

static float expected[N_SCORES];

static void expect_answer(const dunlin_value *output, const char *what) {
    const void *data = NULL;
    size_t n_bytes = 0;
    expect(dunlin_tensor_data(output, &data, &n_bytes), DUNLIN_OK, what);
    expect_true(n_bytes == sizeof expected && memcmp(data, expected, n_bytes) == 0, what);
}

/* Runs a model of which there may be many, and ends it. */
static void run_and_free(dunlin_model *model, const char *what) {
    dunlin_value *input = picture(1.0f), *output = NULL;
    const dunlin_value *inputs[] = {input};
    expect(dunlin_model_run(model, NULL, inputs, 1, NULL, &output, 1, NULL), DUNLIN_OK, what);
    if (output != NULL) {
        expect_answer(output, what);
    }
    dunlin_value_free(output);
    dunlin_value_free(input);
    dunlin_model_free(model);
}

static void descriptors(const unsigned char *bytes, size_t n_bytes) {
    enum { BEFORE = 4099, AFTER = 17 };
    char path[] = "/tmp/dunlin-hooks-XXXXXX"; /* mkstemp puts letters of its choice for the six X */
    int fd = mkstemp(path);
    unsigned char *archive = calloc(1, BEFORE + n_bytes + AFTER);
    memcpy(archive + BEFORE, bytes, n_bytes);
    expect_true(write(fd, archive, BEFORE + n_bytes + AFTER) == (ssize_t)(BEFORE + n_bytes + AFTER), "write");
    free(archive);
    unlink(path);
    for (int map = 0; map < 2; map++) {
        dunlin_options *options = NULL;
        dunlin_model *model = NULL;
        dunlin_options_new(&options);
        dunlin_options_set_mapping(options, map);
        lseek(fd, 5, SEEK_SET);
        expect(dunlin_model_load_fd(fd, BEFORE, n_bytes, options, &model), DUNLIN_OK, "a part of a file");
        expect_true(lseek(fd, 0, SEEK_CUR) == 5, "the position of the file has moved");
        run_and_free(model, "a part of a file");
        dunlin_options_free(options);
    }
    dunlin_model *model = NULL;
    expect(dunlin_model_load_fd(fd, BEFORE, n_bytes + AFTER + 1, NULL, &model), DUNLIN_INPUT, "a part beyond the end");
    expect(dunlin_model_load_fd(fd, UINT64_MAX - 1, 7, NULL, &model), DUNLIN_INPUT, "a part that overflows");
    expect(dunlin_model_load_fd(fd, 1, DUNLIN_TO_THE_END, NULL, &model), DUNLIN_FORMAT, "the wrong part");
    close(fd);
    expect(dunlin_model_load_fd(fd, 0, 1, NULL, &model), DUNLIN_IO, "a closed descriptor");
    expect(dunlin_model_load_fd(-1, 0, 1, NULL, &model), DUNLIN_IO, "no descriptor");
    expect_true(model == NULL, "a failed load has written its model");
}

/* A source that gives its bytes, turned by a key, in small pieces. */
struct source {
    const unsigned char *bytes;
    size_t n_bytes, n_calls, fail_at;
    dunlin_cancel *cancel;
};

static int64_t read_some(void *user, uint64_t offset, void *buffer, size_t n_bytes) {
    struct source *source = user;
    if (source->n_calls++ == source->fail_at) {
        return -1;
    }
    if (source->cancel != NULL) {
        dunlin_cancel_set(source->cancel);
    }
    size_t n = n_bytes < 1000 ? n_bytes : 1000;
    memcpy(buffer, source->bytes + offset, n);
    return (int64_t)n;
}

static int64_t read_too_much(void *user, uint64_t offset, void *buffer, size_t n_bytes) {
    (void)user, (void)offset, (void)buffer;
    return (int64_t)n_bytes + 1;
}

static void readers(const unsigned char *bytes, size_t n_bytes) {
    struct source source = {bytes, n_bytes, 0, SIZE_MAX, NULL};
    dunlin_model *model = NULL;
    dunlin_options *options = NULL;
    expect(dunlin_model_load_reader(n_bytes, read_some, &source, NULL, &model), DUNLIN_OK, "a reader");
    expect_true(source.n_calls >= n_bytes / 1000, "too few calls of the reader");
    run_and_free(model, "a reader");
    model = NULL;
    source.fail_at = source.n_calls + 2;
    expect(dunlin_model_load_reader(n_bytes, read_some, &source, NULL, &model), DUNLIN_IO, "a reader that fails");
    expect(dunlin_model_load_reader(n_bytes, read_too_much, NULL, NULL, &model), DUNLIN_IO, "a reader that lies");
    expect(dunlin_model_load_reader(n_bytes, NULL, NULL, NULL, &model), DUNLIN_NULL_ARGUMENT, "no reader");
    expect(dunlin_model_load_reader(UINT64_MAX, read_some, &source, NULL, &model), DUNLIN_LIMIT, "a reader without end");
    dunlin_options_new(&options);
    dunlin_cancel_new(&source.cancel);
    dunlin_options_set_cancel(options, source.cancel);
    expect(dunlin_model_load_reader(n_bytes, read_some, &source, options, &model), DUNLIN_CANCELLED, "cancelled in the reader");
    dunlin_cancel_free(source.cancel);
    dunlin_options_free(options);
    expect_true(model == NULL, "a failed load has written its model");
}

static void count(void *user) {
    atomic_fetch_add((atomic_int *)user, 1);
}

static void write_line(void *user, int32_t level, const char *message) {
    char *lines = user;
    size_t n = strlen(lines);
    snprintf(lines + n, 2000 - n, "%d %s\n", (int)level, message);
}

static void external_files(void) {
    static const float weights[] = {10.0f, 20.0f}, x[] = {1.0f, 2.0f};
    const size_t dims[] = {2};
    atomic_int n_released = 0;
    char lines[2000] = "";
    dunlin_options *options = NULL;
    dunlin_model *model = NULL;
    dunlin_value *input = NULL;
    float y[2] = {0};
    dunlin_options_new(&options);
    expect(dunlin_model_load_bytes(ADD, sizeof ADD, NULL, &model), DUNLIN_FORMAT, "no external file");
    expect(dunlin_options_add_external(options, "v.bin", SIZE_MAX, weights, 8, count, &n_released), DUNLIN_OK, "a file");
    expect(dunlin_model_load_bytes(ADD, sizeof ADD, options, &model), DUNLIN_FORMAT, "another external file");
    expect(dunlin_options_add_external(options, "w.bin", SIZE_MAX, x, 8, count, &n_released), DUNLIN_OK, "a file");
    expect(dunlin_options_add_external(options, "w.bin", 5, weights, 8, count, &n_released), DUNLIN_OK, "in its place");
    expect_true(n_released == 1, "the file that was replaced is not released");
    expect(dunlin_options_set_log(options, 4, write_line, lines), DUNLIN_INPUT, "no such log level");
    expect(dunlin_options_set_log(options, DUNLIN_LOG_DEBUG, write_line, lines), DUNLIN_OK, "a log");
    expect(dunlin_model_load_bytes(ADD, sizeof ADD, options, &model), DUNLIN_OK, "the external file");
    expect_true(strstr(lines, "2 a model: 1 nodes") != NULL && strstr(lines, "\n3 ") != NULL, "the log lacks lines");
    dunlin_options_free(options);

    dunlin_info info = {0};
    const char *key = NULL, *value = NULL;
    int64_t version = 0;
    expect(dunlin_model_info(model, &info), DUNLIN_INPUT, "a struct without its size");
    info.size = sizeof info;
    expect(dunlin_model_info(model, &info), DUNLIN_OK, "info");
    expect_true(info.ir_version == 8 && strcmp(info.producer, "t") == 0 && info.n_metadata == 1, "wrong info");
    expect(dunlin_model_metadata(model, 0, &key, &value), DUNLIN_OK, "metadata");
    expect_true(strcmp(key, "k") == 0 && strcmp(value, "v") == 0, "wrong metadata");
    expect(dunlin_model_metadata(model, 1, &key, &value), DUNLIN_NOT_FOUND, "metadata that is not there");
    expect(dunlin_model_opset(model, 0, &key, &version), DUNLIN_OK, "operators");
    expect_true(strcmp(key, "ai.onnx") == 0 && version == 13, "wrong operators");

    expect(dunlin_value_borrow_tensor(DUNLIN_FLOAT32, dims, 1, x, sizeof x, NULL, NULL, &input), DUNLIN_OK, "x");
    const dunlin_value *inputs[] = {input};
    const dunlin_output output = {sizeof output, "y", y, sizeof y};
    expect(dunlin_model_run_into(model, NULL, inputs, 1, NULL, &output, 1, NULL), DUNLIN_OK, "run");
    expect_true(y[0] == 11.0f && y[1] == 22.0f, "wrong sum");
    dunlin_value_free(input);
    dunlin_model_free(model);
    expect_true(n_released == 3, "external files are not released once each");
}

/* Threads of the host that wait for work. */
struct crew {
    pthread_mutex_t lock;
    pthread_cond_t more;
    pthread_t threads[3];
    dunlin_task_fn run;
    void *task;
    size_t n_wanted;
    int is_over;
    atomic_int n_calls, n_released;
};

static void *work(void *user) {
    struct crew *crew = user;
    pthread_mutex_lock(&crew->lock);
    while (!crew->is_over) {
        if (crew->n_wanted == 0) {
            pthread_cond_wait(&crew->more, &crew->lock);
            continue;
        }
        crew->n_wanted--;
        dunlin_task_fn run = crew->run;
        void *task = crew->task;
        pthread_mutex_unlock(&crew->lock);
        run(task);
        atomic_fetch_add(&crew->n_calls, 1);
        pthread_mutex_lock(&crew->lock);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

static void spawn(void *user, dunlin_task_fn run, void *task, size_t n) {
    struct crew *crew = user;
    pthread_mutex_lock(&crew->lock);
    crew->run = run;
    crew->task = task;
    crew->n_wanted += n;
    pthread_cond_broadcast(&crew->more);
    pthread_mutex_unlock(&crew->lock);
}

static void release_crew(void *user) {
    atomic_fetch_add(&((struct crew *)user)->n_released, 1);
}

static void host_threads(const unsigned char *bytes, size_t n_bytes) {
    struct crew crew = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};
    dunlin_pool *pool = NULL;
    dunlin_options *options = NULL;
    dunlin_model *model = NULL;
    for (int i = 0; i < 3; i++) {
        pthread_create(&crew.threads[i], NULL, work, &crew);
    }
    expect(dunlin_pool_new_host(4, NULL, release_crew, &crew, &pool), DUNLIN_NULL_ARGUMENT, "a pool without threads");
    expect(dunlin_pool_new_host(4, spawn, release_crew, &crew, &pool), DUNLIN_OK, "a pool of the host's");
    expect_true(dunlin_pool_threads(pool) == 4, "a pool of the host's has other threads");
    dunlin_options_new(&options);
    dunlin_options_set_pool(options, pool);
    for (int i = 0; i < 20; i++) {
        expect(dunlin_model_load_bytes(bytes, n_bytes, options, &model), DUNLIN_OK, "load");
        run_and_free(model, "the host's threads");
    }
    dunlin_pool_free(pool);
    expect_true(crew.n_released == 0, "a pool was released while options use it");
    dunlin_options_free(options);
    expect_true(crew.n_released == 1, "a pool was not released once");
    pthread_mutex_lock(&crew.lock);
    crew.n_wanted = 3; /* Late calls: they find nothing, and no pointer to follow. */
    pthread_cond_broadcast(&crew.more);
    while (crew.run != NULL && crew.n_wanted > 0) {
        pthread_mutex_unlock(&crew.lock);
        usleep(1000);
        pthread_mutex_lock(&crew.lock);
    }
    crew.is_over = 1;
    pthread_cond_broadcast(&crew.more);
    pthread_mutex_unlock(&crew.lock);
    for (int i = 0; i < 3; i++) {
        pthread_join(crew.threads[i], NULL);
    }
    expect_true(crew.n_calls > 0, "the host's threads were never asked for");
}

struct outcome {
    atomic_int n_done, n_failed, n_cancelled, n_wrong;
    dunlin_model *model;
};

static void done(void *user, const dunlin_error *error, dunlin_value *const *outputs, size_t n_outputs, dunlin_report *report) {
    struct outcome *outcome = user;
    const void *data = NULL;
    if (error != NULL) {
        int is_cancelled = dunlin_error_status(error) == DUNLIN_CANCELLED && dunlin_error_message(error) != NULL;
        atomic_fetch_add(is_cancelled ? &outcome->n_cancelled : &outcome->n_failed, 1);
    } else {
        int is_right = n_outputs == 1 && dunlin_tensor_data(outputs[0], &data, NULL) == DUNLIN_OK
            && memcmp(data, expected, sizeof expected) == 0 && report != NULL && dunlin_report_node_count(report) > 0;
        atomic_fetch_add(is_right ? &outcome->n_done : &outcome->n_wrong, 1);
        dunlin_value_free(outputs[0]);
        dunlin_report_free(report);
    }
    if (dunlin_async_wait(0) != DUNLIN_BUSY) {
        atomic_fetch_add(&outcome->n_wrong, 1);
    }
}

static void background(const unsigned char *bytes, size_t n_bytes) {
    enum { RUNS = 50 };
    static struct outcome outcome;
    dunlin_value *input = picture(1.0f);
    const dunlin_value *inputs[] = {input};
    dunlin_model *model = NULL;
    dunlin_session *session = NULL;
    dunlin_run_options *options = NULL;
    dunlin_cancel *cancel = NULL;
    expect(dunlin_model_load_bytes(bytes, n_bytes, NULL, &model), DUNLIN_OK, "load");
    expect(dunlin_model_run_async(model, NULL, inputs, 1, NULL, 1, NULL, NULL), DUNLIN_NULL_ARGUMENT, "no callback");
    for (int i = 0; i < RUNS; i++) {
        expect(dunlin_model_run_async(model, NULL, inputs, 1, NULL, 1, done, &outcome), DUNLIN_OK, "in the background");
    }
    dunlin_run_options_new(&options);
    dunlin_cancel_new(&cancel);
    dunlin_cancel_set(cancel);
    dunlin_run_options_set_cancel(options, cancel);
    expect(dunlin_model_run_async(model, NULL, inputs, 1, options, 0, done, &outcome), DUNLIN_OK, "cancelled");
    dunlin_session_new(model, &session);
    expect(dunlin_session_run_async(session, NULL, inputs, 1, NULL, 1, done, &outcome), DUNLIN_OK, "a session's");
    dunlin_session_free(session);
    dunlin_run_options_free(options);
    dunlin_cancel_free(cancel);
    dunlin_value_free(input);
    dunlin_model_free(model);
    expect(dunlin_async_wait(60000), DUNLIN_OK, "wait");
    expect_true(outcome.n_done == RUNS + 1 && outcome.n_cancelled == 1, "not every run in the background has ended");
    expect_true(outcome.n_failed == 0 && outcome.n_wrong == 0, "runs in the background went wrong");
}

int main(int argc, char **argv) {
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    static unsigned char bytes[1 << 20];
    size_t n_bytes = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (n_bytes == 0) {
        fprintf(stderr, "usage: hooks DIGITS.onnx\n");
        return 2;
    }
    fclose(file);
    dunlin_model *model = NULL;
    expect(dunlin_model_load(argv[1], DUNLIN_NUL_TERMINATED, NULL, &model), DUNLIN_OK, "load");
    expect(classify_level(model, 1.0f, expected), DUNLIN_OK, "run");
    dunlin_model_free(model);

    descriptors(bytes, n_bytes);
    readers(bytes, n_bytes);
    external_files();
    host_threads(bytes, n_bytes);
    background(bytes, n_bytes);
    expect_true(dunlin_abi_version() == DUNLIN_ABI_VERSION, "the library is not of this header");
    expect_true(dunlin_has("op:Conv") && dunlin_has("op:ai.onnx.ml:Scaler") && !dunlin_has("op:Nothing"), "operators");
    expect_true(dunlin_has("cpu") && dunlin_has("onnx") && !dunlin_has("") && !dunlin_has(NULL), "features");
    expect_true(strlen(dunlin_instruction_set()) > 0, "no instruction set");
    return verdict();
}
