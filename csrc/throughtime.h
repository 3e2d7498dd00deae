// The kernels' contract: recurrent layers, one direction at a time, forward and backward through time.
//
// The caller has checked every shape, stride and pointer; a kernel checks nothing, allocates nothing and throws nothing.
// All memory comes from the caller, scratch included (tt_scratch_bytes); nothing is kept between calls.
//
// Dimensions: T steps, B rows, C inputs, H hidden units, P outputs (H without a projection), G gates (LSTM 4, Elman 1),
// S sequences, N real steps in all. Gates stand in the order i f g o. "F" is float or double, as `type` says.
//
// A sequence is one run of a row from a start to a reset or the row's end. Sequences are sorted, longest first, so
// those that still run at their step j are 0 .. offset[j + 1] - offset[j] - 1; step j of sequence s is real step number
// offset[j] + s, which is its place in the tape.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// An array [T, B, units]: elements of a step side by side, any stride between steps and rows. data NULL: absent.
typedef struct {
  void* data;
  int64_t step, row;  // strides in elements
} tt_array;

// Whole numbers [T, B], any stride between steps and rows. data NULL: absent.
typedef struct {
  const int64_t* data;
  int64_t step, row;  // strides in elements
} tt_numbers;

enum { TT_LSTM = 0, TT_TANH = 1, TT_RELU = 2 };
enum { TT_FLOAT = 0, TT_DOUBLE = 1 };
enum { TT_FORWARD = 0, TT_BACKWARD = 1 };
// How threads share the work. Other than AUTO, all `threads` are used however small it is.
enum { TT_SPLIT_AUTO = 0, TT_SPLIT_ROWS = 1, TT_SPLIT_UNITS = 2 };

// Weights, and in a second one their gradients: contiguous, as torch lays them out. NULL: absent.
typedef struct {
  void *W_ih, *W_hh;          // [G H, C], [G H, P]
  void *b_ih, *b_hh;          // [G H]
  void* W_hr;                 // [P, H]
  void* peep;                 // [3, H], on gates i, f, o
  void *norm_ih, *norm_hh;    // [G H]; an Elman layer has norm_ih alone, for its one sum
  void *norm_c, *norm_c_bias; // [H]
} tt_weights;

typedef struct {
  int32_t cell, type;
  int32_t reverse;  // the sequences run from high t to low t
  int32_t threads;  // at most; fewer where the work is too small to share
  int32_t split;    // how threads share the work: TT_SPLIT_*
  int32_t reserved;
  int64_t C, H, P;

  int64_t S, T;           // sequences; steps of the longest
  const int64_t* begin;   // [S] t of the first step
  const int64_t* row;     // [S] which of the B rows
  const int64_t* length;  // [S] steps, at least 1, falling
  const uint8_t* enters;  // [S] 1: starts from h0, c0; 0: from zeros
  const uint8_t* leaves;  // [S] 1: its last state goes to h_n, c_n
  const int64_t* offset;  // [T + 1] real steps before step j of all sequences

  tt_weights weights;
  tt_array x, y;           // in [T, B, C]; forward out, backward in [T, B, P]: only real steps are touched
  const void *h0, *c0;     // [B, P], [B, H], contiguous
  void *h_n, *c_n;         // forward out, the same; only rows that a leaving sequence names are written
  tt_array zone_c, zone_h; // in [T, B, H], [T, B, P] or NULL: share of the old state that stays
  tt_array drop_h;         // in [T, B, P] or NULL: factor on h where it enters W_hh

  // The tape, written forward, read backward; in the kernel's own layout, sizes from tt_tape_elements. Forward: NULL
  // for what is not to be kept. Backward without gates and norms makes them again from x, y and cells.
  void *gates, *cells, *norms;

  // Backward only.
  tt_array dy;             // in [T, B, P] or NULL
  const void *dh_n, *dc_n; // in [B, P], [B, H] or NULL
  tt_array dx;             // out [T, B, C] or NULL
  void *dh0, *dc0;         // out [B, P], [B, H]; only rows that an entering sequence names are written
  tt_weights d_weights;    // out, one for each weight that is there (b_hh may be NULL: its gradient is b_ih's)

  // Where each input is one of V symbols: what a symbol adds to the summed inputs, [V, G H], instead of x, W_ih and
  // their gradients; C is 0 then. NULL: there are none.
  int64_t V;
  const void* table;
  void* d_table;           // out, backward
  tt_numbers symbols;      // [T, B], each 0 .. V - 1 at real steps

  void* scratch;           // 64-byte aligned, tt_scratch_bytes of them
} tt_layer;

