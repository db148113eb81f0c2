/* Dunlin: an embeddable inference library. The C interface.
 *
 * Written from the sources by `cargo xtask header`; do not edit. docs/c-api.md is the guide.
 *
 * Every function may be called from any thread unless it says otherwise. Functions that return a dunlin_status write
 * their results (out_...) only when they return DUNLIN_OK; dunlin_last_error() tells the rest. Handles are made by ..._new and
 * ..._load and ended by ..._free, which accepts NULL; a handle that was freed before is refused, not followed. */


#ifndef DUNLIN_H
#define DUNLIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version of this header. dunlin_version() is that of the library. */
#define DUNLIN_VERSION "0.1.0"
#define DUNLIN_VERSION_MAJOR 0
#define DUNLIN_VERSION_MINOR 1
#define DUNLIN_VERSION_PATCH 0

/* The length of text that ends with a NUL: functions that take a length take this instead. */
#define DUNLIN_NUL_TERMINATED SIZE_MAX

/* The size of a dimension that is not fixed: see dunlin_port. */
#define DUNLIN_ANY_SIZE (-1)

// The rest of a file, for `dunlin_model_load_fd()`.
#define DUNLIN_TO_THE_END UINT64_MAX

// The version of the ABI that this header describes. It grows with every change that a program compiled before would notice;
// functions that are added do not count. A program that loads the library itself compares it with `dunlin_abi_version()`.
#define DUNLIN_ABI_VERSION 1

// What came of a call. The numbers are fixed for ever; later versions may add others.
enum dunlin_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It worked.
    DUNLIN_OK = 0,
    // A file could not be opened or read.
    DUNLIN_IO = 1,
    // The bytes are not a model, or damaged.
    DUNLIN_FORMAT = 2,
    // The model needs something that Dunlin does not have.
    DUNLIN_UNSUPPORTED = 3,
    // The model's graph is not well formed.
    DUNLIN_GRAPH = 4,
    // Shapes within the model, or of its inputs, do not fit.
    DUNLIN_SHAPE = 5,
    // Element types do not fit.
    DUNLIN_DTYPE = 6,
    // An argument is missing, unknown, or has a value that is not allowed.
    DUNLIN_INPUT = 7,
    // No memory.
    DUNLIN_OUT_OF_MEMORY = 8,
    // One of the limits was reached.
    DUNLIN_LIMIT = 9,
    // Something that was asked for by name does not exist.
    DUNLIN_NOT_FOUND = 10,
    // Contents do not match their checksum or reference.
    DUNLIN_INTEGRITY = 11,
    // A node cannot run on the device, and falling back is denied.
    DUNLIN_PLACEMENT = 12,
    // The device failed, or is not in this build.
    DUNLIN_DEVICE = 13,
    // The load or run was cancelled.
    DUNLIN_CANCELLED = 14,
    // The load's or run's deadline passed.
    DUNLIN_DEADLINE = 15,
    // A bug in Dunlin: please report it. The handles stay usable.
    DUNLIN_INTERNAL = 16,
    // A pointer that must not be NULL is NULL.
    DUNLIN_NULL_ARGUMENT = 17,
    // A handle was freed before, is of another kind, or was never made.
    DUNLIN_INVALID_HANDLE = 18,
    // A session is in the middle of another call.
    DUNLIN_BUSY = 20,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum dunlin_status dunlin_status;
#else
typedef int32_t dunlin_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What a value is.
enum dunlin_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Not a value: an invalid handle.
    DUNLIN_KIND_NONE = 0,
    // A tensor.
    DUNLIN_KIND_TENSOR = 1,
    // Values in order.
    DUNLIN_KIND_SEQUENCE = 2,
    // Keys (a tensor of rank 1) and a value for each.
    DUNLIN_KIND_MAP = 3,
    // A value or none.
    DUNLIN_KIND_OPTIONAL = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum dunlin_kind dunlin_kind;
#else
typedef int32_t dunlin_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// An element type, by the number of the ONNX standard (`TensorProto.DataType`).
enum dunlin_dtype
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // No element type: the value is no tensor, or it is open.
    DUNLIN_DTYPE_NONE = 0,
    // IEEE single precision.
    DUNLIN_FLOAT32 = 1,
    // Unsigned 8 bits.
    DUNLIN_UINT8 = 2,
    // Signed 8 bits.
    DUNLIN_INT8 = 3,
    // Unsigned 16 bits.
    DUNLIN_UINT16 = 4,
    // Signed 16 bits.
    DUNLIN_INT16 = 5,
    // Signed 32 bits.
    DUNLIN_INT32 = 6,
    // Signed 64 bits.
    DUNLIN_INT64 = 7,
    // UTF-8 text of any length.
    DUNLIN_STRING = 8,
    // One byte, 0 or 1.
    DUNLIN_BOOL = 9,
    // IEEE half precision.
    DUNLIN_FLOAT16 = 10,
    // IEEE double precision.
    DUNLIN_FLOAT64 = 11,
    // Unsigned 32 bits.
    DUNLIN_UINT32 = 12,
    // Unsigned 64 bits.
    DUNLIN_UINT64 = 13,
    // Two `float`: real, imaginary.
    DUNLIN_COMPLEX64 = 14,
    // Two `double`: real, imaginary.
    DUNLIN_COMPLEX128 = 15,
    // The upper half of a `float`.
    DUNLIN_BFLOAT16 = 16,
    // 8 bits: 4 exponent, 3 mantissa, no infinities.
    DUNLIN_FLOAT8E4M3FN = 17,
    // 8 bits: 4 exponent, 3 mantissa, no infinities, no negative zero.
    DUNLIN_FLOAT8E4M3FNUZ = 18,
    // 8 bits: 5 exponent, 2 mantissa.
    DUNLIN_FLOAT8E5M2 = 19,
    // 8 bits: 5 exponent, 2 mantissa, no infinities, no negative zero.
    DUNLIN_FLOAT8E5M2FNUZ = 20,
    // Unsigned 4 bits, two to a byte.
    DUNLIN_UINT4 = 21,
    // Signed 4 bits, two to a byte.
    DUNLIN_INT4 = 22,
    // 4 bits: 2 exponent, 1 mantissa, two to a byte.
    DUNLIN_FLOAT4E2M1 = 23,
    // 8 bits of exponent: powers of two.
    DUNLIN_FLOAT8E8M0 = 24,
    // Unsigned 2 bits, four to a byte.
    DUNLIN_UINT2 = 25,
    // Signed 2 bits, four to a byte.
    DUNLIN_INT2 = 26,
    // 6 bits: 2 exponent, 3 mantissa, four to three bytes.
    DUNLIN_FLOAT6E2M3 = 27,
    // 6 bits: 3 exponent, 2 mantissa, four to three bytes.
    DUNLIN_FLOAT6E3M2 = 28,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum dunlin_dtype dunlin_dtype;
