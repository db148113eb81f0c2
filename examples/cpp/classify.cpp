// Classifies the picture of a digit.
//
//   c++ -std=c++17 examples/cpp/classify.cpp -Iinclude -Ltarget/debug -ldunlin -o classify
//   LD_LIBRARY_PATH=target/debug ./classify examples/digits/digits.onnx examples/digits/seven.pgm
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "dunlin.hpp"

// Reads a PGM of 28 by 28 bytes as floats from 0 to 1.
static std::array<float, 28 * 28> read_picture(const char *path) {
    std::ifstream file(path, std::ios::binary);
    std::string magic, width, height, most;
    file >> magic >> width >> height >> most;
    file.get();
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    std::array<float, 28 * 28> pixels{};
    if (magic + width + height != "P52828" || bytes.size() != pixels.size()) {
        throw std::runtime_error(std::string(path) + " is no PGM of 28 by 28 bytes");
    }
    std::transform(bytes.begin(), bytes.end(), pixels.begin(),
        [](char byte) { return static_cast<float>(static_cast<unsigned char>(byte)) / 255.0f; });
    return pixels;
}

int main(int argc, char **argv) try {
    if (argc != 3) {
        throw std::runtime_error("usage: classify MODEL PICTURE.pgm");
    }
    const dunlin::Model model = dunlin::Model::load(argv[1]);
    const dunlin::Value image = dunlin::Value::tensor({1, 1, 28, 28}, read_picture(argv[2]));
    const dunlin::Value output = model.run({image});
    const auto probabilities = output.data<float>();
    const auto best = std::max_element(probabilities.begin(), probabilities.end());
    std::printf("%td with %.1f %%\n", best - probabilities.begin(), 100.0f * *best);
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
