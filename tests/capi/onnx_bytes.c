#include "onnx_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_raw(message *to, const void *data, size_t size) {
    if (to->size + size > to->room) {
        to->room = (to->size + size) * 2 + 64;
        to->data = realloc(to->data, to->room);
        if (!to->data) abort();
    }
    if (size) memcpy(to->data + to->size, data, size);
    to->size += size;
}

static void put_varint(message *to, uint64_t value) {
    unsigned char byte;
    for (; value >= 0x80; value >>= 7) {
        byte = (unsigned char)(value | 0x80);
        put_raw(to, &byte, 1);
    }
    byte = (unsigned char)value;
    put_raw(to, &byte, 1);
}

void put_integer(message *to, uint32_t field, int64_t value) {
    put_varint(to, field << 3);
    put_varint(to, (uint64_t)value);
}

void put_bytes(message *to, uint32_t field, const void *data, size_t size) {
    put_varint(to, field << 3 | 2);
    put_varint(to, size);
    put_raw(to, data, size);
}

void put_text(message *to, uint32_t field, const char *text) { put_bytes(to, field, text, strlen(text)); }

void put_message(message *to, uint32_t field, message inner) {
    put_bytes(to, field, inner.data, inner.size);
    free(inner.data);
}

message onnx_value(const char *name, int type, int rank, const int64_t *dims) {
    message value = { 0 }, shape = { 0 }, tensor = { 0 }, kind = { 0 };
    int i;
    for (i = 0; i < rank; ++i) {
        message dim = { 0 };
        if (dims[i] < 0) put_text(&dim, 2, "N");
        else put_integer(&dim, 1, dims[i]);
        put_message(&shape, 1, dim);
    }
    put_integer(&tensor, 1, type);
    if (rank >= 0) put_message(&tensor, 2, shape);
    put_message(&kind, 1, tensor);
    put_text(&value, 1, name);
    put_message(&value, 2, kind);
    return value;
}

message onnx_tensor(const char *name, int type, int rank, const int64_t *dims, const void *data, size_t size) {
    message tensor = { 0 };
    int i;
    for (i = 0; i < rank; ++i) put_integer(&tensor, 1, dims[i]);
    put_integer(&tensor, 2, type);
    put_text(&tensor, 8, name);
    put_bytes(&tensor, 9, data, size);
    return tensor;
}

static void put_names(message *to, uint32_t field, const char *names) {
    while (*names) {
        size_t size = strcspn(names, " ");
        put_bytes(to, field, names, size);
        names += size + (names[size] == ' ');
    }
}

message onnx_node(const char *op, const char *inputs, const char *outputs) {
    message node = { 0 };
    put_names(&node, 1, inputs);
    put_names(&node, 2, outputs);
    put_text(&node, 4, op);
    return node;
}

message onnx_cast(const char *input, const char *output, int type) {
    message node = onnx_node("Cast", input, output), to = { 0 };
    put_text(&to, 1, "to");
    put_integer(&to, 3, type);
    put_integer(&to, 20, 2);
    put_message(&node, 5, to);
    return node;
}

message onnx_model(message graph) {
    message model = { 0 }, opset = { 0 };
    put_text(&opset, 1, "");
    put_integer(&opset, 2, 17);
    put_integer(&model, 1, 8);
    put_text(&graph, GRAPH_NAME, "g");
    put_message(&model, 7, graph);
    put_message(&model, 8, opset);
    return model;
}

message affine_model(void) {
    static const int64_t dims[] = { -1, 3 }, three = 3, row[] = { 1, 3 };
    static const float w[] = { 1, 2, 3 }, b[] = { -1, 0, 0.5f }, two[] = { 2 };
    message graph = { 0 };
    put_message(&graph, GRAPH_NODE, onnx_node("Mul", "x w", "scaled"));
    put_message(&graph, GRAPH_NODE, onnx_node("Mul", "b two", "twice"));
    put_message(&graph, GRAPH_NODE, onnx_node("Add", "scaled twice", "sum"));
    put_message(&graph, GRAPH_NODE, onnx_node("Relu", "sum", "y"));
    put_message(&graph, GRAPH_NODE, onnx_cast("sum", "k", ONNX_I64));
    put_message(&graph, GRAPH_NODE, onnx_cast("y", "h", ONNX_F16));
    put_message(&graph, GRAPH_INITIALIZER, onnx_tensor("w", ONNX_F32, 1, &three, w, sizeof w));
    put_message(&graph, GRAPH_INITIALIZER, onnx_tensor("b", ONNX_F32, 2, row, b, sizeof b));
    put_message(&graph, GRAPH_INITIALIZER, onnx_tensor("two", ONNX_F32, 0, NULL, two, sizeof two));
    put_message(&graph, GRAPH_INPUT, onnx_value("x", ONNX_F32, 2, dims));
    put_message(&graph, GRAPH_OUTPUT, onnx_value("y", ONNX_F32, 2, dims));
    put_message(&graph, GRAPH_OUTPUT, onnx_value("k", ONNX_I64, 2, dims));
    put_message(&graph, GRAPH_OUTPUT, onnx_value("h", ONNX_F16, 2, dims));
    return onnx_model(graph);
}

message long_model(int nodes) {
    static const int64_t any = -1;
    message graph = { 0 };
    char from[32] = "x", to[32];
    int i;
    for (i = 1; i <= nodes; ++i) {
        if (i == nodes) strcpy(to, "y");
        else snprintf(to, sizeof to, "t%d", i);
        put_message(&graph, GRAPH_NODE, onnx_node("Tanh", from, to));
        strcpy(from, to);
    }
    put_message(&graph, GRAPH_INPUT, onnx_value("x", ONNX_F32, 1, &any));
    put_message(&graph, GRAPH_OUTPUT, onnx_value("y", ONNX_F32, 1, &any));
    return onnx_model(graph);
}

message one_node_model(const char *op) {
    static const int64_t two = 2;
    message graph = { 0 };
    put_message(&graph, GRAPH_NODE, onnx_node(op, "x", "y"));
    put_message(&graph, GRAPH_INPUT, onnx_value("x", ONNX_F32, 1, &two));
    put_message(&graph, GRAPH_OUTPUT, onnx_value("y", ONNX_F32, 1, &two));
    return onnx_model(graph);
}