#else
typedef int32_t dunlin_dtype;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What happens to nodes that the device cannot run.
enum dunlin_fallback
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Loading fails with `DUNLIN_PLACEMENT` and names them.
    DUNLIN_FALLBACK_DENY = 0,
    // They run on the CPU, and the report lists them with the reason. The default.
    DUNLIN_FALLBACK_REPORT = 1,
    // They run on the CPU; the report still lists them.
    DUNLIN_FALLBACK_ALLOW = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum dunlin_fallback dunlin_fallback;
#else
typedef int32_t dunlin_fallback;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What a limit is of, for `dunlin_options_set_limit()`.
enum dunlin_limit
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Bytes of the model's file.
    DUNLIN_LIMIT_FILE_BYTES = 1,
    // Bytes that the decoded file may take, weights not counted.
    DUNLIN_LIMIT_DECODED_BYTES = 2,
    // Nodes of the model.
    DUNLIN_LIMIT_NODES = 3,
    // Bytes of one tensor, in the file and in a run.
    DUNLIN_LIMIT_TENSOR_BYTES = 4,
    // Bytes of all tensors that one run holds at a time.
    DUNLIN_LIMIT_RUN_BYTES = 5,
    // Steps of one loop.
    DUNLIN_LIMIT_LOOP_STEPS = 6,
    // Dimensions of a tensor.
    DUNLIN_LIMIT_RANK = 7,
    // Bytes of one string.
    DUNLIN_LIMIT_STRING_BYTES = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum dunlin_limit dunlin_limit;
#else
typedef int32_t dunlin_limit;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How much a line of the log matters.
enum dunlin_log_level
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Something that a user of the model should know: nodes that do not run where they were asked to.
    DUNLIN_LOG_WARNING = 1,
    // What was loaded and how.
    DUNLIN_LOG_INFO = 2,
    // Details for somebody who looks for a reason.
    DUNLIN_LOG_DEBUG = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum dunlin_log_level dunlin_log_level;
#else
typedef int32_t dunlin_log_level;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// A switch that ends loads and runs early.
typedef struct dunlin_cancel dunlin_cancel;

// Why an asynchronous run did not work. Lent to the completion callback, for as long as that runs.
typedef struct dunlin_error dunlin_error;

// A loaded model. Any number of threads may run it at the same time.
typedef struct dunlin_model dunlin_model;

// Choices for loading a model. One may be used for any number of loads; changing it does not touch models that were loaded.
typedef struct dunlin_options dunlin_options;

// Threads that models share.
typedef struct dunlin_pool dunlin_pool;

// Where a model's nodes run, or what a run spent node by node. It does not change once it is made.
typedef struct dunlin_report dunlin_report;

// Choices for one run, or for any number of them.
typedef struct dunlin_run_options dunlin_run_options;

// Repeated runs of one model, with kept buffers and the model's states. One call at a time: a second one gets `DUNLIN_BUSY`.
typedef struct dunlin_session dunlin_session;

// A value that goes into a run or comes out of one: a tensor, a sequence, a map, or an optional.
//
// Values do not change once they are made, so any thread may read one at any time.
typedef struct dunlin_value dunlin_value;

// What a model's file says of itself. Texts are lent: they stay until the model is freed.
typedef struct dunlin_info {
    // `sizeof(dunlin_info)`: set it before the call; later versions may add fields.
    size_t size;
    // The version of the file format.
    int64_t ir_version;
    // The model's own version.
    int64_t model_version;
    // The program that wrote the file, and its version. Never NULL.
    const char *producer;
    // Free text. Never NULL.
    const char *description;
    // How many sets of operators it uses: see `dunlin_model_opset()`.
    size_t n_opsets;
    // How many keys and values its maker attached: see `dunlin_model_metadata()`.
    size_t n_metadata;
} dunlin_info;

// Called when Dunlin no longer needs memory that the host lent it.
typedef void (*dunlin_release_fn)(void *user);

