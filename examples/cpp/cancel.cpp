// Ends runs early: by a deadline, and by a switch that another thread turns.
//
//   c++ -std=c++17 examples/cpp/cancel.cpp -Iinclude -Ltarget/debug -ldunlin -pthread -o cancel
//   LD_LIBRARY_PATH=target/debug ./cancel examples/digits/digits.onnx
#include <cstdio>
#include <thread>

#include "dunlin.hpp"

int main(int argc, char **argv) try {
    if (argc != 2) {
        throw std::runtime_error("usage: cancel MODEL");
    }
    const std::vector<float> images(4000 * 28 * 28);
    const dunlin::Model model = dunlin::Model::load(argv[1]);
    const dunlin::Value input = dunlin::Value::borrow({4000, 1, 28, 28}, images);
    dunlin::RunOptions options = dunlin::RunOptions::create();

    options.set_timeout_ms(1);
    try {
        (void)model.run({input}, options);
    } catch (const dunlin::Error &error) {
        std::printf("within a millisecond: %s\n", dunlin_status_name(error.status()));
    }

    // Runs again and again until the other thread turns the switch in the middle of one.
    const dunlin::Cancel cancel = dunlin::Cancel::create();
    options.set_timeout_ms(0);
    options.set_cancel(cancel);
    std::thread other([&cancel] { cancel.set(); });
    try {
        while (model.run({input}, options)) {
        }
    } catch (const dunlin::Error &error) {
        std::printf("after the switch: %s\n", dunlin_status_name(error.status()));
    }
    other.join();
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
