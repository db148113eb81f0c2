// What dunlin.hpp offers, used as a host would. Compiled with exceptions and without, as C++17 and C++20, together with
// header_again.cpp. Ends with 0 if every call answers as it should.
#include "dunlin.hpp"
#include "dunlin.hpp"

#include <cstdio>
#include <memory>
#include <mutex>
#include <numeric>
#include <thread>
#if __cplusplus >= 202002L
#include <span>
#endif

int header_again(const char *path);

struct Half {
    std::uint16_t bits;
};
template <>
inline constexpr dunlin::DType dunlin::dtype_of<Half> = DUNLIN_FLOAT16;

namespace {

int n_failed = 0;

void expect(bool truth, const char *what) {
    if (!truth) {
        std::printf("%s\n", what);
        n_failed++;
    }
}

#ifdef DUNLIN_NO_EXCEPTIONS
template <class T>
T good(dunlin::Result<T> result) {
    expect(result.ok(), result.ok() ? "" : result.error()->what());
    return std::move(result).value();
}
void good(dunlin::Result<void> result) { expect(result.ok(), result.ok() ? "" : result.error()->what()); }
#define DO(call) good(call)
#define FAILS(call, wanted)                                                                                            \
    do {                                                                                                               \
        const auto result = call;                                                                                      \
        expect(!result.ok() && result.error()->status() == (wanted), #call);                                           \
        expect(result.ok() || result.error()->what()[0] != '\0', "an error says nothing");                             \
    } while (false)
#else
template <class T>
T good(T value) {
    return value;
}
#define DO(call) call
#define FAILS(call, wanted)                                                                                            \
    do {                                                                                                               \
        try {                                                                                                          \
            (void)call;                                                                                                \
            expect(false, #call);                                                                                      \
        } catch (const std::runtime_error &error) {                                                                    \
            const dunlin::Error copy = static_cast<const dunlin::Error &>(error);                                      \
            expect(copy.status() == (wanted), error.what());                                                           \
            expect(error.what()[0] != '\0' && copy.what() == error.what(), "an error says nothing, or its copy differs"); \
        }                                                                                                              \
    } while (false)
#endif

static_assert(!std::is_copy_constructible_v<dunlin::Value> && std::is_nothrow_move_constructible_v<dunlin::Value>);
static_assert(sizeof(dunlin::Model) == sizeof(dunlin_model *) && sizeof(dunlin::Session) == sizeof(dunlin_session *));
static_assert(dunlin::dtype_of<long long> == DUNLIN_INT64 && dunlin::dtype_of<unsigned char> == DUNLIN_UINT8);
static_assert(dunlin::dtype_of<bool> == DUNLIN_BOOL && dunlin::dtype_of<void *> == DUNLIN_DTYPE_NONE);

void values() {
    const std::vector<float> data{1, 2, 3, 4, 5, 6};
    const dunlin::Value tensor = good(dunlin::Value::tensor({2, 3}, data));
    expect(tensor.kind() == DUNLIN_KIND_TENSOR && tensor.dtype() == DUNLIN_FLOAT32 && tensor.rank() == 2, "a wrong tensor");
    expect(good(tensor.dims()) == std::vector<std::size_t>{2, 3}, "wrong dims");
    std::array<std::size_t, 4> sizes{};
    DO(tensor.dims(sizes));
    expect(sizes[1] == 3, "wrong sizes");
    const dunlin::span<const float> elements = good(tensor.data<float>());
    expect(std::accumulate(elements.begin(), elements.end(), 0.0f) == 21.0f, "wrong elements");
    expect(good(tensor.bytes()).size() == 24, "wrong bytes");
    FAILS(tensor.data<double>(), DUNLIN_DTYPE);
    FAILS(dunlin::Value::tensor({2, 2}, data), DUNLIN_SHAPE);

    const short array[] = {1, 2};
    expect(good(dunlin::Value::tensor({2}, array)).dtype() == DUNLIN_INT16, "an array of another type");
    expect(good(dunlin::Value::tensor({2}, {1.0, 2.0})).dtype() == DUNLIN_FLOAT64, "a list of another type");
    expect(good(dunlin::Value::scalar(std::int64_t{5})).rank() == 0, "a scalar with dimensions");
    const Half half[] = {{0x3c00}};
    expect(good(dunlin::Value::tensor({1}, half)).dtype() == DUNLIN_FLOAT16, "a type of the host's own");
#if __cplusplus >= 202002L
    expect(good(dunlin::Value::tensor({6}, std::span<const float>(data))).rank() == 1, "a std::span");
#endif

    const std::string_view texts[] = {"one", std::string_view("two words", 3)};
    const dunlin::Value strings = good(dunlin::Value::strings({2}, texts));
    expect(good(strings.string(1)) == "two", "a wrong text");
    FAILS(strings.string(2), DUNLIN_NOT_FOUND);

    std::vector<dunlin::Value> list;
    list.push_back(good(dunlin::Value::scalar(1.0f)));
    list.push_back(good(dunlin::Value::scalar(2.0f)));
    const dunlin::Value sequence = good(dunlin::Value::sequence(list));
    const dunlin::Value map = good(dunlin::Value::map(good(dunlin::Value::tensor({2}, {std::int64_t{7}, std::int64_t{8}})), list));
    list.clear();
    const dunlin::Value item = good(sequence.item(1));
    expect(sequence.count() == 2 && good(item.data<float>())[0] == 2.0f, "a wrong item");
    const dunlin::Value keys = good(map.keys());
    expect(map.kind() == DUNLIN_KIND_MAP && good(keys.data<std::int64_t>())[1] == 8, "wrong keys");
    expect(good(dunlin::Value::optional()).count() == 0 && good(dunlin::Value::optional(item)).count() == 1, "wrong optionals");
    FAILS(dunlin::Value().dims(), DUNLIN_NULL_ARGUMENT);
}

int n_released = 0;

void borrowing() {
    const float data[] = {1, 2};
    { const dunlin::Value lent = good(dunlin::Value::borrow({2}, data, [] { n_released++; })); }
    expect(n_released == 1, "a function without captures");
    int n = 0;
    { const dunlin::Value lent = good(dunlin::Value::borrow({2}, data, [&n] { n++; })); }
    expect(n == 1, "a function with a small capture");
    auto owned = std::make_unique<std::vector<float>>(std::vector<float>{3, 4});
    const std::vector<float> &memory = *owned;
    dunlin::Value lent = good(dunlin::Value::borrow({2}, memory, [owned = std::move(owned), &n] { n += owned->empty() ? 0 : 1; }));
    expect(good(lent.data<float>()).data() == memory.data(), "lent memory was copied");
    dunlin::Value moved = std::move(lent);
    expect(!lent && moved && n == 1, "a moved value");
    moved.reset();
    expect(n == 2, "a function that owns");
    FAILS(dunlin::Value::borrow({3}, data, [&n] { n++; }), DUNLIN_SHAPE);
    expect(n == 2, "a failed call has released the memory");
    expect(good(dunlin::Value::borrow({2}, data)).rank() == 1, "memory that stays");
}

void models(const char *path) {
    FAILS(dunlin::Model::load("no such file"), DUNLIN_NOT_FOUND);
    FAILS(dunlin::Model::load_bytes(std::string_view("nonsense")), DUNLIN_FORMAT);
    const dunlin::Pool pool = good(dunlin::Pool::create(2));
    dunlin::Options options = good(dunlin::Options::create());
    float told = 0;
    auto progress = [&told](float fraction) { told = fraction; };
    DO(options.set_pool(pool));
    DO(options.set_progress(progress));
    const dunlin::Model model = good(dunlin::Model::load(path, options));
    DO(options.clear_progress());
    expect(pool.threads() == 2 && told == 1.0f, "wrong options");
    const dunlin::Port port = good(model.input(0));
    expect(std::string_view(port.name) == "image" && port.sizes().size() == 4, "a wrong input");
    FAILS(model.output(9), DUNLIN_NOT_FOUND);
    FAILS(options.set_device("quantum"), DUNLIN_DEVICE);

    const std::vector<float> pixels(28 * 28);
    const dunlin::Value image = good(dunlin::Value::borrow({1, 1, 28, 28}, pixels));
    dunlin::Report report;
    const dunlin::Value output = good(model.run({image}, {}, &report));
    expect(report.node_count() > 0 && report.json()[0] == '{' && good(report.node(0)).op != nullptr, "an empty report");
    expect(good(model.report()).node_count() > 0 && good(model.memory({4}, {1, 1, 28, 28})).n_bytes > 0, "nothing to report");
    const dunlin::span<const float> scores = good(output.data<float>());
    std::array<float, 10> kept{};
    DO(model.run_into(dunlin::Inputs::named({"image"}, {image}), {dunlin::into("probabilities", kept)}));
    expect(std::equal(scores.begin(), scores.end(), kept.begin()), "other scores in the host's memory");
    expect(good(model.run_all(image)).size() == 1 && good(model.run<1>({image}))[0], "other ways to run");
    std::vector<dunlin::Value> places(1);
    DO(model.run_to(image, places));
    DO(model.run_to(image, places));
    expect(good(places[0].data<float>()).size() == 10, "outputs in places of the caller's");
    FAILS(model.run<2>({image}), DUNLIN_INPUT);
    FAILS(model.run(dunlin::Inputs::named({"nobody"}, {image})), DUNLIN_NOT_FOUND);

    const dunlin::Cancel cancel = good(dunlin::Cancel::create());
    dunlin::RunOptions run_options = good(dunlin::RunOptions::create());
    DO(run_options.set_cancel(cancel));
    dunlin::Session session = good(dunlin::Session::create(model));
    expect(good(session.run({image}, run_options)).rank() == 2, "a session's run");
    DO(session.run_into({image}, {dunlin::into("probabilities", kept)}));
    DO(cancel.set());
    FAILS(session.run({image}, run_options), DUNLIN_CANCELLED);
    FAILS(session.set_state("h", image), DUNLIN_NOT_FOUND);
    DO(session.reset_states());
}

void sources(const char *path) {
    std::vector<char> bytes;
    if (std::FILE *file = std::fopen(path, "rb")) {
        for (int byte = std::fgetc(file); byte != EOF; byte = std::fgetc(file)) {
            bytes.push_back(static_cast<char>(byte));
        }
        std::fclose(file);
    }
    expect(good(dunlin::Model::load_bytes(bytes)).input_count() == 1, "a model from bytes");
    int n = 0;
    { const auto model = good(dunlin::Model::load_borrowed(bytes, [&n] { n++; })); }
    expect(n == 1, "borrowed bytes were not released");
    FAILS(dunlin::Model::load_borrowed(std::string_view("nonsense"), [&n] { n++; }), DUNLIN_FORMAT);
    expect(n == 1, "a failed load has released the memory");
    const auto read = [&bytes](std::uint64_t offset, dunlin::span<std::byte> buffer) {
        std::memcpy(buffer.data(), bytes.data() + offset, buffer.size());
        return static_cast<std::int64_t>(buffer.size());
    };
    const dunlin::Model model = good(dunlin::Model::load_reader(bytes.size(), read));
    const dunlin_info info = good(model.info());
    expect(info.n_opsets > 0 && good(model.opset(0)).first == "ai.onnx" && good(model.opset(0)).second > 0, "a model without opset");
    FAILS(model.metadata(info.n_metadata), DUNLIN_NOT_FOUND);
    FAILS(dunlin::Model::load_reader(9, [](std::uint64_t, dunlin::span<std::byte>) { return std::int64_t{-1}; }), DUNLIN_IO);
#ifndef DUNLIN_NO_EXCEPTIONS
    try {
        (void)dunlin::Model::load_reader(9, [](std::uint64_t, dunlin::span<std::byte>) -> std::int64_t { throw 5; });
    } catch (int thrown) {
        n += thrown;
    }
    expect(n == 6, "what a reader throws is lost");
#endif
    if (std::FILE *file = std::fopen(path, "rb")) {
        expect(good(dunlin::Model::load_fd(fileno(file))).input_count() == 1, "a model from a descriptor");
        std::fclose(file);
    }
    dunlin::Options options = good(dunlin::Options::create());
    std::atomic<int> n_lines{0};
    auto log = [&n_lines](dunlin_log_level, std::string_view line) { n_lines += line.empty() ? 0 : 1; };
    DO(options.set_log(DUNLIN_LOG_DEBUG, log));
    DO(options.add_external("weights", bytes, [&n] { n = 100; }));
    (void)good(dunlin::Model::load(path, options));
    DO(options.clear_log());
    options.reset();
    expect(n_lines > 0 && n == 100, "no log, or no release of weights");
}

// The host's threads, and runs in the background.
void threads(const char *path) {
    std::mutex lock;
    std::vector<std::thread> helpers;
    const dunlin::Pool pool = good(dunlin::Pool::of_host(3, [&](dunlin::Task task, std::size_t n) {
        const std::lock_guard<std::mutex> guard(lock);
        for (std::size_t i = 0; i < n && helpers.size() < 30; i++) {
            helpers.emplace_back(task);
        }
    }));
    dunlin::Options options = good(dunlin::Options::create());
    DO(options.set_pool(pool));
    const dunlin::Model model = good(dunlin::Model::load(path, options));
    const dunlin::Value image = good(dunlin::Value::tensor({50, 1, 28, 28}, std::vector<float>(50 * 28 * 28)));
    expect(good(model.run({image})).rank() == 2 && !helpers.empty(), "the host's threads were not asked");

    std::atomic<int> n_good{0}, n_failed_runs{0};
    auto owned = std::make_unique<int>(2);
    DO(model.run_async({image}, [&n_good, owned = std::move(owned)](dunlin::Completion &completion) {
        const dunlin::Value output = completion.next();
        n_good += completion.ok() && output.rank() == 2 && !completion.next() ? *owned : 0;
    }));
    dunlin::Session session = good(dunlin::Session::create(model));
    DO(session.run_async({image}, [&n_good](dunlin::Completion &completion) {
        n_good += completion.report().node_count() > 0 ? 1 : 0;
    }, {}, dunlin::Reporting::On));
    const dunlin::Value wrong = good(dunlin::Value::tensor({2}, {1.0f, 2.0f}));
    DO(model.run_async({wrong}, [&n_failed_runs](dunlin::Completion &completion) {
        n_failed_runs += completion.status() == DUNLIN_SHAPE && completion.error().what()[0] != '\0' ? 1 : 0;
    }));
    DO(dunlin::async_wait());
    expect(n_good == 3 && n_failed_runs == 1, "runs in the background");
    for (std::thread &helper : helpers) {
        helper.join();
    }
    FAILS(dunlin::Model().run_async({image}, [](dunlin::Completion &) {}), DUNLIN_NULL_ARGUMENT);
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 2) {
        return 2;
    }
    expect(dunlin::version() == DUNLIN_VERSION && dunlin::has("cpu") && dunlin::abi_matches(), "another version");
    values();
    borrowing();
    models(argv[1]);
    sources(argv[1]);
    threads(argv[1]);
    n_failed += header_again(argv[1]);
    std::printf("%d of the calls answered wrongly\n", n_failed);
    return n_failed != 0;
}