// Fills `buffer` with up to `n_bytes` bytes from byte `offset` of the source on, and returns how many it wrote: at least 1, or a negative
// number for a failure. Called from the loading thread, front to back. It must not throw.
typedef int64_t (*dunlin_read_fn)(void *user, uint64_t offset, void *buffer, size_t n_bytes);

// An input or output of a model. Pointers are lent: they stay until the model is freed.
typedef struct dunlin_port {
    // `sizeof(dunlin_port)`: set it before the call; later versions may add fields.
    size_t size;
    // Its name.
    const char *name;
    // Its type as text, such as `float32[n,3,224,224]`.
    const char *type_text;
    // How many sizes there are in `dims`; 0 too if even the rank is open, or it is no tensor.
    size_t rank;
    // The sizes; `DUNLIN_ANY_SIZE` where one is open. NULL if even the rank is open, or it is no tensor.
    const int64_t *dims;
    // The element type, or 0 if it is no tensor or open.
    int32_t dtype;
    // Whether an input may be left out.
    bool is_optional;
} dunlin_port;

// Called once when an asynchronous run has ended, from a thread of Dunlin's.
//
// If it succeeded, `error` is NULL, `outputs` points to `n_outputs` values in the model's order, which are the callee's to free (the array
// itself is lent), and `report` is the run's report, the callee's too, or NULL if none was asked for. If it failed, `error` says why
// for as long as the callback runs, and there are no outputs. It may call Dunlin, and must not throw.
typedef void (*dunlin_done_fn)(void *user,
                               const struct dunlin_error *error,
                               struct dunlin_value *const *outputs,
                               size_t n_outputs,
                               struct dunlin_report *report);

// Where an output goes, for the `run_into` functions.
typedef struct dunlin_output {
    // `sizeof(dunlin_output)`, so that later versions may add fields.
    size_t size;
    // The output's name, ending with a NUL.
    const char *name;
    // The host's memory.
    void *data;
    // How many bytes it has: exactly those of the output.
    size_t n_bytes;
} dunlin_output;

// Told how far loading has come: `fraction` goes from 0 to 1. Called from the loading thread.
typedef void (*dunlin_progress_fn)(void *user, float fraction);

// Given lines about loads: `level` is one of `dunlin_log_level`, `message` is lent until it returns. Called from the loading thread.
typedef void (*dunlin_log_fn)(void *user, int32_t level, const char *message);

// What the host's threads are given to call, with the pointer that came with it. It returns when there is nothing left to do, and
// never waits. Called late, or after the pool has ended, it does nothing.
typedef void (*dunlin_task_fn)(void *task);

// Asks the host for `n` calls of `run(task)`, each on any of its threads, at once, later or never: it is an offer to take part in
// a loop that the caller works on itself meanwhile. It should return soon, must not throw, and may be called from any thread
// that runs a model, at the same time.
typedef void (*dunlin_spawn_fn)(void *user, dunlin_task_fn run, void *task, size_t n);

// One node of a report. Texts are lent: they stay until the report is freed.
typedef struct dunlin_node_report {
    // `sizeof(dunlin_node_report)`: set it before the call; later versions may add fields.
    size_t size;
    // The node's name in the model, or its operator's.
    const char *node;
    // The operator.
    const char *op;
    // The backend that computes it.
    const char *backend;
    // Why it does not run on the device that was asked for; NULL if it does.
    const char *fallback;
    // Nanoseconds that it took; 0 in a model's report.
    uint64_t nanoseconds;
    // Bytes of its outputs; 0 in a model's report.
    uint64_t output_bytes;
    // The element type of its first output, or 0.
    int32_t dtype;
    // How deeply it is nested in control flow; 0 for the main graph.
    uint32_t depth;
} dunlin_node_report;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Waits until no asynchronous run is under way or waits, all their callbacks have returned, and their threads are gone; at most
// `timeout_ms` milliseconds if that is not 0. To be called before the library is unloaded; not from a completion callback.
//
// Statuses: `DUNLIN_DEADLINE` if some still run, `DUNLIN_BUSY` from a completion callback. Since 0.1.
dunlin_status dunlin_async_wait(uint64_t timeout_ms);

// Makes a switch that is off. End it with `dunlin_cancel_free()`; loads and runs that hold it keep it. Since 0.1.
dunlin_status dunlin_cancel_new(struct dunlin_cancel **out_cancel);

// Turns a switch on, from any thread. It stays on: later runs with it end at once. Since 0.1.
dunlin_status dunlin_cancel_set(const struct dunlin_cancel *cancel);

// Ends a switch. NULL is allowed. Since 0.1.
void dunlin_cancel_free(struct dunlin_cancel *cancel);

// The full message of this thread's last failed call, with file, node, offset and hint; NULL if none has failed.
//
// The text is Dunlin's and stays until the next call of this thread that fails. Since 0.1.
const char *dunlin_last_error(void);

// The node at which this thread's last failed call failed, by its name in the model; NULL if it was at none.
//
// The text is Dunlin's and stays until the next call of this thread that fails. Since 0.1.
const char *dunlin_last_error_node(void);

// The operator of that node, or NULL. Lifetime as `dunlin_last_error_node()`. Since 0.1.
const char *dunlin_last_error_operator(void);

// The file that this thread's last failed call was about, or NULL. Lifetime as `dunlin_last_error_node()`. Since 0.1.
const char *dunlin_last_error_file(void);

// What to do about this thread's last failure, or NULL if there is nothing to say. Lifetime as
// `dunlin_last_error_node()`. Since 0.1.
const char *dunlin_last_error_hint(void);

