/// Dunlin for C++17: a header over dunlin.h that owns handles and knows types. docs/c-api.md is the guide.
///
/// Every class holds one handle, is move-only, and ends its handle when it goes; an object that was made without a handle, or moved
/// from, stands for NULL. Nothing is virtual, and nothing allocates unless its comment says so.
///
/// Calls that fail throw dunlin::Error. With DUNLIN_NO_EXCEPTIONS (implied by -fno-exceptions) they return a dunlin::Result instead:
/// `Fallible<T>` below is T in the one case and Result<T> in the other. Which threads may call what is as in dunlin.h.

#ifndef DUNLIN_HPP
#define DUNLIN_HPP

#include <array>
#include <atomic>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "dunlin.h"

#if !defined(DUNLIN_NO_EXCEPTIONS) && !defined(__cpp_exceptions)
#define DUNLIN_NO_EXCEPTIONS
#endif

#ifndef DUNLIN_NO_EXCEPTIONS
#include <stdexcept>
#endif

namespace dunlin {
// Parts of one program may choose differently: their functions have different names.
#ifdef DUNLIN_NO_EXCEPTIONS
inline namespace with_results {
#else
inline namespace with_exceptions {
#endif

using Status = dunlin_status;
using Kind = dunlin_kind;
using DType = dunlin_dtype;

// ---- Spans

/// Elements of somebody else's memory: std::span of C++20, which it converts from, as from arrays and containers.
template <class T>
class span {
public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;

    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}

    template <std::size_t N>
    constexpr span(T (&array)[N]) noexcept : data_(array), size_(N) {}

    /// From whatever has data() and size().
    template <class Range, class Data = decltype(std::declval<Range &>().data()),
        class = decltype(std::declval<Range &>().size()),
        class = std::enable_if_t<std::is_convertible_v<std::remove_pointer_t<Data> (*)[], T (*)[]>
            && !std::is_same_v<std::decay_t<Range>, span>>>
    constexpr span(Range &&range) noexcept : data_(range.data()), size_(range.size()) {}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winit-list-lifetime"
#endif
    /// From a list in braces, which lasts until the statement ends.
    template <class U = T, class = std::enable_if_t<std::is_const_v<U>>>
    constexpr span(std::initializer_list<value_type> list) noexcept : data_(list.begin()), size_(list.size()) {}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr std::size_t size_bytes() const noexcept { return size_ * sizeof(T); }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T &operator[](std::size_t index) const noexcept { return data_[index]; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/// The sizes of a tensor.
using Dims = span<const std::size_t>;

// ---- Errors

namespace detail {

/// Texts in one shared block. Copies cannot fail, and if there was no memory for it, every text is NULL.
class Texts {
public:
    static constexpr std::size_t n_texts = 5;

    explicit Texts(const std::array<const char *, n_texts> &texts) noexcept {
        std::size_t n_bytes = sizeof(Block);
        for (const char *text : texts) {
            n_bytes += text != nullptr ? std::strlen(text) + 1 : 0;
        }
        void *memory = std::malloc(n_bytes);
        if (memory == nullptr) {
            return;
        }
        block_ = new (memory) Block{{1}, {}};
        char *next = static_cast<char *>(memory) + sizeof(Block);
        for (std::size_t i = 0; i < n_texts; i++) {
            if (texts[i] != nullptr) {
                const std::size_t length = std::strlen(texts[i]) + 1;
                block_->texts[i] = static_cast<const char *>(std::memcpy(next, texts[i], length));
                next += length;
            }
        }
    }

    Texts(const Texts &other) noexcept : block_(other.block_) {
        if (block_ != nullptr) {
            block_->n_owners.fetch_add(1, std::memory_order_relaxed);
        }
    }

    Texts &operator=(const Texts &other) noexcept {
        Texts copy(other);
        std::swap(block_, copy.block_);
        return *this;
    }

    ~Texts() {
        if (block_ != nullptr && block_->n_owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            std::free(block_);
        }
    }

    const char *operator[](std::size_t index) const noexcept { return block_ != nullptr ? block_->texts[index] : nullptr; }

private:
    struct Block {
        std::atomic<std::size_t> n_owners;
        std::array<const char *, n_texts> texts;
    };
    Block *block_ = nullptr;
};

#ifdef DUNLIN_NO_EXCEPTIONS
struct ErrorBase {
    explicit ErrorBase(const char *) noexcept {}
};
#else
using ErrorBase = std::runtime_error;
#endif

}  // namespace detail

/// Why a call did not work. Copies the texts that the library lends, in one allocation.
class Error : public detail::ErrorBase {
public:
    Error(Status status, const char *message, const char *node = nullptr, const char *op = nullptr,
        const char *file = nullptr, const char *hint = nullptr, std::optional<std::uint64_t> offset = std::nullopt)
        : detail::ErrorBase(dunlin_status_name(status)), status_(status), texts_({message, node, op, file, hint}), offset_(offset) {}

    /// This thread's last error, which came with `status`.
    static Error last(Status status) {
        std::uint64_t offset = 0;
        const bool has_offset = dunlin_last_error_offset(&offset);
        return Error(status, dunlin_last_error(), dunlin_last_error_node(), dunlin_last_error_operator(),
            dunlin_last_error_file(), dunlin_last_error_hint(),
            has_offset ? std::optional<std::uint64_t>(offset) : std::nullopt);
    }

    /// What a completion callback was lent.
    static Error of(const dunlin_error *error) {
        std::uint64_t offset = 0;
        const bool has_offset = dunlin_error_offset(error, &offset);
        return Error(dunlin_error_status(error), dunlin_error_message(error), dunlin_error_node(error),
            dunlin_error_operator(error), dunlin_error_file(error), dunlin_error_hint(error),
            has_offset ? std::optional<std::uint64_t>(offset) : std::nullopt);
    }

    Status status() const noexcept { return status_; }
    /// The full message, with file, node, offset and hint.
    const char *what() const noexcept { return texts_[0] != nullptr ? texts_[0] : dunlin_status_name(status_); }
    /// The node at which it failed, or NULL.
    const char *node() const noexcept { return texts_[1]; }
    /// The operator of that node, or NULL.
    const char *op() const noexcept { return texts_[2]; }
    /// The file that it is about, or NULL.
    const char *file() const noexcept { return texts_[3]; }
    /// What to do about it, or NULL.
    const char *hint() const noexcept { return texts_[4]; }
    /// The byte of the file at which it was found.
    std::optional<std::uint64_t> offset() const noexcept { return offset_; }

private:
    Status status_;
    detail::Texts texts_;
    std::optional<std::uint64_t> offset_;
};

#ifdef DUNLIN_NO_EXCEPTIONS

/// What a call gave, or why it did not work.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const noexcept { return content_.index() == 0; }
    explicit operator bool() const noexcept { return ok(); }

    /// What the call gave. Ends the process if it did not work: ask ok() before.
    T &value() & { return ok() ? *std::get_if<0>(&content_) : (std::terminate(), *std::get_if<0>(&content_)); }
    T value() && { return std::move(value()); }
    T &operator*() & { return value(); }
    T operator*() && { return std::move(value()); }
    T *operator->() { return &value(); }

    /// Why it did not work, or NULL if it did.
    const Error *error() const noexcept { return std::get_if<1>(&content_); }

private:
    std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool ok() const noexcept { return !error_.has_value(); }
    explicit operator bool() const noexcept { return ok(); }
    const Error *error() const noexcept { return error_.has_value() ? &*error_ : nullptr; }

private:
    std::optional<Error> error_;
};

template <class T>
using Fallible = Result<T>;

#else

template <class T>
using Fallible = T;

#endif

namespace detail {

template <class T>
Fallible<T> fail(Error error) {
#ifdef DUNLIN_NO_EXCEPTIONS
    return error;
#else
    throw error;
#endif
}

/// What a call gives that came to `status`: a T made of `parts`, or the thread's last error.
template <class T, class... Parts>
Fallible<T> outcome(Status status, Parts &&...parts) {
    if (status != DUNLIN_OK) {
        return fail<T>(Error::last(status));
    }
    return T(std::forward<Parts>(parts)...);
}

inline Fallible<void> outcome(Status status) {
    if (status != DUNLIN_OK) {
        return fail<void>(Error::last(status));
    }
    return Fallible<void>();
}

/// The owner of one handle.
template <class C, void (*End)(C *)>
class Handle {
public:
    Handle() noexcept = default;
    /// Takes a handle over.
    explicit Handle(C *handle) noexcept : handle_(handle) {}
    Handle(Handle &&other) noexcept : handle_(other.release()) {}
    Handle &operator=(Handle &&other) noexcept {
        reset(other.release());
        return *this;
    }
    ~Handle() { reset(); }

    /// The handle, for calls of dunlin.h; it stays this object's.
    C *get() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_ != nullptr; }
    /// Gives the handle away: the caller ends it.
    C *release() noexcept { return std::exchange(handle_, nullptr); }
    /// Ends the handle, and takes another one over.
    void reset(C *handle = nullptr) noexcept {
        C *before = std::exchange(handle_, handle);
        if (before != nullptr) {
            End(before);
        }
    }

private:
    C *handle_ = nullptr;
};

/// A callable behind C's `void *user`: within it if it fits and is trivial, otherwise in an allocation of its own.
template <class F>
struct Callable {
    static constexpr bool fits =
        sizeof(F) <= sizeof(void *) && std::is_trivially_copyable_v<F> && std::is_trivially_destructible_v<F>;

    /// NULL and `false` if there was no memory.
    static std::pair<void *, bool> hold(F callable) {
        void *user = nullptr;
        if constexpr (fits) {
            std::memcpy(&user, &callable, std::is_empty_v<F> ? 0 : sizeof(F));
            return {user, true};
        } else {
            user = new (std::nothrow) F(std::move(callable));
            return {user, user != nullptr};
        }
    }

    template <class... Args>
    static decltype(auto) call(void *&user, Args... args) {
        if constexpr (fits) {
            return (*std::launder(reinterpret_cast<F *>(&user)))(args...);
        } else {
            return (*static_cast<F *>(user))(args...);
        }
    }

    static void drop(void *user) noexcept {
        if constexpr (!fits) {
            delete static_cast<F *>(user);
        }
    }

    /// A dunlin_release_fn: calls and drops.
    static void release(void *user) noexcept {
        call(user);
        drop(user);
    }
};

template <class Range>
using element = std::remove_cv_t<std::remove_pointer_t<decltype(std::data(std::declval<const Range &>()))>>;

template <class T>
constexpr DType integer_dtype() {
    constexpr bool is_signed = std::is_signed_v<T>;
    switch (sizeof(T)) {
    case 1: return is_signed ? DUNLIN_INT8 : DUNLIN_UINT8;
    case 2: return is_signed ? DUNLIN_INT16 : DUNLIN_UINT16;
    case 4: return is_signed ? DUNLIN_INT32 : DUNLIN_UINT32;
    case 8: return is_signed ? DUNLIN_INT64 : DUNLIN_UINT64;
    default: return DUNLIN_DTYPE_NONE;
    }
}

}  // namespace detail

/// The element type of T. Specialise it for types of your own: `template <> inline constexpr dunlin::DType
/// dunlin::dtype_of<Half> = DUNLIN_FLOAT16;`.
template <class T>
inline constexpr DType dtype_of = std::is_integral_v<T> ? detail::integer_dtype<T>() : DUNLIN_DTYPE_NONE;
template <>
inline constexpr DType dtype_of<bool> = sizeof(bool) == 1 ? DUNLIN_BOOL : DUNLIN_DTYPE_NONE;
template <>
inline constexpr DType dtype_of<float> = DUNLIN_FLOAT32;
template <>
inline constexpr DType dtype_of<double> = DUNLIN_FLOAT64;
template <>
inline constexpr DType dtype_of<std::complex<float>> = DUNLIN_COMPLEX64;
template <>
inline constexpr DType dtype_of<std::complex<double>> = DUNLIN_COMPLEX128;

// ---- Values

/// A tensor, sequence, map or optional. Values do not change once they are made: any thread may read one.
class Value : public detail::Handle<dunlin_value, dunlin_value_free> {
public:
    using Handle::Handle;

    /// A tensor of a copy of `data`: `Value::tensor({1, 3, 224, 224}, pixels)`.
    template <class Range, class T = detail::element<Range>>
    static Fallible<Value> tensor(Dims dims, const Range &data) {
        static_assert(dtype_of<T> != DUNLIN_DTYPE_NONE, "no element type of Dunlin");
        return tensor_of(dtype_of<T>, dims, std::data(data), std::size(data) * sizeof(T));
    }

    /// The same of elements in braces: `Value::tensor({2}, {0.5f, 1.0f})`.
    template <class T>
    static Fallible<Value> tensor(Dims dims, std::initializer_list<T> data) {
        return tensor(dims, span<const T>(data.begin(), data.size()));
    }

    /// A tensor of no dimensions.
    template <class T>
    static Fallible<Value> scalar(T element) {
        return tensor(Dims(), span<const T>(&element, 1));
    }

    /// A tensor of a copy of `n_bytes` bytes, for element types that C++ has not.
    static Fallible<Value> tensor_of(DType dtype, Dims dims, const void *data, std::size_t n_bytes) {
        dunlin_value *handle = nullptr;
        const Status status = dunlin_value_new_tensor(dtype, dims.data(), dims.size(), data, n_bytes, &handle);
        return detail::outcome<Value>(status, handle);
    }

    /// A tensor over `data`, which is not copied and must outlive everything that uses the tensor.
    template <class Range, class T = detail::element<Range>>
    static Fallible<Value> borrow(Dims dims, const Range &data) {
        static_assert(dtype_of<T> != DUNLIN_DTYPE_NONE, "no element type of Dunlin");
        return borrow_of(dtype_of<T>, dims, std::data(data), std::size(data) * sizeof(T), nullptr, nullptr);
    }

    /// A tensor over `data`, which must stay in place and unchanged until `release()` is called: once, from any thread. It must
    /// not throw, and is not called if this fails. Allocates if `release` is larger than a pointer or not trivial.
    template <class Range, class Release, class T = detail::element<Range>>
    static Fallible<Value> borrow(Dims dims, const Range &data, Release release) {
        static_assert(dtype_of<T> != DUNLIN_DTYPE_NONE, "no element type of Dunlin");
        const std::size_t n_bytes = std::size(data) * sizeof(T);
        // Taken before the callable moves: it may own the memory.
        const void *bytes = std::data(data);
        using Callable = detail::Callable<Release>;
        const auto [user, is_held] = Callable::hold(std::move(release));
        if (!is_held) {
            return detail::fail<Value>(Error(DUNLIN_OUT_OF_MEMORY, "no memory for a release function"));
        }
        dunlin_value *handle = nullptr;
        const Status status = dunlin_value_borrow_tensor(
            dtype_of<T>, dims.data(), dims.size(), bytes, n_bytes, &Callable::release, user, &handle);
        if (status != DUNLIN_OK) {
            Callable::drop(user);
        }
        return detail::outcome<Value>(status, handle);
    }

    /// As borrow(), of bytes, with a release function (or NULL) as dunlin.h has it.
    static Fallible<Value> borrow_of(
        DType dtype, Dims dims, const void *data, std::size_t n_bytes, dunlin_release_fn release, void *user) {
        dunlin_value *handle = nullptr;
        const Status status =
            dunlin_value_borrow_tensor(dtype, dims.data(), dims.size(), data, n_bytes, release, user, &handle);
        return detail::outcome<Value>(status, handle);
    }

    /// A tensor of copies of UTF-8 texts. Allocates two lists for the call.
    static Fallible<Value> strings(Dims dims, span<const std::string_view> texts) {
        std::vector<const char *> data(texts.size());
        std::vector<std::size_t> lengths(texts.size());
        for (std::size_t i = 0; i < texts.size(); i++) {
            data[i] = texts[i].data() != nullptr ? texts[i].data() : "";
            lengths[i] = texts[i].size();
        }
        dunlin_value *handle = nullptr;
        const Status status = dunlin_value_new_strings(
            dims.data(), dims.size(), data.data(), lengths.data(), texts.size(), &handle);
        return detail::outcome<Value>(status, handle);
    }

    /// A sequence of values, which stay the caller's.
    static Fallible<Value> sequence(span<const Value> values) {
        dunlin_value *handle = nullptr;
        const Status status = dunlin_value_new_sequence(handles(values), values.size(), &handle);
        return detail::outcome<Value>(status, handle);
    }

    /// A map of keys (a tensor of rank 1: integers or strings) to as many values, which all stay the caller's.
    static Fallible<Value> map(const Value &keys, span<const Value> values) {
        dunlin_value *handle = nullptr;
        const Status status = dunlin_value_new_map(keys.get(), handles(values), values.size(), &handle);
        return detail::outcome<Value>(status, handle);
    }

    /// An optional of a value, which stays the caller's; of nothing without one.
    static Fallible<Value> optional(const Value &value = Value()) {
        dunlin_value *handle = nullptr;
        const Status status = dunlin_value_new_optional(value.get(), &handle);
        return detail::outcome<Value>(status, handle);
    }

    Kind kind() const noexcept { return dunlin_value_kind(get()); }

    /// The element type of a tensor; DUNLIN_DTYPE_NONE if it is none.
    DType dtype() const noexcept { return static_cast<DType>(dunlin_tensor_dtype(get())); }
    /// How many dimensions a tensor has.
    std::size_t rank() const noexcept { return dunlin_tensor_rank(get()); }

    /// The sizes of a tensor. Allocates.
    Fallible<std::vector<std::size_t>> dims() const {
        std::vector<std::size_t> sizes(rank());
        const Status status = dunlin_tensor_dims(get(), sizes.data(), sizes.size());
        return detail::outcome<std::vector<std::size_t>>(status, std::move(sizes));
    }

    /// Writes the sizes of a tensor to the start of `out`.
    Fallible<void> dims(span<std::size_t> out) const {
        return detail::outcome(dunlin_tensor_dims(get(), out.data(), out.size()));
    }

    /// The elements of a tensor, which stay this value's. DUNLIN_DTYPE if they are no T.
    template <class T>
    Fallible<span<const T>> data() const & {
        static_assert(dtype_of<T> != DUNLIN_DTYPE_NONE, "no element type of Dunlin");
        const void *data = nullptr;
        std::size_t n_bytes = 0;
        const Status status = dunlin_tensor_data(get(), &data, &n_bytes);
        if (status == DUNLIN_OK && dtype() != dtype_of<T>) {
            return detail::fail<span<const T>>(Error(DUNLIN_DTYPE, "the tensor is of another element type"));
        }
        return detail::outcome<span<const T>>(status, static_cast<const T *>(data), n_bytes / sizeof(T));
    }
    template <class T>
    Fallible<span<const T>> data() const && = delete;

    /// The bytes of a tensor of any element type but strings, which stay this value's.
    Fallible<span<const std::byte>> bytes() const & {
        const void *data = nullptr;
        std::size_t n_bytes = 0;
        const Status status = dunlin_tensor_data(get(), &data, &n_bytes);
        return detail::outcome<span<const std::byte>>(status, static_cast<const std::byte *>(data), n_bytes);
    }
    Fallible<span<const std::byte>> bytes() const && = delete;

    /// Text `index` of a tensor of strings; it stays this value's.
    Fallible<std::string_view> string(std::size_t index) const & {
        const char *text = nullptr;
        std::size_t length = 0;
        const Status status = dunlin_tensor_string(get(), index, &text, &length);
        return detail::outcome<std::string_view>(status, text, length);
    }
    Fallible<std::string_view> string(std::size_t index) const && = delete;

    /// How many values a sequence, map or optional holds.
    std::size_t count() const noexcept { return dunlin_value_count(get()); }

    /// Value `index` of a sequence, map or optional. Nothing is copied.
    Fallible<Value> item(std::size_t index) const {
        dunlin_value *handle = nullptr;
        const Status status = dunlin_value_item(get(), index, &handle);
        return detail::outcome<Value>(status, handle);
    }

    /// The keys of a map, as a tensor.
    Fallible<Value> keys() const {
        dunlin_value *handle = nullptr;
        const Status status = dunlin_value_keys(get(), &handle);
        return detail::outcome<Value>(status, handle);
    }

    /// Values as C takes them: an array of Value is an array of handles.
    static const dunlin_value *const *handles(span<const Value> values) noexcept {
        static_assert(sizeof(Value) == sizeof(dunlin_value *) && std::is_standard_layout_v<Value>);
        return reinterpret_cast<const dunlin_value *const *>(values.data());
    }
    static dunlin_value **handles(span<Value> values) noexcept {
        return reinterpret_cast<dunlin_value **>(values.data());
    }
};

/// A value that goes into a run: it stays the caller's.
class Input {
public:
    Input(const Value &value) noexcept : handle_(value.get()) {}
    explicit Input(const dunlin_value *handle) noexcept : handle_(handle) {}

private:
    const dunlin_value *handle_;
};

/// All values that go into a run: `{image, scale}` in the model's order, a span of values, or by names. Only for the call: it
/// keeps nothing.
class Inputs {
public:
    Inputs() noexcept = default;
    Inputs(std::initializer_list<Input> values) noexcept : Inputs(nullptr, values.begin(), values.size()) {}
    Inputs(span<const Input> values) noexcept : Inputs(nullptr, values.data(), values.size()) {}
    template <class Range, class = std::enable_if_t<std::is_convertible_v<const Range &, span<const Value>>>>
    Inputs(const Range &values) noexcept : Inputs(span<const Value>(values)) {}
    Inputs(span<const Value> values) noexcept : values_(Value::handles(values)), n_(values.size()) {}
    Inputs(const Value &value) noexcept : Inputs(span<const Value>(&value, 1)) {}

    /// By name: `Inputs::named({"audio", "rate"}, {audio, rate})`. Names end with a NUL; as many are used as there are values.
    static Inputs named(span<const char *const> names, span<const Input> values) noexcept {
        return Inputs(names.data(), values.data(), names.size() < values.size() ? names.size() : values.size());
    }

    const char *const *names() const noexcept { return names_; }
    const dunlin_value *const *values() const noexcept { return values_; }
    std::size_t size() const noexcept { return n_; }

private:
    Inputs(const char *const *names, const Input *values, std::size_t n) noexcept
        : names_(names), values_(reinterpret_cast<const dunlin_value *const *>(values)), n_(n) {
        static_assert(sizeof(Input) == sizeof(dunlin_value *) && std::is_standard_layout_v<Input>);
    }

    const char *const *names_ = nullptr;
    const dunlin_value *const *values_ = nullptr;
    std::size_t n_ = 0;
};

/// A place in the host's memory for the output `name`, which ends with a NUL: `model.run_into({image}, {into("scores", scores)})`.
template <class Range>
dunlin_output into(const char *name, Range &&memory) noexcept {
    using T = std::remove_pointer_t<decltype(std::data(memory))>;
    static_assert(!std::is_const_v<T>, "outputs are written");
    return dunlin_output{sizeof(dunlin_output), name, std::data(memory), std::size(memory) * sizeof(T)};
}

/// Places for outputs.
using Outputs = span<const dunlin_output>;

// ---- Choices

/// A switch that ends loads and runs early, from any thread.
class Cancel : public detail::Handle<dunlin_cancel, dunlin_cancel_free> {
public:
    using Handle::Handle;

    static Fallible<Cancel> create() {
        dunlin_cancel *handle = nullptr;
        const Status status = dunlin_cancel_new(&handle);
        return detail::outcome<Cancel>(status, handle);
    }

    /// Turns it on. It stays on.
    Fallible<void> set() const { return detail::outcome(dunlin_cancel_set(get())); }
};

/// What the host's threads are given to call: it returns when there is nothing left to do, and never waits.
struct Task {
    dunlin_task_fn run;
    void *task;
    void operator()() const noexcept { run(task); }
};

/// Threads that models share.
class Pool : public detail::Handle<dunlin_pool, dunlin_pool_free> {
public:
    using Handle::Handle;

    /// Of `n` threads, those that call included; 0 for as many as the process may use.
    static Fallible<Pool> create(std::size_t n = 0) {
        dunlin_pool *handle = nullptr;
        const Status status = dunlin_pool_new(n, &handle);
        return detail::outcome<Pool>(status, handle);
    }

    /// Of the host's threads, of which `n_threads` may work at a time, those that call included. `spawn(Task task, std::size_t n)` asks
    /// for up to `n` calls of `task()` on other threads, at once, later or never. It is called from any thread, at the same time, and
    /// must not throw; it lives as long as the pool is used. Allocates if it is larger than a pointer or not trivial.
    template <class Spawn>
    static Fallible<Pool> of_host(std::size_t n_threads, Spawn spawn) {
        using Callable = detail::Callable<Spawn>;
        const auto [user, is_held] = Callable::hold(std::move(spawn));
        if (!is_held) {
            return detail::fail<Pool>(Error(DUNLIN_OUT_OF_MEMORY, "no memory for a pool's function"));
        }
        const auto call = [](void *held, dunlin_task_fn run, void *task, std::size_t n) noexcept {
            Callable::call(held, Task{run, task}, n);
        };
        const auto drop = [](void *held) noexcept { Callable::drop(held); };
        dunlin_pool *handle = nullptr;
        const Status status = dunlin_pool_new_host(n_threads, call, drop, user, &handle);
        if (status != DUNLIN_OK) {
            Callable::drop(user);
        }
        return detail::outcome<Pool>(status, handle);
    }

    std::size_t threads() const noexcept { return dunlin_pool_threads(get()); }
};

/// Choices for loading. Without a handle, the defaults.
class Options : public detail::Handle<dunlin_options, dunlin_options_free> {
public:
    using Handle::Handle;

    static Fallible<Options> create() {
        dunlin_options *handle = nullptr;
        const Status status = dunlin_options_new(&handle);
        return detail::outcome<Options>(status, handle);
    }

    Fallible<void> set_threads(std::size_t n) { return detail::outcome(dunlin_options_set_threads(get(), n)); }
    Fallible<void> set_pool(const Pool &pool) { return detail::outcome(dunlin_options_set_pool(get(), pool.get())); }
    Fallible<void> set_device(std::string_view name) {
        return detail::outcome(dunlin_options_set_device(get(), name.data(), name.size()));
    }
    Fallible<void> set_fallback(dunlin_fallback fallback) {
        return detail::outcome(dunlin_options_set_fallback(get(), fallback));
    }
    Fallible<void> set_mapping(bool map) { return detail::outcome(dunlin_options_set_mapping(get(), map)); }
    Fallible<void> set_limit(dunlin_limit limit, std::uint64_t value) {
        return detail::outcome(dunlin_options_set_limit(get(), limit, value));
    }
    Fallible<void> disable_pass(std::string_view name) {
        return detail::outcome(dunlin_options_disable_pass(get(), name.data(), name.size()));
    }
    Fallible<void> add_state(std::string_view input, std::string_view output) {
        return detail::outcome(
            dunlin_options_add_state(get(), input.data(), input.size(), output.data(), output.size()));
    }
    Fallible<void> set_max_cached_shapes(std::size_t n) {
        return detail::outcome(dunlin_options_set_max_cached_shapes(get(), n));
    }
    Fallible<void> set_cancel(const Cancel &cancel) {
        return detail::outcome(dunlin_options_set_cancel(get(), cancel.get()));
    }
    Fallible<void> set_timeout_ms(std::uint64_t n) { return detail::outcome(dunlin_options_set_timeout_ms(get(), n)); }

    /// A function `void(float fraction)` that is told how far loading has come. It is referred to, not copied: it must outlive
    /// the loads. An exception that leaves it ends the process.
    template <class Progress>
    Fallible<void> set_progress(Progress &progress) {
        const auto call = [](void *user, float fraction) noexcept { (*static_cast<Progress *>(user))(fraction); };
        return detail::outcome(dunlin_options_set_progress(get(), call, &progress));
    }
    Fallible<void> clear_progress() { return detail::outcome(dunlin_options_set_progress(get(), nullptr, nullptr)); }

    /// A function `void(dunlin_log_level level, std::string_view message)` that is given lines about loads. Kept and called as that of
    /// set_progress().
    template <class Log>
    Fallible<void> set_log(dunlin_log_level level, Log &log) {
        const auto call = [](void *user, std::int32_t line, const char *message) noexcept {
            (*static_cast<Log *>(user))(static_cast<dunlin_log_level>(line), std::string_view(message));
        };
        return detail::outcome(dunlin_options_set_log(get(), level, call, &log));
    }
    Fallible<void> clear_log() { return detail::outcome(dunlin_options_set_log(get(), DUNLIN_LOG_WARNING, nullptr, nullptr)); }

    /// Lends the contents of a file of weights by the name that models call it by. Memory and `release` as in Model::load_borrowed().
    template <class Range, class Release, class T = detail::element<Range>>
    Fallible<void> add_external(std::string_view name, const Range &data, Release release) {
        const std::size_t n_bytes = std::size(data) * sizeof(T);
        const void *bytes = std::data(data);
        using Callable = detail::Callable<Release>;
        const auto [user, is_held] = Callable::hold(std::move(release));
        if (!is_held) {
            return detail::fail<void>(Error(DUNLIN_OUT_OF_MEMORY, "no memory for a release function"));
        }
        const Status status =
            dunlin_options_add_external(get(), name.data(), name.size(), bytes, n_bytes, &Callable::release, user);
        if (status != DUNLIN_OK) {
            Callable::drop(user);
        }
        return detail::outcome(status);
    }
};

/// Choices for runs. Without a handle, the defaults.
class RunOptions : public detail::Handle<dunlin_run_options, dunlin_run_options_free> {
public:
    using Handle::Handle;

    static Fallible<RunOptions> create() {
        dunlin_run_options *handle = nullptr;
        const Status status = dunlin_run_options_new(&handle);
        return detail::outcome<RunOptions>(status, handle);
    }

    Fallible<void> set_cancel(const Cancel &cancel) {
        return detail::outcome(dunlin_run_options_set_cancel(get(), cancel.get()));
    }
    Fallible<void> set_timeout_ms(std::uint64_t n) {
        return detail::outcome(dunlin_run_options_set_timeout_ms(get(), n));
    }
    Fallible<void> set_seed(std::uint64_t seed) { return detail::outcome(dunlin_run_options_set_seed(get(), seed)); }
};

// ---- Reports

/// Where a model's nodes run, or what a run spent. Texts stay the report's.
class Report : public detail::Handle<dunlin_report, dunlin_report_free> {
public:
    using Handle::Handle;

    std::size_t node_count() const noexcept { return dunlin_report_node_count(get()); }

    Fallible<dunlin_node_report> node(std::size_t index) const & {
        dunlin_node_report node{};
        node.size = sizeof node;
        const Status status = dunlin_report_node(get(), index, &node);
        return detail::outcome<dunlin_node_report>(status, node);
    }
    Fallible<dunlin_node_report> node(std::size_t index) const && = delete;

    std::uint64_t nanoseconds() const noexcept { return dunlin_report_nanoseconds(get()); }
    std::uint64_t peak_bytes() const noexcept { return dunlin_report_peak_bytes(get()); }

    /// As JSON; empty without a handle.
    std::string_view json() const & noexcept {
        const char *text = dunlin_report_json(get());
        return text != nullptr ? text : std::string_view();
    }
    std::string_view json() const && = delete;
};

namespace detail {

/// Ends the handles of values.
inline void end_all(span<Value> values) noexcept {
    for (Value &value : values) {
        value.reset();
    }
}

/// Runs by one of the C functions, and writes handles to `outputs`, which hold none.
template <class Run, class C>
Status run(Run function, C *handle, Inputs inputs, span<Value> outputs, const RunOptions &options, Report *report) {
    dunlin_report *made = nullptr;
    const Status status = function(handle, inputs.names(), inputs.values(), inputs.size(), options.get(),
        Value::handles(outputs), outputs.size(), report != nullptr ? &made : nullptr);
    if (report != nullptr) {
        report->reset(made);
    }
    return status;
}

template <class Run, class C>
Status run_into(Run function, C *handle, Inputs inputs, Outputs outputs, const RunOptions &options, Report *report) {
    dunlin_report *made = nullptr;
    const Status status = function(handle, inputs.names(), inputs.values(), inputs.size(), options.get(), outputs.data(),
        outputs.size(), report != nullptr ? &made : nullptr);
    if (report != nullptr) {
        report->reset(made);
    }
    return status;
}

}  // namespace detail

// ---- Runs in the background

/// How a run in the background ended: an error, or outputs and perhaps a report.
class Completion {
public:
    Completion(const dunlin_error *error, dunlin_value *const *outputs, std::size_t n, dunlin_report *report) noexcept
        : error_(error), outputs_(outputs), n_(n), report_(report) {}
    Completion(const Completion &) = delete;
    Completion &operator=(const Completion &) = delete;
    ~Completion() {
        while (next()) {
        }
    }

    bool ok() const noexcept { return error_ == nullptr; }
    Status status() const noexcept { return error_ != nullptr ? dunlin_error_status(error_) : DUNLIN_OK; }
    /// Why it did not work, if it did not. Copies the texts.
    Error error() const { return error_ != nullptr ? Error::of(error_) : Error(DUNLIN_OK, "it worked"); }
    /// The next output in the model's order; without a handle when there are no more. Those that nobody takes are freed.
    Value next() noexcept { return Value(taken_ < n_ ? outputs_[taken_++] : nullptr); }
    /// The report, if one was asked for.
    Report &report() noexcept { return report_; }

private:
    const dunlin_error *error_;
    dunlin_value *const *outputs_;
    std::size_t n_;
    std::size_t taken_ = 0;
    Report report_;
};

/// Whether a run in the background reports.
enum class Reporting : bool { Off, On };

namespace detail {

/// Starts a run in the background; `done(Completion &)` is called once, on a thread of Dunlin's, if this works.
template <class Run, class C, class Done>
Fallible<void> run_async(
    Run function, C *handle, Inputs inputs, Done done, const RunOptions &options, Reporting reporting) {
    using Callable = detail::Callable<Done>;
    const auto [user, is_held] = Callable::hold(std::move(done));
    if (!is_held) {
        return fail<void>(Error(DUNLIN_OUT_OF_MEMORY, "no memory for a completion function"));
    }
    const auto call = [](void *held, const dunlin_error *error, dunlin_value *const *outputs, std::size_t n,
                          dunlin_report *report) noexcept {
        Completion completion(error, outputs, n, report);
        Callable::template call<Completion &>(held, completion);
        Callable::drop(held);
    };
    const Status status = function(handle, inputs.names(), inputs.values(), inputs.size(), options.get(),
        reporting == Reporting::On, call, user);
    if (status != DUNLIN_OK) {
        Callable::drop(user);
    }
    return outcome(status);
}

/// A reader of the host, and what it threw.
template <class Read>
struct Reader {
    Read &read;
#ifdef DUNLIN_NO_EXCEPTIONS
    static std::int64_t call(void *user, std::uint64_t offset, void *buffer, std::size_t n_bytes) noexcept {
        return static_cast<Reader *>(user)->read(offset, span<std::byte>(static_cast<std::byte *>(buffer), n_bytes));
    }
#else
    std::exception_ptr thrown = nullptr;

    static std::int64_t call(void *user, std::uint64_t offset, void *buffer, std::size_t n_bytes) noexcept {
        Reader &self = *static_cast<Reader *>(user);
        try {
            return self.read(offset, span<std::byte>(static_cast<std::byte *>(buffer), n_bytes));
        } catch (...) {
            self.thrown = std::current_exception();
            return -1;
        }
    }
#endif
};

}  // namespace detail

/// Waits until no run in the background is under way and their threads are gone, at most so many milliseconds if that is not 0. To
/// be called before the library is unloaded.
inline Fallible<void> async_wait(std::uint64_t timeout_ms = 0) { return detail::outcome(dunlin_async_wait(timeout_ms)); }

// ---- Models and sessions

/// An input or output of a model, as dunlin.h has it. Texts and sizes stay the model's.
struct Port : dunlin_port {
    /// The sizes, DUNLIN_ANY_SIZE where one is open; none if even the rank is open, or it is no tensor.
    span<const std::int64_t> sizes() const noexcept { return {dims, dims != nullptr ? rank : 0}; }
};

/// The bytes of tensors that a run holds at its peak, and whether every shape could be told; if not, it may hold more.
struct Memory {
    std::uint64_t n_bytes;
    bool is_exact;
};

/// A loaded model. Any number of threads may run it at a time.
class Model : public detail::Handle<dunlin_model, dunlin_model_free> {
public:
    using Handle::Handle;

    /// Loads a file, whose path is UTF-8.
    static Fallible<Model> load(std::string_view path, const Options &options = Options()) {
        dunlin_model *handle = nullptr;
        const Status status = dunlin_model_load(path.data(), path.size(), options.get(), &handle);
        return detail::outcome<Model>(status, handle);
    }

    /// Loads from a copy of the bytes of `data`.
    template <class Range, class T = detail::element<Range>>
    static Fallible<Model> load_bytes(const Range &data, const Options &options = Options()) {
        dunlin_model *handle = nullptr;
        const Status status =
            dunlin_model_load_bytes(std::data(data), std::size(data) * sizeof(T), options.get(), &handle);
        return detail::outcome<Model>(status, handle);
    }

    /// Loads from memory that is not copied: it must stay in place and unchanged until `release()` is called (once, from any thread;
    /// it must not throw, and is not called if this fails). Allocates if `release` is larger than a pointer or not trivial.
    template <class Range, class Release, class T = detail::element<Range>>
    static Fallible<Model> load_borrowed(const Range &data, Release release, const Options &options = Options()) {
        const std::size_t n_bytes = std::size(data) * sizeof(T);
        const void *bytes = std::data(data);
        using Callable = detail::Callable<Release>;
        const auto [user, is_held] = Callable::hold(std::move(release));
        if (!is_held) {
            return detail::fail<Model>(Error(DUNLIN_OUT_OF_MEMORY, "no memory for a release function"));
        }
        dunlin_model *handle = nullptr;
        const Status status =
            dunlin_model_load_borrowed(bytes, n_bytes, &Callable::release, user, options.get(), &handle);
        if (status != DUNLIN_OK) {
            Callable::drop(user);
        }
        return detail::outcome<Model>(status, handle);
    }

    /// Loads a part of an open file, which stays the caller's.
    static Fallible<Model> load_fd(std::int32_t fd, std::uint64_t offset = 0, std::uint64_t n_bytes = DUNLIN_TO_THE_END,
        const Options &options = Options()) {
        dunlin_model *handle = nullptr;
        const Status status = dunlin_model_load_fd(fd, offset, n_bytes, options.get(), &handle);
        return detail::outcome<Model>(status, handle);
    }

    /// Loads `n_bytes` bytes that `read(std::uint64_t offset, span<std::byte> buffer)` gives, front to back: it returns how many bytes
    /// it wrote, at least 1, or a negative number for a failure. What it throws ends the load and comes out of this call.
    template <class Read>
    static Fallible<Model> load_reader(std::uint64_t n_bytes, Read &&read, const Options &options = Options()) {
        using Reader = detail::Reader<std::remove_reference_t<Read>>;
        Reader reader{read};
        dunlin_model *handle = nullptr;
        const Status status = dunlin_model_load_reader(n_bytes, &Reader::call, &reader, options.get(), &handle);
#ifndef DUNLIN_NO_EXCEPTIONS
        if (reader.thrown != nullptr) {
            dunlin_model_free(handle);
            std::rethrow_exception(std::move(reader.thrown));
        }
#endif
        return detail::outcome<Model>(status, handle);
    }

    std::size_t input_count() const noexcept { return dunlin_model_input_count(get()); }
    std::size_t output_count() const noexcept { return dunlin_model_output_count(get()); }

    Fallible<Port> input(std::size_t index) const & {
        Port port{};
        port.size = sizeof(dunlin_port);
        const Status status = dunlin_model_input(get(), index, &port);
        return detail::outcome<Port>(status, port);
    }
    Fallible<Port> input(std::size_t index) const && = delete;

    Fallible<Port> output(std::size_t index) const & {
        Port port{};
        port.size = sizeof(dunlin_port);
        const Status status = dunlin_model_output(get(), index, &port);
        return detail::outcome<Port>(status, port);
    }
    Fallible<Port> output(std::size_t index) const && = delete;

    /// What the file says of itself. Texts stay the model's.
    Fallible<dunlin_info> info() const & {
        dunlin_info info{};
        info.size = sizeof info;
        const Status status = dunlin_model_info(get(), &info);
        return detail::outcome<dunlin_info>(status, info);
    }
    Fallible<dunlin_info> info() const && = delete;

    /// Key and value `index` that the model's maker attached; they stay the model's.
    Fallible<std::pair<std::string_view, std::string_view>> metadata(std::size_t index) const & {
        const char *key = "", *value = "";
        const Status status = dunlin_model_metadata(get(), index, &key, &value);
        return detail::outcome<std::pair<std::string_view, std::string_view>>(status, key, value);
    }
    Fallible<std::pair<std::string_view, std::string_view>> metadata(std::size_t index) const && = delete;

    /// Domain and version of set of operators `index`; the text stays the model's.
    Fallible<std::pair<std::string_view, std::int64_t>> opset(std::size_t index) const & {
        const char *domain = "";
        std::int64_t version = 0;
        const Status status = dunlin_model_opset(get(), index, &domain, &version);
        return detail::outcome<std::pair<std::string_view, std::int64_t>>(status, domain, version);
    }
    Fallible<std::pair<std::string_view, std::int64_t>> opset(std::size_t index) const && = delete;

    /// What a run takes, if all inputs have the shapes that the model declares.
    Fallible<Memory> memory() const { return memory(span<const std::size_t>(), Dims()); }

    /// What a run takes if the first inputs have `ranks` many sizes each, which lie one after the other in `dims`.
    Fallible<Memory> memory(span<const std::size_t> ranks, Dims dims) const {
        Memory memory{};
        const Status status =
            dunlin_model_memory(get(), ranks.data(), dims.data(), ranks.size(), &memory.n_bytes, &memory.is_exact);
        return detail::outcome<Memory>(status, memory);
    }

    /// Where the nodes run.
    Fallible<Report> report() const {
        dunlin_report *handle = nullptr;
        const Status status = dunlin_model_report(get(), &handle);
        return detail::outcome<Report>(status, handle);
    }

    /// Runs a model of one output. A `report` is filled if there is one, here and below.
    Fallible<Value> run(Inputs inputs, const RunOptions &options = RunOptions(), Report *report = nullptr) const {
        Value output;
        const Status status = detail::run(dunlin_model_run, get(), inputs, span<Value>(&output, 1), options, report);
        return detail::outcome<Value>(status, std::move(output));
    }

    /// Runs a model of N outputs: `auto [boxes, scores] = model.run<2>({image})`.
    template <std::size_t N>
    Fallible<std::array<Value, N>> run(
        Inputs inputs, const RunOptions &options = RunOptions(), Report *report = nullptr) const {
        std::array<Value, N> outputs;
        const Status status = detail::run(dunlin_model_run, get(), inputs, outputs, options, report);
        return detail::outcome<std::array<Value, N>>(status, std::move(outputs));
    }

    /// Runs a model of any number of outputs, in a list that is allocated.
    Fallible<std::vector<Value>> run_all(
        Inputs inputs, const RunOptions &options = RunOptions(), Report *report = nullptr) const {
        std::vector<Value> outputs(output_count());
        const Status status = detail::run(dunlin_model_run, get(), inputs, outputs, options, report);
        return detail::outcome<std::vector<Value>>(status, std::move(outputs));
    }

    /// Runs a model of `outputs.size()` outputs, which take their places in `outputs`. What lies there goes first: it cannot be an input.
    Fallible<void> run_to(
        Inputs inputs, span<Value> outputs, const RunOptions &options = RunOptions(), Report *report = nullptr) const {
        detail::end_all(outputs);
        return detail::outcome(detail::run(dunlin_model_run, get(), inputs, outputs, options, report));
    }

    /// Runs, and writes outputs into the host's memory: `model.run_into({image}, {into("scores", scores)})`.
    Fallible<void> run_into(
        Inputs inputs, Outputs outputs, const RunOptions &options = RunOptions(), Report *report = nullptr) const {
        return detail::outcome(detail::run_into(dunlin_model_run_into, get(), inputs, outputs, options, report));
    }

    /// Runs in the background, and calls `done(Completion &)` when the run has ended: once, on a thread of Dunlin's, and not if this
    /// fails. It must not throw. Allocates if `done` is larger than a pointer or not trivial.
    template <class Done>
    Fallible<void> run_async(Inputs inputs, Done done, const RunOptions &options = RunOptions(),
        Reporting reporting = Reporting::Off) const {
        return detail::run_async(dunlin_model_run_async, get(), inputs, std::move(done), options, reporting);
    }
};

/// Repeated runs of one model, with kept buffers and the model's states. One call at a time.
class Session : public detail::Handle<dunlin_session, dunlin_session_free> {
public:
    using Handle::Handle;

    /// A session of a model, which may go before it.
    static Fallible<Session> create(const Model &model) {
        dunlin_session *handle = nullptr;
        const Status status = dunlin_session_new(model.get(), &handle);
        return detail::outcome<Session>(status, handle);
    }

    /// Runs, as Model::run() of one output. Inputs that are states may be left out from the second run on.
    Fallible<Value> run(Inputs inputs, const RunOptions &options = RunOptions(), Report *report = nullptr) {
        Value output;
        const Status status = detail::run(dunlin_session_run, get(), inputs, span<Value>(&output, 1), options, report);
        return detail::outcome<Value>(status, std::move(output));
    }

    /// Runs, as Model::run() of N outputs.
    template <std::size_t N>
    Fallible<std::array<Value, N>> run(
        Inputs inputs, const RunOptions &options = RunOptions(), Report *report = nullptr) {
        std::array<Value, N> outputs;
        const Status status = detail::run(dunlin_session_run, get(), inputs, outputs, options, report);
        return detail::outcome<std::array<Value, N>>(status, std::move(outputs));
    }

    /// Runs, as Model::run_to().
    Fallible<void> run_to(
        Inputs inputs, span<Value> outputs, const RunOptions &options = RunOptions(), Report *report = nullptr) {
        detail::end_all(outputs);
        return detail::outcome(detail::run(dunlin_session_run, get(), inputs, outputs, options, report));
    }

    /// Runs, as Model::run_into().
    Fallible<void> run_into(
        Inputs inputs, Outputs outputs, const RunOptions &options = RunOptions(), Report *report = nullptr) {
        return detail::outcome(detail::run_into(dunlin_session_run_into, get(), inputs, outputs, options, report));
    }

    /// Runs in the background, as Model::run_async(); until `done` has returned, other calls get DUNLIN_BUSY.
    template <class Done>
    Fallible<void> run_async(
        Inputs inputs, Done done, const RunOptions &options = RunOptions(), Reporting reporting = Reporting::Off) {
        return detail::run_async(dunlin_session_run_async, get(), inputs, std::move(done), options, reporting);
    }

    /// Sets a state, by the name of its input, to a tensor, which stays the caller's.
    Fallible<void> set_state(std::string_view input, const Value &value) {
        return detail::outcome(dunlin_session_set_state(get(), input.data(), input.size(), value.get()));
    }

    /// A state by the name of its input: without a handle before the first run.
    Fallible<Value> state(std::string_view input) const {
        dunlin_value *handle = nullptr;
        const Status status = dunlin_session_state(get(), input.data(), input.size(), &handle);
        return detail::outcome<Value>(status, handle);
    }

    /// Forgets all states.
    Fallible<void> reset_states() { return detail::outcome(dunlin_session_reset(get())); }
};

/// The version of the library.
inline std::string_view version() noexcept { return dunlin_version(); }

/// Whether the library's ABI is that of this header: for programs that load it themselves.
inline bool abi_matches() noexcept { return dunlin_abi_version() == DUNLIN_ABI_VERSION; }

/// The instruction set of the CPU kernels.
inline std::string_view instruction_set() noexcept { return dunlin_instruction_set(); }

/// Whether the library has a feature, whose name ends with a NUL: see dunlin_has().
inline bool has(const char *feature) noexcept { return dunlin_has(feature); }

}  // namespace with_results or with_exceptions
}  // namespace dunlin

#endif  // DUNLIN_HPP
