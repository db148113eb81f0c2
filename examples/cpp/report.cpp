// Shows what a run spent, node by node, and where each node ran.
//
//   c++ -std=c++17 examples/cpp/report.cpp -Iinclude -Ltarget/debug -ldunlin -o report
//   LD_LIBRARY_PATH=target/debug ./report examples/digits/digits.onnx
#include <iostream>

#include "dunlin.hpp"

int main(int argc, char **argv) try {
    if (argc != 2) {
        throw std::runtime_error("usage: report MODEL");
    }
    const dunlin::Model model = dunlin::Model::load(argv[1]);
    const dunlin::Value input = dunlin::Value::tensor({1, 1, 28, 28}, std::array<float, 28 * 28>{});
    dunlin::Report report;
    const dunlin::Value output = model.run({input}, {}, &report);
    for (std::size_t i = 0; i < report.node_count(); i++) {
        const auto node = report.node(i);
        std::cout << node.op << " " << node.node << " on " << node.backend << ": " << node.nanoseconds / 1000 << " us, "
                  << node.output_bytes << " bytes out";
        if (node.fallback != nullptr) {
            std::cout << ", because " << node.fallback;
        }
        std::cout << "\n";
    }
    std::cout << "in all " << report.nanoseconds() / 1000 << " us, at most " << report.peak_bytes()
              << " bytes of tensors at a time\n"
              << report.json() << "\n";
    return 0;
} catch (const std::exception &error) {
    std::cerr << error.what() << "\n";
    return 1;
}