// The byte of the file at which this thread's last failure was found, in `*out_offset`; `false` if it has none.
//
// `out_offset` may be NULL. Since 0.1.
bool dunlin_last_error_offset(uint64_t *out_offset);

// The status of an error; `DUNLIN_INVALID_HANDLE` for handles that are not valid (any more). Since 0.1.
dunlin_status dunlin_error_status(const struct dunlin_error *error);

// The full message of an error, or NULL for handles that are not valid. The text is lent as long as the error. Since 0.1.
const char *dunlin_error_message(const struct dunlin_error *error);

// The node at which a run failed, by its name in the model, or NULL. Lent as `dunlin_error_message()`. Since 0.1.
const char *dunlin_error_node(const struct dunlin_error *error);

// The operator of that node, or NULL. Lent as `dunlin_error_message()`. Since 0.1.
const char *dunlin_error_operator(const struct dunlin_error *error);

// The file that an error is about, or NULL. Lent as `dunlin_error_message()`. Since 0.1.
const char *dunlin_error_file(const struct dunlin_error *error);

// What to do about an error, or NULL if there is nothing to say. Lent as `dunlin_error_message()`. Since 0.1.
const char *dunlin_error_hint(const struct dunlin_error *error);

// The byte of the file at which an error was found, in `*out_offset` (which may be NULL); `false` if it has none. Since 0.1.
bool dunlin_error_offset(const struct dunlin_error *error,
                         uint64_t *out_offset);

// What a model's file says of itself. Set `out_info->size` before. Statuses: `DUNLIN_INPUT` for a size that is not that of a known
// version. Since 0.1.
dunlin_status dunlin_model_info(const struct dunlin_model *model,
                                struct dunlin_info *out_info);

// Set of operators `index` of a model: its domain (`"ai.onnx"` for the main one), lent until the model is freed, and its version. Statuses:
// `DUNLIN_NOT_FOUND`. Since 0.1.
dunlin_status dunlin_model_opset(const struct dunlin_model *model,
                                 size_t index,
                                 const char **out_domain,
                                 int64_t *out_version);

// Key and value `index` that a model's maker attached, lent until the model is freed. Statuses: `DUNLIN_NOT_FOUND`. Since 0.1.
dunlin_status dunlin_model_metadata(const struct dunlin_model *model,
                                    size_t index,
                                    const char **out_key,
                                    const char **out_value);

// Loads the model file at `path` (UTF-8 of `path_length` bytes, or ending with a NUL if that is `DUNLIN_NUL_TERMINATED`).
//
// `options` may be NULL for the defaults. The new model is the caller's: end it with `dunlin_model_free()`. Any thread.
// Statuses: `DUNLIN_NOT_FOUND`, `DUNLIN_IO`, and whatever the file deserves; `dunlin_last_error()` tells the rest. Since 0.1.
dunlin_status dunlin_model_load(const char *path,
                                size_t path_length,
                                const struct dunlin_options *options,
                                struct dunlin_model **out_model);

// Loads a model from a copy of `n_bytes` bytes at `data`. Otherwise as `dunlin_model_load()`. Since 0.1.
dunlin_status dunlin_model_load_bytes(const void *data,
                                      size_t n_bytes,
                                      const struct dunlin_options *options,
                                      struct dunlin_model **out_model);

// Loads a model from the host's memory, which is not copied: it must stay in place and unchanged until `release(user)` is called
// (once, from any thread, when neither the model nor a tensor out of it needs the memory; `release` may be NULL). If the
// call fails, `release` is not called. Otherwise as `dunlin_model_load()`. Since 0.1.
dunlin_status dunlin_model_load_borrowed(const void *data,
                                         size_t n_bytes,
                                         dunlin_release_fn release,
                                         void *user,
                                         const struct dunlin_options *options,
                                         struct dunlin_model **out_model);

// Loads the model at bytes `offset` to `offset + n_bytes` of an open file, such as an asset that lies uncompressed in an archive;
// `n_bytes` may be `DUNLIN_TO_THE_END`. The file is mapped or copied as `dunlin_options_set_mapping()` says, and its position stays. The
// descriptor stays the caller's, who may close it when the call returns. Otherwise as `dunlin_model_load()`. Since 0.1.
//
// Statuses besides: `DUNLIN_IO` if the descriptor is not open (or on systems that have none), `DUNLIN_INPUT` for a part that does not lie
// in the file.
dunlin_status dunlin_model_load_fd(int32_t fd,
                                   uint64_t offset,
                                   uint64_t n_bytes,
                                   const struct dunlin_options *options,
                                   struct dunlin_model **out_model);

// Loads a model of `n_bytes` bytes that the host reads, in parts of at most a megabyte, into memory of Dunlin's: from an archive, over a
// network, or decrypted on the way. `read` is called with `user`; not after this call has returned. Cancellation and the timeout
// of the options are looked at between parts. Otherwise as `dunlin_model_load()`. Since 0.1.
//
// Statuses besides: `DUNLIN_IO` if `read` fails, `DUNLIN_LIMIT` if `n_bytes` is beyond `DUNLIN_LIMIT_FILE_BYTES`.
dunlin_status dunlin_model_load_reader(uint64_t n_bytes,
                                       dunlin_read_fn read,
                                       void *user,
                                       const struct dunlin_options *options,
                                       struct dunlin_model **out_model);

// Ends a model. NULL is allowed. Runs and sessions that use it go on undisturbed. Since 0.1.
void dunlin_model_free(struct dunlin_model *model);

