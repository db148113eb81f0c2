// Two models on the threads of one pool: as many as the program wants to spend on inference, whatever it loads.
//
//   c++ -std=c++17 examples/cpp/shared_pool.cpp -Iinclude -Ltarget/debug -ldunlin -pthread -o shared_pool
//   LD_LIBRARY_PATH=target/debug ./shared_pool examples/digits/digits.onnx examples/digits/digits.onnx
#include <cstdio>
#include <future>

#include "dunlin.hpp"

static int run(const dunlin::Model &model) {
    const dunlin::Value input = dunlin::Value::tensor({1, 1, 28, 28}, std::array<float, 28 * 28>{});
    int n = 0;
    while (n < 20 && model.run({input})) {
        n++;
    }
    return n;
}

int main(int argc, char **argv) try {
    if (argc != 3) {
        throw std::runtime_error("usage: shared_pool MODEL MODEL");
    }
    const dunlin::Pool pool = dunlin::Pool::create(2);
    dunlin::Options options = dunlin::Options::create();
    options.set_pool(pool);
    const dunlin::Model first = dunlin::Model::load(argv[1], options), second = dunlin::Model::load(argv[2], options);
    auto other = std::async(std::launch::async, run, std::cref(second));
    std::printf("2 models ran %d and %d times, ", run(first), other.get());
    std::printf("at the same time, on a pool of %zu threads\n", pool.threads());
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
