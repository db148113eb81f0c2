// Runs a model between the host's own buffers: nothing is copied on the way in, and outputs are written where the host wants them.
//
//   c++ -std=c++17 examples/cpp/host_buffers.cpp -Iinclude -Ltarget/debug -ldunlin -o host_buffers
//   LD_LIBRARY_PATH=target/debug ./host_buffers examples/digits/digits.onnx
#include <cstdio>
#include <numeric>

#include "dunlin.hpp"

int main(int argc, char **argv) try {
    if (argc != 2) {
        throw std::runtime_error("usage: host_buffers MODEL");
    }
    const std::vector<float> image(28 * 28);
    std::array<float, 10> probabilities{};
    int n_released = 0;
    {
        const dunlin::Model model = dunlin::Model::load(argv[1]);
        const dunlin::Value input = dunlin::Value::borrow({1, 1, 28, 28}, image, [&n_released] { n_released++; });
        for (int frame = 0; frame < 3; frame++) {
            model.run_into({input}, {dunlin::into("probabilities", probabilities)});
            const float sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0f);
            std::printf("frame %d: probabilities add up to %.3f\n", frame, sum);
        }
    }
    std::printf("the buffer was released %d time\n", n_released);
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