// How many inputs a model has; 0 for NULL and handles that are not valid. Since 0.1.
size_t dunlin_model_input_count(const struct dunlin_model *model);

// How many outputs a model has; 0 for NULL and handles that are not valid. Since 0.1.
size_t dunlin_model_output_count(const struct dunlin_model *model);

// Input `index` of a model, in its order. Set `out_input->size` before. Statuses: `DUNLIN_NOT_FOUND`, `DUNLIN_INPUT` for a size
// that is not that of a known version. Since 0.1.
dunlin_status dunlin_model_input(const struct dunlin_model *model,
                                 size_t index,
                                 struct dunlin_port *out_input);

// Output `index` of a model, in its order, as `dunlin_model_input()`. Since 0.1.
dunlin_status dunlin_model_output(const struct dunlin_model *model,
                                  size_t index,
                                  struct dunlin_port *out_output);

// How much memory the tensors of a run will take at its peak, weights not counted, if all inputs have the shapes that the model
// declares, or those given: `dims` points to the sizes of all inputs, one after the other, and `ranks` to the number of sizes
// of each of the `n` inputs (of the model's first). `n` may be 0.
//
// `*out_is_exact` (may be NULL) says whether every shape could be told; if not, the run may take more. Since 0.1.
dunlin_status dunlin_model_memory(const struct dunlin_model *model,
                                  const size_t *ranks,
                                  const size_t *dims,
                                  size_t n,
                                  uint64_t *out_n_bytes,
                                  bool *out_is_exact);

// Where a model's nodes run. The report is the caller's: end it with `dunlin_report_free()`. Since 0.1.
dunlin_status dunlin_model_report(const struct dunlin_model *model,
                                  struct dunlin_report **out_report);

// Runs a model.
//
// `inputs` points to `n_inputs` values, which stay the caller's; `names` to as many names that end with a NUL, or is NULL for
// inputs in the model's order. `options` may be NULL. `out_outputs` has room for `n_outputs` values, which must be all that the
// model has; they are the caller's, in the model's order. `out_report` is NULL, or where a report of the run goes (the
// caller's, too). Nothing is written unless the run succeeds. Any thread, any number of them at a time. Since 0.1.
//
// Statuses: `DUNLIN_INPUT`, `DUNLIN_SHAPE` and `DUNLIN_DTYPE` for inputs that do not fit, `DUNLIN_NOT_FOUND` for unknown names,
// `DUNLIN_CANCELLED`, `DUNLIN_DEADLINE`, `DUNLIN_LIMIT`, `DUNLIN_OUT_OF_MEMORY`.
dunlin_status dunlin_model_run(const struct dunlin_model *model,
                               const char *const *names,
                               const struct dunlin_value *const *inputs,
                               size_t n_inputs,
                               const struct dunlin_run_options *options,
                               struct dunlin_value **out_outputs,
                               size_t n_outputs,
                               struct dunlin_report **out_report);

// Runs a model in the background, on a thread of Dunlin's, and calls `done(user, ...)` when it has ended.
//
// The arguments are those of `dunlin_model_run()` and may be freed when this returns. If it does not return `DUNLIN_OK`, `done` is
// not called. Runs start in the order of the calls, as many at a time as there are processors; the switch and the timeout of `options`
// hold for waiting and running together. Before the library is unloaded, wait with `dunlin_async_wait()`. Since 0.1.
dunlin_status dunlin_model_run_async(const struct dunlin_model *model,
                                     const char *const *names,
                                     const struct dunlin_value *const *inputs,
                                     size_t n_inputs,
                                     const struct dunlin_run_options *options,
                                     bool want_report,
                                     dunlin_done_fn done,
                                     void *user);

// Runs a model with outputs in the host's memory: `outputs` points to `n_outputs` places, each for one output by its name;
// outputs that are not named are dropped. Otherwise as `dunlin_model_run()`. Since 0.1.
//
// Nothing is copied where the last operator writes its result anew and the memory is aligned for the element type; else the
// result is. After the first runs with inputs of the same shapes, a run of common operators allocates nothing. The memory may
// be that of an input: the answer is the same as if it were not, at the cost of a copy.
//
// Statuses besides: `DUNLIN_SHAPE` if the memory has not exactly the output's bytes, `DUNLIN_DTYPE` for outputs that are no
// tensors of plain data, `DUNLIN_INPUT` for places that overlap and outputs that are named twice. Unless the run succeeds, what
// the memory holds is unspecified.
dunlin_status dunlin_model_run_into(const struct dunlin_model *model,
                                    const char *const *names,
                                    const struct dunlin_value *const *inputs,
                                    size_t n_inputs,
                                    const struct dunlin_run_options *options,
                                    const struct dunlin_output *outputs,
                                    size_t n_outputs,
                                    struct dunlin_report **out_report);

// Makes choices that are all at their defaults. End them with `dunlin_options_free()`. Since 0.1.
dunlin_status dunlin_options_new(struct dunlin_options **out_options);

// Ends choices. NULL is allowed. Since 0.1.
void dunlin_options_free(struct dunlin_options *options);

// An own pool of `n` threads, the caller's included. 0 stands for the default: as many as the process may use, by its
// affinity mask and its control group. Since 0.1.
dunlin_status dunlin_options_set_threads(struct dunlin_options *options,
                                         size_t n);

// A pool that other models use too. The models keep it alive. Since 0.1.
dunlin_status dunlin_options_set_pool(struct dunlin_options *options,
                                      const struct dunlin_pool *pool);

