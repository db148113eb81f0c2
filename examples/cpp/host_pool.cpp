// Runs a model on threads that the program has already: Dunlin offers work, the program's workers take it when they find the time.
//
//   c++ -std=c++17 examples/cpp/host_pool.cpp -Iinclude -Ltarget/debug -ldunlin -pthread -o host_pool
//   LD_LIBRARY_PATH=target/debug ./host_pool examples/digits/digits.onnx
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "dunlin.hpp"

// The program's own pool.
class Workers {
public:
    explicit Workers(std::size_t n) {
        for (std::size_t i = 0; i < n; i++) {
            threads_.emplace_back([this] { work(); });
        }
    }
    ~Workers() {
        {
            const std::lock_guard<std::mutex> guard(lock_);
            is_over_ = true;
        }
        changed_.notify_all();
        for (std::thread &thread : threads_) {
            thread.join();
        }
    }
    void post(const std::function<void()> &job) {
        {
            const std::lock_guard<std::mutex> guard(lock_);
            jobs_.push_back(job);
        }
        changed_.notify_one();
    }
    std::size_t n_done() const { return n_done_; }

private:
    void work() {
        std::unique_lock<std::mutex> guard(lock_);
        while (changed_.wait(guard, [this] { return is_over_ || !jobs_.empty(); }), !jobs_.empty()) {
            const std::function<void()> job = std::move(jobs_.front());
            jobs_.pop_front();
            guard.unlock();
            job();
            n_done_++;
            guard.lock();
        }
    }

    std::mutex lock_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> jobs_;
    std::atomic<std::size_t> n_done_{0};
    bool is_over_ = false;
    std::vector<std::thread> threads_;
};

int main(int argc, char **argv) try {
    if (argc != 2) {
        throw std::runtime_error("usage: host_pool MODEL");
    }
    Workers workers(3);
    const dunlin::Pool pool = dunlin::Pool::of_host(4, [&workers](dunlin::Task task, std::size_t n) {
        for (std::size_t i = 0; i < n; i++) {
            workers.post(task);
        }
    });
    dunlin::Options options = dunlin::Options::create();
    options.set_pool(pool);
    const dunlin::Model model = dunlin::Model::load(argv[1], options);
    const dunlin::Value images = dunlin::Value::tensor({200, 1, 28, 28}, std::vector<float>(200 * 28 * 28));
    const dunlin::Value output = model.run({images});
    while (workers.n_done() == 0) {
        std::this_thread::yield();
    }
    std::printf("%zu images on the program's threads, which helped many times\n", output.dims()[0]);
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