// Bytes of scratch that a pass (TT_FORWARD, TT_BACKWARD) of this layer needs.
typedef int64_t (*tt_scratch_bytes)(const tt_layer*, int32_t pass);
// Elements of the three parts of the tape for N real steps: gates, cells, norms.
typedef void (*tt_tape_elements)(const tt_layer*, int64_t elements[3]);
// A pass of one layer, or of two that have nothing to do with each other, as the two directions; side by side where
// the threads they take, each at most its own `threads`, are no more than `threads` together.
typedef void (*tt_run)(const tt_layer* layers, int64_t count, int64_t threads);
// One step (T = 1) of a stack of layers, one after the other, on the calling thread. `pack` puts the weights, as they are
// now, into the layers' scratch, where `step_packed` reads them; `step` reads the weights themselves.
typedef void (*tt_pack)(const tt_layer* layers, int64_t count);
// x [B, C] into the first layer, y [B, P] out of the last, contiguous; between them a layer's y.data is the next one's
// x.data. States [count, B, P] and [count, B, H], contiguous, before and after; where packed, they may be the same.
typedef void (*tt_step)(tt_layer* layers, int64_t count, const void* x, void* y, const void* h0, const void* c0,
                        void* h_n, void* c_n);
// out[k] = sigmoid or tanh of in[k], as the layers compute it (function 0, 1).
typedef void (*tt_activate)(int32_t type, int32_t function, const void* in, void* out, int64_t count);

// Losses [N] of entries that are one of K classes, and the gradient of their outputs; see classes.h.
typedef struct {
  int32_t type, threads;
  int64_t N, K, row;        // entries, classes, at least 1; elements between the outputs of one entry and the next
  const void* outputs;      // in [N, K]
  const int64_t* targets;   // in [N], below K; negative: no loss, 0
  double smoothing;         // share of a target that is spread over all classes
  void *losses, *log_sums;  // forward out [N]; log_sums backward in
  const void* d_losses;     // backward in [N]
  void* d_outputs;          // backward out [N, K], contiguous
} tt_classes;
typedef void (*tt_run_classes)(const tt_classes*, int32_t pass);

// entries[n] = table[numbers[n]]; backward table[v] = sum of entries[n] over all n with numbers[n] = v.
typedef struct {
  int32_t type, threads;
  int64_t N, K, V;
  const int64_t* numbers;  // in [N], each 0 .. V - 1
  void* table;             // forward in, backward out [V, K], contiguous
  void* entries;           // forward out, backward in [N, K], contiguous
} tt_table_rows;
typedef void (*tt_run_table_rows)(const tt_table_rows*, int32_t pass);

typedef struct {
  const char* name;
  int32_t vector_bytes;
  int32_t reserved;
  tt_scratch_bytes scratch_bytes;
  tt_tape_elements tape_elements;
  tt_run forward, backward;
  tt_pack pack;
  tt_step step_packed, step;
  tt_activate activate;
  tt_run_classes classes;
  tt_run_table_rows table_rows;
} tt_kernels;

// The kernels for an instruction set, "x86-64-v2", "-v3", "-v4", or NULL where this processor lacks it or there is none
// of that name.
const tt_kernels* tt_kernels_for(const char* name);

#ifdef __cplusplus
}
#endif