// The device to run on: `"cpu"` (the default), and what `dunlin_has()` knows besides. The name is UTF-8 of `name_length` bytes, or
// ends with a NUL if that is `DUNLIN_NUL_TERMINATED`.
//
// Statuses: `DUNLIN_DEVICE` if this build has no such device. Since 0.1.
dunlin_status dunlin_options_set_device(struct dunlin_options *options,
                                        const char *name,
                                        size_t name_length);

// What happens to nodes that the device cannot run: one of `dunlin_fallback`. Since 0.1.
dunlin_status dunlin_options_set_fallback(struct dunlin_options *options, int32_t fallback);

// Whether model files are mapped (the default) or copied into memory. A mapped file must not be shortened by another program while
// the model lives: reading beyond its end then ends the process. Since 0.1.
dunlin_status dunlin_options_set_mapping(struct dunlin_options *options,
                                         bool map);

// Sets a limit (one of `dunlin_limit`). Loads and runs that exceed one fail with `DUNLIN_LIMIT`. Since 0.1.
dunlin_status dunlin_options_set_limit(struct dunlin_options *options,
                                       int32_t limit,
                                       uint64_t value);

// Switches an optimiser pass off by its name. An unknown name is an error when loading. Since 0.1.
dunlin_status dunlin_options_disable_pass(struct dunlin_options *options,
                                          const char *name,
                                          size_t name_length);

// Declares a state: after each run of a session, the output becomes the next run's input. Names as in
// `dunlin_options_set_device()`; unknown ones are an error when loading. Since 0.1.
dunlin_status dunlin_options_add_state(struct dunlin_options *options,
                                       const char *input,
                                       size_t input_length,
                                       const char *output,
                                       size_t output_length);

// For how many sets of input shapes a model remembers the results of shape arithmetic (16 if not told; 0 for none). Since 0.1.
dunlin_status dunlin_options_set_max_cached_shapes(struct dunlin_options *options,
                                                   size_t n);

// A switch that ends loading early with `DUNLIN_CANCELLED`; NULL for none. Since 0.1.
dunlin_status dunlin_options_set_cancel(struct dunlin_options *options,
                                        const struct dunlin_cancel *cancel);

// How long each load may take, in milliseconds; then it ends with `DUNLIN_DEADLINE`. 0 for no bound. Since 0.1.
dunlin_status dunlin_options_set_timeout_ms(struct dunlin_options *options,
                                            uint64_t n);

// A function that is told how far loading has come, from the loading thread; NULL for none. It may call Dunlin. Since 0.1.
dunlin_status dunlin_options_set_progress(struct dunlin_options *options,
                                          dunlin_progress_fn progress,
                                          void *user);

// A function that is given lines about loads, those of `level` (one of `dunlin_log_level`) and what matters more; NULL for none, the
// default. Nothing is ever written to stdout or stderr. It may call Dunlin. Since 0.1.
dunlin_status dunlin_options_set_log(struct dunlin_options *options,
                                     int32_t level,
                                     dunlin_log_fn log,
                                     void *user);

// Lends the contents of a file that models keep weights in, by the name that they call it by, for models that do not come from
// a folder. Where one is given, no folder is looked into. Memory and release as in `dunlin_model_load_borrowed()`: the options and
// the models that were loaded with them use it. Since 0.1.
dunlin_status dunlin_options_add_external(struct dunlin_options *options,
                                          const char *name,
                                          size_t name_length,
                                          const void *data,
                                          size_t n_bytes,
                                          dunlin_release_fn release,
                                          void *user);

// Makes a pool of `n` threads (the callers of runs included; 0 for as many as the process may use), to be shared by models with
// `dunlin_options_set_pool()`. Its threads sleep when nothing runs and end with the last model that uses it. Since 0.1.
dunlin_status dunlin_pool_new(size_t n,
                              struct dunlin_pool **out_pool);

// Makes a pool of the host's threads, of which `n_threads` may work at a time, the caller of a run included.
//
// `spawn` is called for each parallel loop of a run; see `dunlin_spawn_fn`. `release(user)` is called once, from any thread,
// when nothing uses the pool any more (`release` may be NULL); if this call fails, it is not called. Dunlin starts no thread for
// such a pool. The pool is the caller's: end it with `dunlin_pool_free()`. Since 0.1.
dunlin_status dunlin_pool_new_host(size_t n_threads,
                                   dunlin_spawn_fn spawn,
                                   dunlin_release_fn release,
                                   void *user,
                                   struct dunlin_pool **out_pool);

// How many threads a pool has; 0 for NULL and handles that are not valid. Since 0.1.
size_t dunlin_pool_threads(const struct dunlin_pool *pool);

// Ends a pool. NULL is allowed; models that use it keep it. Since 0.1.
void dunlin_pool_free(struct dunlin_pool *pool);

// How many nodes a report has. Since 0.1.
size_t dunlin_report_node_count(const struct dunlin_report *report);

// Node `index` of a report, in the order in which nodes ran. Set `out_node->size` before.
//
// Statuses: `DUNLIN_NOT_FOUND` if there is none, `DUNLIN_INPUT` if the size is not that of a known version. Since 0.1.
dunlin_status dunlin_report_node(const struct dunlin_report *report,
                                 size_t index,
                                 struct dunlin_node_report *out_node);

// Nanoseconds of the whole run; 0 in a model's report. Since 0.1.
uint64_t dunlin_report_nanoseconds(const struct dunlin_report *report);

