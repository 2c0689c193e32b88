/* Small ONNX models, byte by byte. */
#ifndef PREMISE_TESTS_ONNX_BYTES_H
#define PREMISE_TESTS_ONNX_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* A protobuf message in memory of malloc: free(data). */
typedef struct message {
    unsigned char *data;
    size_t size, room;
} message;

void put_integer(message *to, uint32_t field, int64_t value);
void put_bytes(message *to, uint32_t field, const void *data, size_t size);
void put_text(message *to, uint32_t field, const char *text);
void put_message(message *to, uint32_t field, message inner); /* takes inner */

/* Types as ONNX numbers them. */
enum { ONNX_F32 = 1, ONNX_I32 = 6, ONNX_I64 = 7, ONNX_BOOL = 9, ONNX_F16 = 10, ONNX_F64 = 11 };

message onnx_value(const char *name, int type, int rank, const int64_t *dims); /* a negative extent is the symbol N; rank -1: no shape */
message onnx_tensor(const char *name, int type, int rank, const int64_t *dims, const void *data, size_t size);
message onnx_node(const char *op, const char *inputs, const char *outputs); /* names apart by spaces */
message onnx_cast(const char *input, const char *output, int type);
message onnx_model(message graph); /* takes the graph; IR 8, opset 17 */

/* The fields of a graph. */
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };

/* x [N, 3] float32 -> y = Relu(x * w + 2 * b) float32, k = that sum as int64, h = y as float16; w = 1 2 3, b = -1 0 0.5. */
message affine_model(void);
/* x [N] float32 -> y = Tanh of Tanh ..., so many times. */
message long_model(int nodes);
message one_node_model(const char *op); /* y = op(x), x [2] float32 */

#endif