// The most bytes of tensors that the run held at a time; 0 in a model's report. Since 0.1.
uint64_t dunlin_report_peak_bytes(const struct dunlin_report *report);

// The report as JSON, or NULL for handles that are not valid. The text is lent until the report is freed. Since 0.1.
const char *dunlin_report_json(const struct dunlin_report *report);

// Ends a report. NULL is allowed. Since 0.1.
void dunlin_report_free(struct dunlin_report *report);

// Makes choices for runs, all at their defaults. End them with `dunlin_run_options_free()`. Since 0.1.
dunlin_status dunlin_run_options_new(struct dunlin_run_options **out_options);

// Ends choices for runs. NULL is allowed. Since 0.1.
void dunlin_run_options_free(struct dunlin_run_options *options);

// A switch that ends runs early with `DUNLIN_CANCELLED`; NULL for none. Since 0.1.
dunlin_status dunlin_run_options_set_cancel(struct dunlin_run_options *options,
                                            const struct dunlin_cancel *cancel);

// How long each run may take, in milliseconds; then it ends with `DUNLIN_DEADLINE`. 0 for no bound. Since 0.1.
dunlin_status dunlin_run_options_set_timeout_ms(struct dunlin_run_options *options,
                                                uint64_t n);

// The seed of the graph's random numbers, where it draws any (0 if not told). Since 0.1.
dunlin_status dunlin_run_options_set_seed(struct dunlin_run_options *options, uint64_t seed);

// The version of this library, such as `"0.1.0"`. The text is static. Since 0.1.
const char *dunlin_version(void);

// The version of this library's ABI: `DUNLIN_ABI_VERSION` of the header that it was built with. Since 0.1.
uint32_t dunlin_abi_version(void);

// The instruction set that the CPU kernels use on this machine, such as `"avx2"`, `"avx512"`, `"neon"` or `"scalar"`. The text is
// static. Since 0.1.
const char *dunlin_instruction_set(void);

// Whether this build has a feature: the name of a device (`"cpu"`, `"candle-cpu"`, `"cuda:0"`), a format (`"onnx"`), or an operator
// (`"op:Conv"`, `"op:ai.onnx.ml:Scaler"`, `"op:com.microsoft:FusedMatMul"`). An unknown name is not had. Since 0.1.
bool dunlin_has(const char *feature);

// Makes a session of a model, which may be freed before it. End it with `dunlin_session_free()`. Since 0.1.
dunlin_status dunlin_session_new(const struct dunlin_model *model,
                                 struct dunlin_session **out_session);

// Ends a session. NULL is allowed; a run that is under way goes on. Since 0.1.
void dunlin_session_free(struct dunlin_session *session);

// Runs a session. Inputs that are states may be left out from the second run on. After a failure the states are as before.
// Otherwise as `dunlin_model_run()`. Since 0.1.
dunlin_status dunlin_session_run(struct dunlin_session *session,
                                 const char *const *names,
                                 const struct dunlin_value *const *inputs,
                                 size_t n_inputs,
                                 const struct dunlin_run_options *options,
                                 struct dunlin_value **out_outputs,
                                 size_t n_outputs,
                                 struct dunlin_report **out_report);

// Runs a session with outputs in the host's memory, as `dunlin_model_run_into()`; outputs that are states are copied. Since 0.1.
dunlin_status dunlin_session_run_into(struct dunlin_session *session,
                                      const char *const *names,
                                      const struct dunlin_value *const *inputs,
                                      size_t n_inputs,
                                      const struct dunlin_run_options *options,
                                      const struct dunlin_output *outputs,
                                      size_t n_outputs,
                                      struct dunlin_report **out_report);

// Runs a session in the background, as `dunlin_model_run_async()`. Until the callback is called, other calls of the session get
// `DUNLIN_BUSY`. Since 0.1.
dunlin_status dunlin_session_run_async(struct dunlin_session *session,
                                       const char *const *names,
                                       const struct dunlin_value *const *inputs,
                                       size_t n_inputs,
                                       const struct dunlin_run_options *options,
                                       bool want_report,
                                       dunlin_done_fn done,
                                       void *user);

// Sets a state, by the name of its input, to a tensor, which stays the caller's; borrowed memory is copied. Since 0.1.
//
// Statuses: `DUNLIN_NOT_FOUND` if no such state was declared with `dunlin_options_add_state()`.
dunlin_status dunlin_session_set_state(struct dunlin_session *session,
                                       const char *input,
                                       size_t input_length,
                                       const struct dunlin_value *value);

// A state by the name of its input, as a value that the caller frees; `*out_value` is NULL before the first run. Since 0.1.
dunlin_status dunlin_session_state(struct dunlin_session *session,
                                   const char *input,
                                   size_t input_length,
                                   struct dunlin_value **out_value);

// Forgets all states: the next run starts anew. Since 0.1.
dunlin_status dunlin_session_reset(struct dunlin_session *session);

// A status as text, such as `"out-of-memory"`. The text is static. May be called from any thread. Since 0.1.
const char *dunlin_status_name(int32_t status);

// Makes a tensor of a copy of `n_bytes` bytes at `data`: the elements in row-major order, little-endian, those of less than
// 8 bits packed with the first in the low bits.
//
// `dtype` is one of `dunlin_dtype`; `dims` points to `rank` sizes (NULL if `rank` is 0). The new value is the caller's: end it with `dunlin_value_free()`.
// For strings there is `dunlin_value_new_strings()`. Any thread. Since 0.1.
//
// Statuses: `DUNLIN_NULL_ARGUMENT`, `DUNLIN_DTYPE` (no such element type, or strings), `DUNLIN_SHAPE` (the shape needs another
// number of bytes), `DUNLIN_LIMIT` (the shape's size overflows), `DUNLIN_OUT_OF_MEMORY`.
dunlin_status dunlin_value_new_tensor(int32_t dtype,
                                      const size_t *dims,
                                      size_t rank,
                                      const void *data,
                                      size_t n_bytes,
                                      struct dunlin_value **out_value);

// Makes a tensor over the host's memory, without copying it.
//
// The memory must stay in place until `release(user)` is called, which happens once, from any thread, when nothing needs the
// memory any more; that may be after `dunlin_value_free()`, if a run still uses the tensor. Between runs the host may write to
// it, so that one value serves all runs; while a run reads it, it must not change. No output of a run and no state of a session
// lies in it. `release` may be NULL for memory that outlives everything. If the call fails, `release` is not called.
// Memory that is not aligned for the element type is copied by the runs that read it. Otherwise as
// `dunlin_value_new_tensor()`. Since 0.1.
dunlin_status dunlin_value_borrow_tensor(int32_t dtype,
                                         const size_t *dims,
                                         size_t rank,
                                         const void *data,
                                         size_t n_bytes,
                                         dunlin_release_fn release,
                                         void *user,
                                         struct dunlin_value **out_value);

// Makes a tensor of strings: copies of `n` texts in row-major order.
//
// `texts` points to `n` pointers and `lengths` to as many lengths in bytes; `lengths` may be NULL if every text ends with
// a NUL. Texts are UTF-8. Otherwise as `dunlin_value_new_tensor()`. Since 0.1.
dunlin_status dunlin_value_new_strings(const size_t *dims,
                                       size_t rank,
                                       const char *const *texts,
                                       const size_t *lengths,
                                       size_t n,
                                       struct dunlin_value **out_value);

// Makes a sequence of `n` values, which stay the caller's. Since 0.1.
dunlin_status dunlin_value_new_sequence(const struct dunlin_value *const *values,
                                        size_t n,
                                        struct dunlin_value **out_value);

// Makes a map of `keys` (a tensor of rank 1: integers or strings) to as many values, which stay the caller's. Since 0.1.
dunlin_status dunlin_value_new_map(const struct dunlin_value *keys,
                                   const struct dunlin_value *const *values,
                                   size_t n,
                                   struct dunlin_value **out_value);

// Makes an optional of `value`, which stays the caller's, or of nothing if `value` is NULL. Since 0.1.
dunlin_status dunlin_value_new_optional(const struct dunlin_value *value,
                                        struct dunlin_value **out_value);

// Ends a value. NULL is allowed. Runs that read it go on undisturbed. Since 0.1.
void dunlin_value_free(struct dunlin_value *value);

// What a value is; `DUNLIN_KIND_NONE` for NULL and handles that are not valid. Since 0.1.
dunlin_kind dunlin_value_kind(const struct dunlin_value *value);

// A tensor's element type (one of `dunlin_dtype`); 0 if the value is no tensor. Since 0.1.
int32_t dunlin_tensor_dtype(const struct dunlin_value *value);

// How many dimensions a tensor has; 0 if the value is no tensor. Since 0.1.
size_t dunlin_tensor_rank(const struct dunlin_value *value);

// Writes a tensor's sizes to `out_dims`, which has room for `capacity` of them.
//
// Statuses: `DUNLIN_DTYPE` if the value is no tensor, `DUNLIN_SHAPE` if it has more dimensions than there is room for.
// Since 0.1.
dunlin_status dunlin_tensor_dims(const struct dunlin_value *value,
                                 size_t *out_dims,
                                 size_t capacity);

// Lends a tensor's elements: their address in `*out_data` and how many bytes they are in `*out_n_bytes` (which may be NULL).
//
// The memory is Dunlin's; it may be read by any thread until the value is freed, and must not be written. It is aligned for
// the element type. Statuses: `DUNLIN_DTYPE` if the value is no tensor, or one of strings. Since 0.1.
dunlin_status dunlin_tensor_data(const struct dunlin_value *value,
                                 const void **out_data,
                                 size_t *out_n_bytes);

// Lends string `index` of a tensor of strings: its address in `*out_text` (it does not end with a NUL) and its length in bytes
// in `*out_length`. Lifetime as in `dunlin_tensor_data()`.
//
// Statuses: `DUNLIN_DTYPE` if it is no tensor of strings, `DUNLIN_NOT_FOUND` if it has no such element. Since 0.1.
dunlin_status dunlin_tensor_string(const struct dunlin_value *value,
                                   size_t index,
                                   const char **out_text,
                                   size_t *out_length);

// How many values a sequence or map holds, 0 or 1 for an optional, 0 for anything else. Since 0.1.
size_t dunlin_value_count(const struct dunlin_value *value);

// Value `index` of a sequence, map or optional, as a value of its own that the caller frees. Nothing is copied.
//
// Statuses: `DUNLIN_NOT_FOUND` if there is none. Since 0.1.
dunlin_status dunlin_value_item(const struct dunlin_value *value,
                                size_t index,
                                struct dunlin_value **out_item);

// The keys of a map, as a tensor that the caller frees. Statuses: `DUNLIN_INPUT` if the value is no map. Since 0.1.
dunlin_status dunlin_value_keys(const struct dunlin_value *value,
                                struct dunlin_value **out_keys);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DUNLIN_H */
